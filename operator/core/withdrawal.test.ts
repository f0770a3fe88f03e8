import { describe, expect, it } from 'vitest';
import type { RecurringWindow } from '../../crds/v1alpha1/index.ts';
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
  settle,
  stage,
  user,
} from '../../test/fixtures/facts.ts';
import type { Observation, PolicyFacts, SubjectFacts } from './facts.ts';
import { plan, type Plan } from './plan.ts';

const stages = [stage('finance', 1, [user('bob')])];
/** Until noon; the request begins at nine. */
const morning: RecurringWindow[] = [{ name: 'morning', schedule: '0 0 * * *', duration: '12h', timeZone: 'Etc/UTC' }];
const noon = Date.parse('2026-03-02T12:00:00Z');
const usable = (approvalValidFor: string, more: object = {}): PolicyFacts => policy('tiers', { stages, approvalValidFor, ...more });

/** Approved at five past nine, and held back by a freeze until noon. */
const waiting = (policies: readonly PolicyFacts[], changes: Parameters<typeof observation>[0] = {}): Observation =>
  settle(observation({ policies, decisions: [decision('bob')], ...changes }));
const frozen = policy('tiers', { stages, freeze: morning });

const ending = ({ status, after }: Plan) => ({ phase: status.phase, after: after.map((e) => ('reason' in e ? e.reason : e.kind)) });
const conditions = (planned: Plan) => ['Approved', 'Settled', 'Released', 'Stalled'].map((type) => conditionOf(planned, type));

describe('an approval that nobody used while it was good', () => {
  const held = waiting([usable('1h', { freeze: morning })]);

  it('is looked at again just when it is over', () => {
    expect(plan(held).wakeAt).toBe(minutes(65));
    expect(plan({ ...held, now: minutes(65) - 1 }).status.phase).toBe('Approved');
  });

  it('expires: the work ends, and the yes stays on record', () => {
    const over = plan({ ...held, now: minutes(65) });
    expect(ending(over)).toEqual({ phase: 'Expired', after: ['ApprovalExpired'] });
    expect(conditions(over)).toEqual(['True Approved', 'True Settled', 'False ApprovalExpired', 'True ApprovalExpired']);
    expect(over.status.earliestRelease).toBeUndefined();
    expect(over.wakeAt).toBeUndefined();
  });

  it('stays expired: once its work has ended, when the freeze is over, and whoever says whatever', () => {
    const over = settle({ ...held, now: minutes(65) });
    const ended = { ...heldJob, ended: { succeeded: false, message: 'nobody used it' } };
    expect(ending(plan({ ...over, subject: ended }))).toEqual({ phase: 'Expired', after: [] });
    expect(ending(plan({ ...over, now: noon }))).toEqual({ phase: 'Expired', after: ['ApprovalExpired'] });
    const comment = decision('eve', 'Comment', { time: '2026-03-02T11:00:00Z' });
    expect(ending(plan({ ...over, subject: ended, decisions: [...over.decisions, comment] }))).toEqual({ phase: 'Expired', after: [] });
    expect(ending(plan({ ...over, policies: [policy('tiers', { stages })] }))).toEqual({ phase: 'Expired', after: ['ApprovalExpired'] });
  });

  it('leaves the work suspended where the policy keeps it', () => {
    const kept = waiting([usable('1h', { freeze: morning, onRefusal: 'Keep' })]);
    expect(ending(plan({ ...kept, now: minutes(65) }))).toEqual({ phase: 'Expired', after: [] });
  });

  it('takes the shortest time of all policies, as they were and as they are', () => {
    expect(plan(waiting([usable('2h', { freeze: morning }), policy('other', { stages, approvalValidFor: '30m' })])).wakeAt).toBe(
      minutes(35),
    );
    const tightened = { ...held, policies: [policy('tiers', { stages, freeze: morning, approvalValidFor: '10m' }, { generation: 2 })] };
    expect(plan(tightened).wakeAt).toBe(minutes(15));
    const loosened = { ...held, policies: [policy('tiers', { stages, freeze: morning }, { generation: 2 })] };
    expect(plan(loosened).wakeAt).toBe(minutes(65));
  });

  it('is good for ever where no policy says how long', () => {
    expect(plan({ ...waiting([frozen]), now: noon - 1 }).status.phase).toBe('Approved');
    expect(ending(plan({ ...waiting([frozen]), now: noon }))).toEqual({ phase: 'Approved', after: ['release'] });
  });

  it('is good for ever where there is nothing to let go: nobody knows whether it was used', () => {
    const own = waiting([usable('1h')], { request: { governs: false } });
    expect(plan(own).wakeAt).toBeUndefined();
    expect(plan({ ...own, now: minutes(600) }).status.phase).toBe('Approved');
  });
});

