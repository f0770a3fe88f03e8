import type { Requester, ResolvedStage } from '../../crds/v1alpha1/index.ts';
import type { Permissions, PolicyId } from './facts.ts';
import type { Poll } from './quorum.ts';
import { asksForPermission, type AskedStage } from './resolve.ts';

/** Of a request, what its status says of who asked and who is asked. */
export interface StatusSeen {
  readonly requester: Pick<Requester, 'username' | 'submittedBy'>;
  readonly stages: readonly ResolvedStage[];
}

/**
 * By what it is told who is asked, for whoever has the status alone. Who decides in somebody else's stead is not in it; and whom the operator has put in
 * somebody's place is there because they may be, whether as the manager or by `reassignTo`.
 */
export function statusPoll({ requester, stages }: StatusSeen, permissions: Permissions, now: number): Poll {
  const resolved = new Map<AskedStage, ResolvedStage>(stages.map((stage) => [stage, stage]));
  return {
    now,
    requesters: [requester.username, ...(requester.submittedBy === undefined ? [] : [requester.submittedBy])],
    principalsOf: (person) => [person],
    principalsByAnyAuthor: (person) => [person],
    rollOf: (stage) => ({
      policy: stage.policy,
      permissions,
      standIns: (resolved.get(stage)?.standIns ?? []).map((standIn) => ({ ...standIn, isManager: true })),
      reassignTo: stage.reassignTo ?? [],
    }),
    timesOf: (stage) => {
      const { deadline, escalatedAt } = resolved.get(stage) ?? {};
      return { deadline: Date.parse(escalatedAt ?? deadline ?? 'never'), closesAt: Infinity };
    },
  };
}

/** The policies whose `{permission: approve}` matters to such a poll. It never reads `reassignTo`, so nobody is asked about that. */
export const policiesToAsk = (stages: readonly ResolvedStage[]): PolicyId[] =>
  stages.flatMap(({ policy, require, escalation }) => (policy !== undefined && asksForPermission({ require, escalation }) ? [policy] : []));
