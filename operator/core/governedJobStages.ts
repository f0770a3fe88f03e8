import type { ActionStatus } from '../../crds/v1alpha1/governedJob.ts';
import { hasEnded, planActions, restActions, type ActionFacts, type ActionsPlan } from './actionPlan.ts';
import { actionJobName, type ActionWanted } from './actions.ts';
import type { ActionJobSeen, End, GovernedJobFacts, JobSeen } from './governedJobFacts.ts';

/** What comes after the Job has ended. */
export interface AfterPlan extends Pick<ActionsPlan, 'statuses' | 'effects' | 'call' | 'wakeAt'> {
  /** Nothing is left to do. */
  readonly done: boolean;
  /** The rollback, once it is due. */
  readonly rollback?: ActionStatus | undefined;
  /** Actions after the Job that failed. */
  readonly failed: readonly ActionStatus[];
}

const nothingAfter: AfterPlan = { statuses: [], effects: [], done: true, failed: [] };

const recorded = ({ status }: GovernedJobFacts): readonly ActionStatus[] => status?.actions ?? [];

const actionFacts = (facts: GovernedJobFacts, approvedDigest?: string): ActionFacts => ({
  now: facts.now,
  name: facts.name,
  recorded: recorded(facts),
  jobs: facts.actionJobs,
  calls: facts.calls,
  approvedDigest,
});

/**
 * What comes before anybody is asked. `open`: nothing is settled or let go yet; afterwards only what is on record is told. At first it needs the Job
 * to be there, which proves the template; always a policy that will have a say.
 */
export function planBefore(facts: GovernedJobFacts, job: JobSeen | undefined, open: boolean): ActionsPlan {
  const actions = facts.actions.filter((action) => action.stage === 'Pre');
  if (!open) return { statuses: recorded(facts).filter((r) => r.stage === 'Pre'), effects: [], done: true, failed: [] };
  if (!mayBegin(facts, job)) return restActions(actions, { now: facts.now, recorded: recorded(facts) });
  return planActions(actions, actionFacts(facts), 'stop');
}

const mayBegin = (facts: GovernedJobFacts, job: JobSeen | undefined): boolean =>
  (job !== undefined || facts.request !== undefined) && facts.policyKnown && !facts.cancelled && facts.authorMayCreateJobs !== false;

/** Jobs of pre-actions that still run and that nobody wants any more: of an action that was edited, or, without exception, once it is over. */
export function strayJobs({ actions, actionJobs, name }: GovernedJobFacts, { all }: { readonly all: boolean }): ActionJobSeen[] {
  const wanted = new Set(all ? [] : actions.flatMap((a) => attemptsOf(a).map((n) => `${a.stage} ${actionJobName(name, a.digest, n)}`)));
  return actionJobs.filter((job) => job.stage === 'Pre' && job.ended === undefined && !wanted.has(`Pre ${job.name}`));
}

const attemptsOf = ({ retries }: ActionWanted): number[] => Array.from({ length: retries + 1 }, (_, i) => i + 1);

/** How the Job ended; `onRecord` once the status says so. */
export interface KnownEnd extends End {
  readonly onRecord: boolean;
}

/**
 * What comes after: the rollback of a Job that failed, then the actions, whatever became of the Job. `end` is undefined while that is not known. Nothing
 * is begun before the end is on record: the Job may be deleted at any time, and then only the record knows that it failed, and of what was approved.
 */
export function planAfter(facts: GovernedJobFacts, job: JobSeen | undefined, end: KnownEnd | undefined): AfterPlan {
  if (facts.status?.startedAt === undefined && job?.released !== true) return nothingAfter;
  const wanted = approvedActions(facts, job);
  if (end === undefined) return { ...restActions(wanted, { now: facts.now, recorded: recorded(facts) }), done: true, failed: [] };
  const due = wanted.filter((a) => a.stage === 'Rollback' && !end.succeeded);
  const last = wanted.filter((a) => a.stage === 'Post');
  const rollback = end.onRecord ? planActions(due, rollbackFacts(facts), 'stop') : begin(due, facts);
  const post = end.onRecord && rollback.done ? planActions(last, actionFacts(facts), 'goOn') : begin(last, facts);
  return {
    statuses: [...rollback.statuses, ...post.statuses],
    effects: [...rollback.effects, ...post.effects],
    call: post.call ?? rollback.call,
    wakeAt: rollback.done ? post.wakeAt : rollback.wakeAt,
    done: rollback.done && post.done,
    rollback: rollback.statuses[0],
    failed: post.failed,
  };
}

/** Its Job is let go for the digest that was approved, which is of the rollback too. */
const rollbackFacts = (facts: GovernedJobFacts): ActionFacts =>
  actionFacts(facts, facts.request?.digest ?? facts.status?.checkpoint?.digest);

/** Its turn has not come. */
function begin(actions: readonly ActionWanted[], facts: GovernedJobFacts): ActionsPlan {
  const rest = restActions(actions, { now: facts.now, recorded: recorded(facts) });
  return { ...rest, done: rest.statuses.every(hasEnded) };
}

/**
 * What was approved along with the Job. It is put on record as the Job is first seen to run, when the Job itself proves what the spec said; from then on
 * the record says what may still be done, and the spec only how.
 */
function approvedActions(facts: GovernedJobFacts, job: JobSeen | undefined): ActionWanted[] {
  const now = facts.actions.filter((action) => action.stage !== 'Pre');
  if (facts.status?.startedAt === undefined) return job?.unchanged === true ? now : now.map(undone);
  return recorded(facts)
    .filter((r) => r.stage !== 'Pre')
    .map((r) => now.find((a) => a.stage === r.stage && a.name === r.name && a.digest === r.digest) ?? formerly(r, facts));
}

const undone = (action: ActionWanted): ActionWanted => ({ ...action, does: 'Nothing' });

/** What the spec does not say any more. Its Job, if it has one, is followed to its end; nothing is begun. */
function formerly({ stage, name, digest, attempts, ...record }: ActionStatus, facts: GovernedJobFacts): ActionWanted {
  const last = Math.max(attempts, 1);
  const jobName = actionJobName(facts.name, digest, last);
  const hasJob =
    !hasEnded({ stage, name, digest, attempts, ...record }) && facts.actionJobs.some((j) => j.stage === stage && j.name === jobName);
  return { stage, name, digest, does: hasJob ? 'Job' : 'Nothing', retries: last - 1 };
}