describe('work that was let go and that its author had suspended', () => {
  const released = { digest: digestA, request: 'wire-12345678' };
  const unused: SubjectFacts = { ...heldJob, held: false, released, unused: true };
  const resting = settle({ ...waiting([usable('1h')]), subject: unused });

  it('is looked at again when the approval is no longer good', () => {
    expect(plan(resting).wakeAt).toBe(minutes(65));
  });

  it.each(['Fail', 'Keep'] as const)('ends when nobody resumed it in time, as anybody could later, with onRefusal %s', (onRefusal) => {
    const facts = settle({ ...waiting([usable('1h', { onRefusal })]), subject: unused });
    expect(ending(plan({ ...facts, now: minutes(65) }))).toEqual({ phase: 'Expired', after: ['ApprovalExpired'] });
  });

  it('goes on when it was resumed in time, and when it was resumed in the very last moment', () => {
    const runs = { ...heldJob, held: false, released };
    expect(plan({ ...resting, now: minutes(90), subject: runs }).status.phase).toBe('Applying');
    const over = settle({ ...resting, now: minutes(65) });
    expect(ending(plan({ ...over, subject: runs }))).toEqual({ phase: 'Applying', after: [] });
  });
});

describe('an approval that is held back until what holds it back can only say no', () => {
  const held = waiting([frozen]);
  const withStage = (more: object): PolicyFacts =>
    policy('tiers', { stages: [...stages, stage('security', 1, [user('sam')], more)], freeze: morning }, { generation: 2 });

  it.each<[string, Partial<Observation>, { phase: string; reason: string }]>([
    [
      'by a rejection',
      { decisions: [decision('bob'), decision('bob', 'Reject', { time: '2026-03-02T09:10:00Z' })] },
      { phase: 'Rejected', reason: 'Rejected' },
    ],
    [
      'by a rule that it breaks',
      { policies: [policy('tiers', { stages, validations: [{ expression: 'false', message: 'never' }] }, { generation: 2 })] },
      { phase: 'Rejected', reason: 'PolicyViolation' },
    ],
    [
      'by cancelling it',
      { request: { ...held.request, spec: { ...held.request.spec, cancelled: true } } },
      { phase: 'Cancelled', reason: 'Cancelled' },
    ],
    [
      'by the end of its time, when it is not what was approved any more',
      { subject: { ...heldJob, digest: digestB }, now: minutes(60 * 24 * 8) },
      { phase: 'Expired', reason: 'Expired' },
    ],
  ])('ends %s', (_what, changes, { phase, reason }) => {
    const over = plan({ ...held, now: minutes(15), ...changes });
    expect(ending(over)).toEqual({ phase, after: [`Approval${reason}`] });
    expect(conditions(over)).toEqual(['True Approved', 'True Settled', `False ${reason}`, `True ${reason}`]);
    const released = over.status.conditions.find((c) => c.type === 'Released');
    expect(released?.message).toMatch(/^It was approved, but before it was let go this came: /);
  });

  it('ends when a stage that was added has no time left, for which it is looked at again', () => {
    const asking = settle({ ...held, now: minutes(10), policies: [withStage({ timeout: '30m' })] });
    expect(plan(asking)).toMatchObject({ wakeAt: minutes(40), after: [], status: { phase: 'Approved' } });
    expect(ending(plan({ ...asking, now: minutes(40) }))).toEqual({ phase: 'Expired', after: ['ApprovalExpired'] });
  });

  it('escalates a stage that was added when its time is over', () => {
    const escalation = { from: [user('cfo')], count: 1 };
    const asking = later(held, { now: minutes(10), policies: [withStage({ timeout: '30m', onTimeout: 'Escalate', escalation })] });
    const escalated = later(asking, { now: plan(asking).wakeAt! });
    expect(escalated.now).toBe(minutes(40));
    expect(plan(escalated).status.stages.find((s) => s.name === 'security')?.state).toBe('Escalated');
    const agreed = { ...escalated, decisions: [...held.decisions, decision('cfo', 'Approve', { time: '2026-03-02T09:41:00Z' })] };
    expect(ending(plan({ ...agreed, now: noon }))).toEqual({ phase: 'Approved', after: ['release'] });
  });

  it('goes on to wait while it cannot be told: a policy is missing or broken', () => {
    const long = { ...held, now: minutes(60 * 24 * 8) };
    const broken = policy('tiers', { stages, validations: [{ expression: 'context.x > 1', message: 'm' }] }, { generation: 2 });
    const lost: Observation = { ...long, missingPolicies: [{ kind: 'ApprovalPolicy', namespace: 'payments', name: 'lost' }] };
    for (const facts of [lost, { ...long, policies: [broken] }]) {
      const planned = plan(facts);
      expect(ending(planned)).toEqual({ phase: 'Approved', after: [] });
      expect(planned.wakeAt ?? Infinity).toBeGreaterThan(facts.now);
      // The eighth day is a Tuesday morning again: frozen, and then let go.
      expect(ending(plan({ ...later(facts), missingPolicies: [], policies: held.policies, now: noon }))).toMatchObject({
        after: ['release'],
      });
    }
  });

  it('is not waited for when there is nothing to let go', () => {
    const own = waiting([frozen], { request: { governs: false } });
    const no = decision('bob', 'Reject', { time: '2026-03-02T09:10:00Z' });
    expect(plan({ ...own, decisions: [...own.decisions, no] }).status.phase).toBe('Approved');
  });
});

