import { describe, expect, it } from 'vitest';
import type { DecisionVia } from '../../crds/v1alpha1/index.ts';
import { decision, later, minutes, observation, policy, stage, user } from '../../test/fixtures/facts.ts';
import { evaluate } from './evaluate.ts';
import type { DecisionFacts, Observation, PolicyFacts } from './facts.ts';
import { plan } from './plan.ts';

const at = (minute: number): string => new Date(minutes(minute)).toISOString().replace('.000Z', 'Z');
const says = (who: string, verdict: 'Approve' | 'Reject', via: DecisionVia, minute: number): DecisionFacts =>
  decision(who, verdict, { via, time: at(minute), name: `${who}-${minute}`, uid: `${who}-${minute}` });
const asking = (...minimums: (DecisionVia | undefined)[]): PolicyFacts =>
  policy('tiers', {
    stages: minimums.map((minimumChannel, i) => ({
      ...stage(`s${i}`, 1, [user('bob'), user('carol')]),
      ...(minimumChannel === undefined ? {} : { minimumChannel }),
    })),
  });
const of = (policies: PolicyFacts[], decisions: DecisionFacts[]): Observation => observation({ now: minutes(30), policies, decisions });
const outcome = (facts: Observation) => {
  const { verdict, decisions } = evaluate(facts);
  return [verdict, ...decisions.map((d) => d.ignoredBecause ?? 'counts')];
};

describe('a stage that asks for so sure a channel', () => {
  it.each<[DecisionVia | undefined, DecisionVia, string[]]>([
    [undefined, 'Email', ['Pending', 'ChannelTooWeak']],
    [undefined, 'Slack', ['Pending', 'ChannelTooWeak']],
    [undefined, 'Web', ['Approved', 'counts']],
    ['Kubernetes', 'Web', ['Pending', 'ChannelTooWeak']],
    ['Kubernetes', 'Kubernetes', ['Approved', 'counts']],
    ['Slack', 'Slack', ['Approved', 'counts']],
    ['Email', 'Email', ['Approved', 'counts']],
  ])('%s: a yes by %s', (minimum, via, expected) => {
    expect(outcome(of([asking(minimum)], [says('bob', 'Approve', via, 1)]))).toEqual(expected);
  });

  it('is rejected by any', () => {
    expect(outcome(of([asking('Kubernetes')], [says('bob', 'Reject', 'Email', 1)]))).toEqual(['Rejected', 'counts']);
  });

  it.each<[string, DecisionFacts[], string[]]>([
    [
      'a no by mail that came after a yes by kubectl rejects',
      [says('bob', 'Approve', 'Kubernetes', 1), says('bob', 'Reject', 'Email', 2)],
      ['Rejected', 'Superseded', 'counts'],
    ],
    [
      'a yes by mail does not turn a no',
      [says('bob', 'Reject', 'Kubernetes', 1), says('bob', 'Approve', 'Email', 2)],
      ['Rejected', 'counts', 'ChannelTooWeak'],
    ],
    [
      'a yes by mail takes nothing from one by kubectl',
      [says('bob', 'Approve', 'Kubernetes', 1), says('bob', 'Approve', 'Email', 2)],
      ['Approved', 'counts', 'ChannelTooWeak'],
    ],
  ])('%s', (_what, decisions, expected) => {
    expect(outcome(of([asking(undefined)], decisions))).toEqual(expected);
  });

  it('says so of whoever is not asked as of anybody: that they are not', () => {
    expect(outcome(of([asking(undefined)], [says('mallory', 'Approve', 'Email', 1)]))).toEqual(['Pending', 'NotQualified']);
  });

  it('counts somebody who used two channels once', () => {
    const decisions = [says('bob', 'Approve', 'Kubernetes', 1), says('bob', 'Approve', 'Email', 2)];
    expect(outcome(of([asking('Kubernetes', 'Email')], decisions))[0]).toBe('Pending');
    expect(outcome(of([asking('Kubernetes', 'Email')], [...decisions, says('carol', 'Approve', 'Email', 3)]))[0]).toBe('Approved');
  });

  it('tells what it waits for', () => {
    const { status } = plan(of([asking('Kubernetes')], [says('bob', 'Approve', 'Web', 1)]));
    expect(status.conditions.find((c) => c.type === 'Approved')?.message).toContain('stage s0, with kubectl alone');
  });
});

describe('a policy that has become', () => {
  const decided = (before: DecisionVia | undefined, now: DecisionVia | undefined): string => {
    const submitted = observation({ now: minutes(0), policies: [asking(before)] });
    const changed = { ...asking(now), generation: 2 };
    const facts = later(submitted, { now: minutes(30), policies: [changed], decisions: [says('bob', 'Approve', 'Web', 1)] });
    return evaluate(facts).verdict;
  };

  it('stricter about channels counts as it is now too', () => {
    expect(decided(undefined, 'Kubernetes')).toBe('Pending');
  });

  it('more lenient counts as it was too', () => {
    expect(decided('Kubernetes', undefined)).toBe('Pending');
  });

  it('no different is asked once', () => {
    expect(decided('Web', undefined)).toBe('Approved');
    expect(decided('Email', 'Email')).toBe('Approved');
  });
});

describe('what breaks the glass or says who is asked', () => {
  const permissions = { mayApprove: () => false, may: () => true };
  const override = (who: string, via: DecisionVia): DecisionFacts =>
    decision(who, 'Override', { via, ticket: 'INC-1', time: at(1), name: who, uid: who });

  it.each<[DecisionVia, string]>([
    ['Kubernetes', 'Overridden'],
    ['Web', 'Overridden'],
    ['Slack', 'Pending'],
    ['Email', 'Pending'],
  ])('takes somebody who signed in: an override of which one came by %s', (via, verdict) => {
    const facts = { ...of([asking(undefined)], [override('eve', 'Kubernetes'), override('mia', via)]), permissions };
    expect(outcome(facts)).toEqual([verdict, 'counts', verdict === 'Pending' ? 'ChannelTooWeak' : 'counts']);
  });

  it('takes somebody who signed in: a reassignment', () => {
    const reassigned = (via: DecisionVia) => {
      const reassign = decision('eve', 'Reassign', { via, time: at(1), reassign: { stage: 's0', from: 'bob', to: 'dan' } });
      return { ...of([asking(undefined)], [reassign]), permissions, managers: new Map([['bob', 'dan']]) };
    };
    expect(outcome(reassigned('Web'))).toEqual(['Pending', 'counts']);
    expect(outcome(reassigned('Email'))).toEqual(['Pending', 'ChannelTooWeak']);
    expect(evaluate(reassigned('Email')).stages[0]?.standIns).toBeUndefined();
  });

  it('takes somebody who signed in: a review', () => {
    const overridden = { ...of([asking(undefined)], [override('eve', 'Web'), override('mia', 'Web')]), permissions };
    const review = (via: DecisionVia) => decision('oda', 'Review', { via, time: at(40), name: 'review', uid: 'review' });
    const reviewed = (via: DecisionVia) =>
      evaluate(later(overridden, { now: minutes(41), decisions: [...overridden.decisions, review(via)] })).decisions.at(-1);
    expect(reviewed('Web')).toMatchObject({ counted: true });
    expect(reviewed('Slack')).toMatchObject({ ignoredBecause: 'ChannelTooWeak' });
  });
});
