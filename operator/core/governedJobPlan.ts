import type { Condition, GovernedJobPhase, GovernedJobStatus } from '../../crds/v1alpha1/index.ts';
import type { ActionsPlan } from './actionPlan.ts';
import { withStatements } from './conditions.ts';
import type { CallOwed, End, GovernedJobEffect, GovernedJobFacts, JobSeen } from './governedJobFacts.ts';
import { planAfter, planBefore, strayJobs } from './governedJobStages.ts';
import { phaseOf, statements, statusOf, type Seen } from './governedJobStatus.ts';
import type { Outcome } from './outcome.ts';

export interface GovernedJobPlan {
  readonly status: GovernedJobStatus;
  readonly effects: readonly GovernedJobEffect[];
  /** Owed once the status is written. */
  readonly calls: readonly CallOwed[];
  /** When time alone changes something, in milliseconds since the epoch. */
  readonly wakeAt?: number | undefined;
}

/** What a GovernedJob's status should say, and what is owed. Pure and total. */
export function planGovernedJob(facts: GovernedJobFacts): GovernedJobPlan {
  const seen = look(facts);
  const phase = phaseOf(facts, seen);
  const conditions = withStatements(facts.status?.conditions ?? [], statements(facts, phase, seen), {
    now: facts.now,
    generation: facts.generation,
  });
  const isHeldUp = facts.refusal !== undefined;
  return {
    status: statusOf(facts, phase, seen, conditions),
    effects: isHeldUp ? [] : effects(facts, seen),
    calls: isHeldUp ? [] : [seen.before.call, seen.after.call].filter((call) => call !== undefined),
    wakeAt: wakeAt(facts, phase, seen),
  };
}

function look(facts: GovernedJobFacts): Seen {
  const { jobs, wantedJob, status, request, cancelled } = facts;
  const job = jobs.find((j) => j.released) ?? jobs.find((j) => j.name === wantedJob);
  const outcome = recordedOutcome(status) ?? request?.outcome;
  const onRecord = recordedEnd(status);
  const known = onRecord ?? (job?.released === true ? job.ended : undefined);
  const wasThere = status?.startedAt !== undefined || (jobs.length === 0 && !cancelled && outcome?.approved === true);
  const lost = known === undefined && job === undefined && wasThere;
  const before = planBefore(facts, job, outcome === undefined && known === undefined && !lost && job?.released !== true);
  return {
    job,
    outcome,
    lost,
    before,
    after: planAfter(facts, job, known === undefined ? undefined : { ...known, onRecord: onRecord !== undefined }),
    end: lost ? { succeeded: false, message: 'Its Job was deleted before anybody saw it end.' } : (known ?? failureBefore(before)),
  };
}

/** Nothing is asked and nothing run when what must come first has failed. */
function failureBefore({ failed }: ActionsPlan): End | undefined {
  const [first] = failed;
  if (first === undefined) return undefined;
  return { succeeded: false, message: `Its pre-action ${first.name} failed: ${first.message ?? ''}`, at: first.endedAt };
}

const recorded = (status: GovernedJobStatus | undefined, type: string): Condition | undefined =>
  status?.conditions.find((c) => c.type === type);

function recordedEnd(status: GovernedJobStatus | undefined): End | undefined {
  const completed = recorded(status, 'Completed');
  return completed?.status === 'True' ? { succeeded: completed.reason === 'Succeeded', message: completed.message } : undefined;
}

function recordedOutcome(status: GovernedJobStatus | undefined): Outcome | undefined {
  const approved = recorded(status, 'Approved');
  if (approved === undefined || approved.status === 'Unknown') return undefined;
  return { approved: approved.status === 'True', reason: approved.reason as Outcome['reason'], message: approved.message };
}

function effects(facts: GovernedJobFacts, seen: Seen): GovernedJobEffect[] {
  const { request, cancelled } = facts;
  const { job, end, outcome } = seen;
  if (end !== undefined) return ending(facts, seen);
  if (outcome?.approved === false) return [];
  if (job?.released === true) return cancelled && job.stopping !== true ? [{ kind: 'abortJob', name: job.name }] : [];
  if (cancelled) return cancelling(facts, outcome);
  if (outcome !== undefined || facts.authorMayCreateJobs === false) return [];
  return [
    ...[...facts.jobs.filter((j) => j.name !== facts.wantedJob), ...strayJobs(facts, { all: false })].map(deletion),
    // With an open request its Job comes last: without one nobody can agree before all that comes first has been done again.
    ...(job === undefined && (request === undefined || seen.before.done) ? [{ kind: 'createJob' } as const] : seen.before.effects),
    ...(seen.before.done ? asking(facts) : []),
  ];
}

/** Once all that comes first is done. */
function asking({ request }: GovernedJobFacts): GovernedJobEffect[] {
  if (request === undefined) return [{ kind: 'createRequest' }];
  return request.upToDate ? [] : [{ kind: 'updateRequest' }];
}

/**
 * What has ended, or never began because something before it failed: that leaves a Job that nobody will be asked about, and maybe an open request.
 * They go once the failure is on record, as it could not be told from what is then left.
 */
function ending(facts: GovernedJobFacts, { before, after, outcome }: Seen): GovernedJobEffect[] {
  const { request, jobs, status } = facts;
  if (recordedEnd(status) === undefined) return [...before.effects];
  return [
    ...[...jobs.filter((j) => !j.released && j.ended === undefined), ...strayJobs(facts, { all: true })].map(deletion),
    ...(request === undefined || request.cancelled || outcome !== undefined ? [] : [{ kind: 'cancelRequest' } as const]),
    ...after.effects,
  ];
}

/** Before anything was let go. The request ends the Job with itself; where it can not, as nobody asked yet or everybody has agreed, the Job is removed. */
function cancelling(facts: GovernedJobFacts, outcome: Outcome | undefined): GovernedJobEffect[] {
  const { request, jobs } = facts;
  return [
    ...(request === undefined || request.cancelled ? [] : [{ kind: 'cancelRequest' } as const]),
    ...(request === undefined || outcome?.approved === true ? jobs.map(deletion) : []),
    ...strayJobs(facts, { all: true }).map(deletion),
  ];
}

const deletion = ({ name, uid }: JobSeen): GovernedJobEffect => ({ kind: 'deleteJob', name, uid });

const lookForPoliciesMs = 10_000;

function wakeAt(facts: GovernedJobFacts, phase: GovernedJobPhase, { before, after }: Seen): number | undefined {
  // No change of a policy wakes a GovernedJob: they wake requests, and there is none yet.
  const policies = phase === 'Validating' && !facts.policyKnown && !before.done ? [facts.now + lookForPoliciesMs] : [];
  const all = [before.wakeAt, after.wakeAt, ...policies].filter((at) => at !== undefined);
  return all.length === 0 ? undefined : Math.min(...all);
}
