import { describe, expect, it } from 'vitest';
import { ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { rfc3339 } from './conditions.ts';
import { mayApprove } from './quorum.ts';
import { policiesToAsk, statusPoll } from './statusPoll.ts';
import { minutes, user } from '../../test/fixtures/facts.ts';

const permissions = { mayApprove: () => false, may: () => false };
const alice = { username: 'alice' };
const dave = { username: 'dave', groups: [] };

const stage = (more: object = {}): ResolvedStage =>
  ResolvedStage.parse({
    name: 'finance',
    policy: { kind: 'ApprovalPolicy', namespace: 'payments', name: 'refunds', generation: 1 },
    asSubmitted: true,
    state: 'Active',
    required: 1,
    approvals: 0,
    require: [{ count: 1, from: [user('carol')], approvedBy: [] }],
    separation: { requesterMayApprove: false, distinctAcrossStages: true },
    ...more,
  });

const escalating = { escalation: { count: 1, from: [user('dave')], approvedBy: [] }, deadline: rfc3339(minutes(5)) };

describe('whom a status asks', () => {
  const asksDave = (of: ResolvedStage, minute = 0): boolean =>
    mayApprove(of, dave, statusPoll({ requester: alice, stages: [of] }, permissions, minutes(minute)));

  it('is whoever stands in for somebody, though the stage names nobody to reassign to', () => {
    expect(asksDave(stage())).toBe(false);
    expect(asksDave(stage({ standIns: [{ for: 'carol', user: 'dave', by: 'erin' }] }))).toBe(true);
  });

  it('is those of its escalation from the deadline on, or from when it did escalate', () => {
    expect(asksDave(stage(escalating), 4)).toBe(false);
    expect(asksDave(stage(escalating), 5)).toBe(true);
    expect(asksDave(stage({ ...escalating, escalatedAt: rfc3339(minutes(7)) }), 6)).toBe(false);
  });

  it('is nobody of an escalation that has no time yet', () => {
    expect(asksDave(stage({ escalation: escalating.escalation }), 99)).toBe(false);
  });

  it('is neither the requester nor whoever submitted it in their name', () => {
    const submitted = { requester: { username: 'alice', submittedBy: 'carol' }, stages: [stage()] };
    expect(statusPoll(submitted, permissions, minutes(0)).requesters).toEqual(['alice', 'carol']);
    expect(mayApprove(stage(), { username: 'carol', groups: [] }, statusPoll(submitted, permissions, minutes(0)))).toBe(false);
  });
});

describe('the policies to ask about', () => {
  const whoMay = [{ permission: 'approve' }];
  const named = (of: ResolvedStage): string[] => policiesToAsk([of]).map(({ name }) => name);

  it('are those of stages and escalations that ask whoever may approve', () => {
    expect(named(stage())).toEqual([]);
    expect(named(stage({ require: [{ count: 1, from: whoMay, approvedBy: [] }] }))).toEqual(['refunds']);
    expect(named(stage({ escalation: { count: 1, from: whoMay, approvedBy: [] } }))).toEqual(['refunds']);
  });

  it('are none because of whom one may reassign to: whoever stands in was weighed before', () => {
    expect(named(stage({ reassignTo: whoMay }))).toEqual([]);
  });

  it("are none for a request's own stage, behind which no policy stands", () => {
    expect(named(stage({ policy: undefined, require: [{ count: 1, from: whoMay, approvedBy: [] }] }))).toEqual([]);
  });
});
