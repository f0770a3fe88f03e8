import { describe, expect, it } from 'vitest';
import { ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { ApiError } from '../../operator/kube/client/apiError.ts';
import { decision, digestA, digestB } from '../../test/fixtures/facts.ts';
import type { AdmissionDeps, KnownRequest } from './deps.ts';
import { reassignmentFault } from './reassignment.ts';

const stage = (more: object = {}): ResolvedStage =>
  ResolvedStage.parse({
    name: 'cfo',
    asSubmitted: true,
    state: 'Active',
    required: 1,
    approvals: 0,
    require: [{ count: 1, from: [{ user: 'carla' }, { group: 'board' }], approvedBy: [] }],
    separation: { requesterMayApprove: false, distinctAcrossStages: true },
    ...more,
  });

const eveManages = [{ metadata: { name: 'carla' }, spec: { username: 'carla', groups: [], manager: 'eve' } }];

interface Case {
  readonly stages?: readonly ResolvedStage[];
  readonly by?: string;
  readonly decisions?: readonly object[];
  readonly approvers?: () => unknown;
}

/** What rita is told who has somebody asked in place of somebody in stage cfo, which alice asked for. */
function told(reassign: object, { stages = [stage()], by = 'rita', decisions = [], approvers = () => eveManages }: Case = {}) {
  const status = { stages, decisions, subjectDigest: digestA };
  const request = { uid: 'u', requester: 'alice', spec: {}, status } as unknown as KnownRequest;
  const client = { listAll: approvers } as unknown as AdmissionDeps['client'];
  const wanted = { stage: 'cfo', from: 'carla', to: 'eve', ...reassign };
  const reassigning = { name: 'r', reassign: wanted, person: { username: by, groups: [] } };
  return reassignmentFault(request, reassigning, { client, signal: new AbortController().signal });
}

describe('a reassignment', () => {
  it.each<[string, object, Case]>([
    ['to the manager', {}, {}],
    ['in a stage whose turn has not come', {}, { stages: [stage({ state: 'Waiting' })] }],
    [
      'of somebody to whom it escalates',
      { from: 'carla' },
      {
        stages: [
          stage({
            require: [{ count: 1, from: [{ group: 'board' }], approvedBy: [] }],
            escalation: { count: 1, from: [{ user: 'carla' }] },
          }),
        ],
      },
    ],
    ['to whom the stage allows', { to: 'dan' }, { stages: [stage({ reassignTo: [{ user: 'dan' }] })] }],
    ['to whoever may be in a group that the stage allows', { to: 'dan' }, { stages: [stage({ reassignTo: [{ group: 'deputies' }] })] }],
    ['that is taken back', { to: 'carla' }, {}],
    ['while nobody may read who manages whom', { to: 'dan' }, { approvers: () => forbidden() }],
    ['in one of two stages of that name', {}, { stages: [stage({ state: 'Satisfied' }), stage({ asSubmitted: false })] }],
    [
      'by who asked, where requesters may approve',
      {},
      { by: 'alice', stages: [stage({ separation: { requesterMayApprove: true, distinctAcrossStages: true } })] },
    ],
    ['of who spoke of what would have run before', {}, { decisions: [{ ...decision('carla'), counted: true, digest: digestB }] }],
  ])('is let in: %s', async (_what, reassign, more) => {
    expect(await told(reassign, more)).toBeUndefined();
  });

  it.each<[string, object, Case, string]>([
    ['in no stage of it', { stage: 'ceo' }, {}, 'reassign.stage is ceo, but ApprovalRequest r has no such stage; expected one of cfo'],
    ['where nobody is asked', {}, { stages: [] }, 'has no such stage; expected one of none: nobody is asked'],
    [
      'in a stage that waits for nobody',
      {},
      { stages: [stage({ state: 'Satisfied' })] },
      'is cfo, which is Satisfied and waits for nobody',
    ],
    [
      'of somebody whom it does not ask by name',
      { from: 'bob' },
      {},
      'reassign.from is bob, whom stage cfo does not ask by name; it asks user carla or group board',
    ],
    ['of who has decided', {}, { decisions: [{ ...decision('carla'), counted: true }] }, 'is carla, who has decided themselves'],
    ['by who asked for it', {}, { by: 'alice' }, 'you are alice, who asked for ApprovalRequest r'],
    ['to who asked for it', { to: 'alice' }, {}, 'reassign.to is alice, who asked for ApprovalRequest r and may not approve it'],
    ['to nobody in particular', { to: 'dan' }, {}, 'is dan, who may not stand in for carla in stage cfo; expected eve, their manager'],
    [
      'to whom the stage does not allow',
      { to: 'dan' },
      { stages: [stage({ reassignTo: [{ user: 'fay' }] })] },
      'expected eve, their manager or user fay',
    ],
    [
      'where nobody may',
      {},
      { approvers: () => [] },
      'expected nobody: no Approver names a manager of carla, and the stage has no reassignTo',
    ],
  ])('is refused: %s', async (_what, reassign, more, sentence) => {
    expect(await told(reassign, more)).toContain(sentence);
  });

  it('waits for the API server to say who manages whom', async () => {
    await expect(told({}, { approvers: () => unreachable() })).rejects.toThrow('gone away');
  });
});

function forbidden(): never {
  throw new ApiError(403, 'Forbidden', 'may not');
}

function unreachable(): never {
  throw new Error('gone away');
}
