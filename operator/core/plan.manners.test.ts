import { describe, expect, it } from 'vitest';
import type { Pin, Question } from '../../crds/v1alpha1/index.ts';
import {
  conditionOf,
  decision,
  digestA,
  digestB,
  heldJob,
  later,
  minutes,
  observation,
  policy,
  stage,
  user,
} from '../../test/fixtures/facts.ts';
import { pinRecheckMs } from './pins.ts';
import { plan } from './plan.ts';

const amount: Question = { name: 'amount', question: 'how much?', type: 'Number', required: true };
const stages = [stage('finance', 1, [user('bob')])];

const weighed = (facts: Parameters<typeof plan>[0]) => {
  const done = plan(facts);
  return {
    counts: done.status.decisions.map((d) => d.ignoredBecause ?? 'counted'),
    releases: done.after.some((e) => e.kind === 'release'),
    done,
  };
};

describe('an approval of a request that asks questions', () => {
  const spec = { questions: [amount] };
  const given = (response?: Record<string, unknown>) =>
    observation({ spec, decisions: [decision('bob', 'Approve', response === undefined ? {} : { response })] });

  it.each<[string, Record<string, unknown> | undefined]>([
    ['no answers', undefined],
    ['answers to something else', { other: 1 }],
    ['a wrong answer', { amount: 'a lot' }],
    ['too many answers', { amount: 1, more: 'x'.repeat(20_000) }],
  ])('does not count with %s, and releases nothing', (_name, response) => {
    const { counts, releases, done } = weighed(given(response));
    expect(counts).toEqual(['AnswersMissing']);
    expect(releases).toBe(false);
    expect(done.status.response).toBeUndefined();
  });

  it('counts with the answers, which the status returns as far as they were asked for', () => {
    const { counts, releases, done } = weighed(given({ amount: 3, other: 1 }));
    expect(counts).toEqual(['counted']);
    expect(releases).toBe(true);
    expect(done.status.response).toEqual({ amount: 3 });
  });

  it('leaves the earlier word of its author standing when it does not count', () => {
    const no = decision('bob', 'Reject', { time: '2026-03-02T09:01:00Z' });
    const bare = decision('bob', 'Approve', { time: '2026-03-02T09:02:00Z' });
    expect(conditionOf(plan(observation({ spec, decisions: [no, bare] })), 'Approved')).toBe('False Rejected');
  });

  it('is not needed for a no', () => {
    expect(weighed(observation({ spec, decisions: [decision('bob', 'Reject')] })).counts).toEqual(['counted']);
  });

  it('fits into a status, however much a hundred people answer', () => {
    const all = Array.from({ length: 100 }, (_, i) => decision(`p-${i}`, 'Approve', { response: { x: 'x'.repeat(16_000) } }));
    const { done } = weighed(observation({ decisions: all }));
    expect(done.status.decisions).toHaveLength(100);
    expect(Buffer.byteLength(JSON.stringify(done.status))).toBeLessThan(512 * 1024);
  });
});

describe('an approval under a policy that asks approvers to say more', () => {
  const policies = [policy('tiers', { stages, decision: { reason: { required: true }, ticket: { required: false, pattern: '^CHG-' } } })];
  const said = (more: object) => weighed(observation({ policies, decisions: [decision('bob', 'Approve', more)] }));

  it.each([
    [{}, 'ReasonMissing'],
    [{ reason: ' ' }, 'ReasonMissing'],
    [{ reason: 'payday', ticket: 'soon' }, 'TicketMissing'],
  ])('does not count where it says only %j', (more, why) => {
    expect(said(more)).toMatchObject({ counts: [why], releases: false });
  });

  it('counts where it says that', () => {
    expect(said({ reason: 'payday', ticket: 'CHG-1' })).toMatchObject({ counts: ['counted'], releases: true });
  });

  it('is held to what the policy asked at submission, though it asks less now', () => {
    const submitted = later(observation({ policies }), { policies: [policy('tiers', { stages })], decisions: [decision('bob')] });
    expect(weighed(submitted)).toMatchObject({ counts: ['ReasonMissing'], releases: false });
  });
});

describe('what work refers to', () => {
  const pins: Pin[] = [{ kind: 'ConfigMap', name: 'limits', state: 'Pinned', content: digestA }];
  const pinned = { ...heldJob, pins, pinned: true };

  it('is in the status, and looked at again within a minute', () => {
    const { status, wakeAt } = plan(observation({ subject: pinned }));
    expect(status.pins).toEqual(pins);
    expect(wakeAt).toBe(minutes(5) + pinRecheckMs);
  });

  it('is looked at again also while it keeps the request from having a digest', () => {
    const { wakeAt } = plan(
      observation({ subject: { exists: true, held: true, pinned: true, fault: 'ConfigMap limits does not exist.' } }),
    );
    expect(wakeAt).toBe(minutes(5) + pinRecheckMs);
  });

  it('is not looked at again by the time alone where nothing is pinned, or once it is settled', () => {
    expect(plan(observation()).wakeAt).toBeGreaterThan(minutes(5) + pinRecheckMs);
    const settled = later(observation({ subject: pinned, decisions: [decision('bob', 'Reject')] }));
    expect(plan(settled).wakeAt ?? Infinity).toBeGreaterThan(minutes(5) + pinRecheckMs);
  });

  it('voids every vote when it changes while people decide', () => {
    const before = observation({ subject: pinned });
    const changed: Pin[] = [{ kind: 'ConfigMap', name: 'limits', state: 'Pinned', content: digestB }];
    const { counts, releases, done } = weighed(
      later(before, { subject: { ...pinned, pins: changed, digest: digestB }, decisions: [decision('bob')] }),
    );
    expect(counts).toEqual(['DigestChanged']);
    expect(releases).toBe(false);
    expect(done.status.pins).toEqual(changed);
  });

  it('stays on record as it was approved, and releases nothing, when it changes after that', () => {
    const freeze = [{ name: 'always', schedule: '0 0 * * *', duration: '24h', timeZone: 'Etc/UTC' }];
    const approved = later(observation({ subject: pinned, policies: [policy('tiers', { stages, freeze })], decisions: [decision('bob')] }));
    expect(approved.request.status?.phase).toBe('Approved');
    const open = { ...approved, policies: [policy('tiers', { stages })] };
    const status = { ...open.request.status!, policies: open.request.status!.policies.map(({ freeze: _frozen, ...p }) => p) };
    const thawed = { ...open, request: { ...open.request, status } };
    expect(weighed(thawed).releases).toBe(true);
    const { releases, done } = weighed({ ...thawed, subject: { ...pinned, digest: digestB, pins: [] } });
    expect(releases).toBe(false);
    expect(done.status.pins).toEqual(pins);
  });
});
