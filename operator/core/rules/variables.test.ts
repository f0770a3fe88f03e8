import { describe, expect, it } from 'vitest';
import type { MatchRule, TrustedSubmitter } from '../../../crds/v1alpha1/index.ts';
import { minutes, observation, policy } from '../../../test/fixtures/facts.ts';
import { judgedBy, judgedOf, requesterOf, variablesOf } from './variables.ts';

const bot = 'system:serviceaccount:ci:bot';
const trusting = (...trustedSubmitters: TrustedSubmitter[]) =>
  policy('p', { separation: { requesterMayApprove: false, distinctAcrossStages: true, trustedSubmitters } });

function asked(username: string, onBehalfOf: string | undefined, policies: ReturnType<typeof policy>[]) {
  return requesterOf(observation({ policies, request: { requester: { username, groups: ['ci'] }, onBehalfOf } }));
}

describe('who asked', () => {
  const own = { username: bot, groups: ['ci'] };

  it.each<[string, ReturnType<typeof asked>, object]>([
    ['whoever submitted it', asked(bot, undefined, [trusting({ user: bot })]), own],
    [
      'whom a trusted user names, with no groups, as nobody has seen any',
      asked(bot, 'carol', [trusting({ user: bot })]),
      { username: 'carol', groups: [], submittedBy: bot },
    ],
    [
      'whom a trusted service account names',
      asked(bot, 'carol', [trusting({ serviceAccount: { namespace: 'ci', name: 'bot' } })]),
      { username: 'carol', groups: [], submittedBy: bot },
    ],
    ['whoever submitted it where nobody trusts them', asked(bot, 'carol', [trusting({ user: 'other' })]), own],
    ['whoever submitted it where only one of two policies trusts them', asked(bot, 'carol', [trusting({ user: bot }), policy('q')]), own],
    ['whoever submitted it where no policy applies', asked(bot, 'carol', []), own],
    ['whoever submitted it when they name themselves', asked(bot, bot, [trusting({ user: bot })]), own],
    [
      'a service account of that very namespace',
      asked(bot, 'carol', [trusting({ serviceAccount: { namespace: 'prod', name: 'bot' } })]),
      own,
    ],
    ['nobody where it is not known who submitted it', asked('', 'carol', [trusting({ user: bot })]), { username: '', groups: ['ci'] }],
  ])('is %s', (_what, requester, expected) => {
    expect(requester).toEqual(expected);
  });
});

describe('what expressions may read', () => {
  const facts = observation({
    now: minutes(7),
    spec: { context: { amount: 1 }, reason: 'payday', ticket: 'CHG-1' },
    request: { labels: { team: 'pay' } },
    namespaceObject: { metadata: { name: 'payments', labels: { env: 'prod' } } },
  });

  it('is the request, who asked, the namespace and the time', () => {
    const variables = variablesOf(facts, { username: 'alice', groups: ['dev'] });
    expect(variables).toEqual({
      context: { amount: 1 },
      operation: 'wire',
      approvalRequest: { metadata: { namespace: 'payments', name: 'wire-12345678', labels: { team: 'pay' } }, spec: facts.request.spec },
      requester: { username: 'alice', groups: ['dev'] },
      namespaceObject: { metadata: { name: 'payments', labels: { env: 'prod' } } },
      now: new Date(minutes(7)),
    });
  });

  it('has the object where that was read, and an empty context where nothing is said', () => {
    const object = { kind: 'Job' };
    const read = observation({ subject: { ...facts.subject, object } });
    expect(variablesOf(read, { username: 'alice', groups: [] })).toMatchObject({ object, context: {} });
    expect('object' in variablesOf(facts, { username: 'alice', groups: [] })).toBe(false);
  });

  it('leaves out a requester whom nobody knows, so that what hangs on who asks fails', () => {
    expect('requester' in variablesOf(facts, { username: '', groups: [] })).toBe(false);
  });

  it('leaves out who submitted it: rules are about whom it is for', () => {
    const requester = { username: 'carol', groups: [], submittedBy: bot };
    expect(variablesOf(facts, requester)['requester']).toEqual({ username: 'carol', groups: [] });
  });

  it('comes with what is judged beside it', () => {
    const subject = { ...facts.subject, unpinnedImages: ['tool:1'] };
    expect(judgedOf({ ...facts, subject, observedFailureRate: 12 }, facts.request.requester)).toMatchObject({
      observedFailureRate: 12,
      reason: 'payday',
      ticket: 'CHG-1',
      unpinnedImages: ['tool:1'],
    });
    expect(judgedOf(facts, facts.request.requester).unpinnedImages).toEqual([]);
  });

  describe('of a GovernedJob', () => {
    const object = { kind: 'GovernedJob' };
    const job = { kind: 'Job' };
    const governed = (more: object = { job }, request: object = {}) =>
      observation({
        request,
        subject: { ...facts.subject, object, ...more },
        spec: { subject: { resource: { apiVersion: 'countersign.dev/v1alpha1', kind: 'GovernedJob', name: 'g', uid: 'u' } } },
      });
    const read = (of: ReturnType<typeof observation>, ...match: MatchRule[]) =>
      judgedBy(policy('p', { match }), judgedOf(of, of.request.requester), of).variables;
    const jobs: MatchRule = { apiGroups: ['batch'], kinds: ['Job'] };
    const governedJobs: MatchRule = { apiGroups: ['countersign.dev'], kinds: ['GovernedJob'] };

    it('is its Job for a policy that speaks of Jobs alone, and the GovernedJob for any other', () => {
      expect(read(governed(), jobs)['object']).toBe(job);
      expect(read(governed(), jobs, governedJobs)['object']).toBe(object);
      expect(read(governed(), governedJobs)['object']).toBe(object);
    });

    it('is nothing while there is no Job, and all else as ever', () => {
      const { object: _none, ...others } = variablesOf(governed(), { username: 'alice', groups: ['dev'] });
      expect('object' in read(governed({}), jobs)).toBe(false);
      expect(read(governed({}), jobs)).toEqual(others);
    });

    it('is the request of a person who asks about one, and a Job by itself', () => {
      expect(read(governed({ job }, { governs: false }), jobs)['object']).toBe(object);
      const plain = observation({ subject: { ...facts.subject, object: job } });
      expect(read(plain, jobs)['object']).toBe(job);
    });
  });
});
