import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { ResolvedStage, type DecisionVia } from '../../crds/v1alpha1/index.ts';
import { rfc3339 } from '../../operator/core/conditions.ts';
import { createMetrics } from '../../operator/telemetry/metrics.ts';
import { minutes } from '../../test/fixtures/facts.ts';
import { personFault } from './decider.ts';
import type { AdmissionDeps, KnownRequest } from './deps.ts';

const at = (minute: number): string => rfc3339(minutes(minute));

const stage = (more: object = {}): ResolvedStage =>
  ResolvedStage.parse({
    name: 'finance',
    asSubmitted: true,
    state: 'Active',
    required: 1,
    approvals: 0,
    require: [{ count: 1, from: [{ group: 'finance' }], approvedBy: [] }],
    separation: { requesterMayApprove: false, distinctAcrossStages: true },
    ...more,
  });

/** What mallory is told, ten minutes after the request was made. */
async function told(
  stages: readonly ResolvedStage[],
  delegated: readonly object[] = [],
  requester = 'alice',
  via: DecisionVia = 'Kubernetes',
): Promise<string | undefined> {
  const request = { uid: 'u', requester, spec: { operation: 'refund' }, status: { stages } } as unknown as KnownRequest;
  const client = { now: () => minutes(10), listAll: () => delegated } as unknown as AdmissionDeps['client'];
  const permissionsOf = () => Promise.resolve({ mayApprove: () => false, may: () => false });
  const ballot = { name: 'r', namespace: 'payments', person: { username: 'mallory', groups: ['dev'] }, verdict: 'Approve' as const, via };
  const deps = { client, permissionsOf, metrics: createMetrics(new Registry()) };
  return (await personFault(request, ballot, deps, new AbortController().signal))?.sentence;
}

it('somebody who is asked is told that nobody can approve while it is not known who asked', async () => {
  expect(await told([stage({ require: [{ count: 1, from: [{ user: 'mallory' }], approvedBy: [] }] })], [], '')).toContain(
    'it is not known who asked for ApprovalRequest r',
  );
});

describe('somebody who is asked', () => {
  const mallory = [{ count: 1, from: [{ user: 'mallory' }], approvedBy: [] }];
  const by = (via: DecisionVia, ...minimums: (DecisionVia | undefined)[]): Promise<string | undefined> =>
    told(
      minimums.map((minimumChannel) => stage({ require: mallory, ...(minimumChannel === undefined ? {} : { minimumChannel }) })),
      [],
      'alice',
      via,
    );

  it.each<[DecisionVia, (DecisionVia | undefined)[], string]>([
    [
      'Email',
      [undefined],
      'an approval by Email does not count for ApprovalRequest r (stage finance), which takes at least Web; come by Web or surer',
    ],
    ['Web', ['Kubernetes'], 'takes at least Kubernetes; use kubectl approve. It can be rejected by Web'],
    ['Email', ['Kubernetes', 'Slack'], 'takes at least Slack'],
    ['Email', ['Slack', 'Kubernetes'], 'takes at least Slack'],
  ])('is told which channel it takes: %s where %j are wanted', async (via, minimums, said) => {
    expect(await by(via, ...minimums)).toContain(said);
  });

  it.each<[DecisionVia, (DecisionVia | undefined)[]]>([
    ['Email', ['Email']],
    ['Web', [undefined]],
    ['Slack', ['Kubernetes', 'Email']],
  ])('is let through where some stage takes the channel: %s where %j are wanted', async (via, minimums) => {
    expect(await by(via, ...minimums)).toBeUndefined();
  });
});

const escalation = { count: 1, from: [{ user: 'cfo' }] };

describe('somebody who is not asked', () => {
  it.each<[string, ResolvedStage[], string]>([
    [
      'the people of each stage',
      [stage(), stage({ name: 'second', require: [{ count: 1, from: [{ user: 'eve' }], approvedBy: [] }] })],
      'group finance; user eve',
    ],
    ['those of an escalation, once it is active', [stage({ escalation, deadline: at(9) })], 'group finance; user cfo'],
    ['and not those of one whose time has not come', [stage({ escalation, deadline: at(11) })], 'group finance'],
    [
      'who is asked in place of somebody who is gone',
      [
        stage({
          require: [{ count: 1, from: [{ user: 'eve' }], approvedBy: [] }],
          standIns: [{ for: 'eve', user: 'sam', by: 'rita' }],
        }),
      ],
      'user eve; user sam in place of eve',
    ],
    ['nobody of a stage that a policy skips', [stage({ applies: false })], 'nobody'],
  ])('is told whom the request asks: %s', async (_what, stages, who) => {
    expect(await told(stages)).toBe(`ApprovalRequest r does not ask mallory; it asks ${who}`);
  });

  const toMallory = (author: string, to = 'mallory') => ({
    metadata: { annotations: { 'countersign.dev/requester': author } },
    spec: { from: 'eve', to },
  });

  it('is left to the operator where somebody may have delegated to them', async () => {
    expect(await told([stage()], [toMallory('alice'), toMallory('dora')])).toBeUndefined();
    expect(await told([stage()], [toMallory('dora', 'frank')])).toContain('does not ask mallory; it asks group finance');
  });

  it.each([
    ['who asked for it', 'alice'],
    ['nobody knows whom', ''],
  ])('is told that the delegation to them was written by %s', async (_who, author) => {
    expect(await told([stage()], [toMallory(author)])).toContain('the delegation to them was written by who asked for it');
  });
});
