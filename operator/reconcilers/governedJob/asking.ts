import { actionStages, governedJobs, labels, policyMark, type ActionStage } from '../../../crds/v1alpha1/index.ts';
import { speaksOfJobsAlone } from '../../core/match.ts';
import { outcomeOf } from '../../core/outcome.ts';
import type { HeldFacts } from '../../workloads/index.ts';
import type { World } from '../world.ts';

type Known = Pick<World, 'requestFor' | 'policiesFor'>;

/** Which stage of its GovernedJob a Job belongs to; undefined for the one that the GovernedJob is about, and for everybody else's. */
export const stageOf = ({ labels: said, controller }: HeldFacts): ActionStage | undefined =>
  controller?.kind === governedJobs.kind ? actionStages.find((stage) => stage === said[labels.stage]) : undefined;

/**
 * Whether held work has a request of its own. The Job that a GovernedJob is about is asked for by the GovernedJob's request. Its other Jobs are governed like
 * any Job: when a policy holds them they are asked about, and otherwise not. But for the rollback: whoever agreed to the GovernedJob agreed to that too.
 */
export function asksItself(held: HeldFacts, world: Known): boolean {
  if (held.controller?.kind !== governedJobs.kind) return true;
  const stage = stageOf(held);
  if (stage === undefined || held.policyMarks.length === 0) return false;
  return stage !== 'Rollback' || !wasApprovedAlong(held, held.controller.uid, world);
}

/**
 * Every policy that holds the rollback had its say on the GovernedJob, and people agreed. A rule that approves without asking looked at the Job, and a
 * policy that only the rollback falls under at nothing: else a harmless Job that fails would let go whatever calls itself its rollback. Nor has a policy
 * said anything of the rollback whose rules looked at the other Job.
 */
function wasApprovedAlong(rollback: HeldFacts, governedJobUid: string, world: Known): boolean {
  const status = world.requestFor(governedJobUid)?.status;
  const outcome = outcomeOf(status?.conditions ?? []);
  if (status === undefined || outcome?.approved !== true || outcome.reason === 'AutoApproved') return false;
  const hadTheirSay = new Set(status.policies.map((p) => policyMark(p)));
  const lookElsewhere = world.policiesFor(rollback.namespace).filter((p) => p.rules.readsObject && speaksOfJobsAlone(p.spec));
  const saidNothing = new Set(lookElsewhere.map((p) => policyMark(p)));
  return rollback.policyMarks.every((mark) => hadTheirSay.has(mark) && !saidNothing.has(mark));
}