describe('a gate that is closed for longer than anybody looks ahead', () => {
  const never: RecurringWindow[] = [{ name: 'leap', schedule: '0 0 29 2 *', duration: '1h', timeZone: 'Etc/UTC' }];
  const day = 24 * 60;

  it('is looked at again every day while approved work waits for it', () => {
    const planned = plan(waiting([policy('tiers', { stages, releaseWindows: never })]));
    expect(planned.status.earliestRelease).toBeUndefined();
    expect(planned).toMatchObject({ wakeAt: minutes(5 + day), after: [] });
  });

  it('is looked at again every day where a policy agrees on its own', () => {
    const auto = policy('auto', { autoApprove: [{ name: 'all', when: 'true' }], releaseWindows: never });
    expect(plan(observation({ policies: [auto] }))).toMatchObject({ wakeAt: minutes(5 + day), after: [] });
  });

  it('is looked at again within a minute while it is closed because two clocks disagree', () => {
    const planned = plan(waiting([policy('tiers', { stages, freeze: morning })], { clockDisagrees: true }));
    expect(planned).toMatchObject({ wakeAt: minutes(6), after: [] });
  });

  it('does not wake anybody once the work was let go, or was refused', () => {
    const facts = waiting([policy('tiers', { stages, releaseWindows: never })]);
    const subject = { ...heldJob, held: false, released: { digest: digestA, request: 'wire-12345678' } };
    expect(plan({ ...facts, subject }).wakeAt).toBeUndefined();
    const refused = observation({ policies: [policy('tiers', { stages, freeze: morning })], decisions: [decision('bob', 'Reject')] });
    expect(plan(refused).wakeAt).toBeUndefined();
  });
});
