import type { Condition, GovernedJobPhase, GovernedJobStatus } from '../../crds/v1alpha1/index.ts';
import { rfc3339, says, withStatements, type Statement } from './conditions.ts';
import type { Outcome } from './outcome.ts';

/** Everything the plan for a GovernedJob may depend on. */
export interface GovernedJobFacts {
  readonly now: number;
  readonly uid: string;
  readonly generation: number;
  readonly cancelled: boolean;
  readonly status: GovernedJobStatus | undefined;
  /** Whether its author may create Jobs here; undefined while it need not be known. */
  readonly authorMayCreateJobs: boolean | undefined;
  /** Why its Job or request could not be created, when trying again at once would not help. */
  readonly refusal?: string;
  /** The name its Job has when created from the spec as it is now. */
  readonly wantedJob: string;
  readonly jobs: readonly JobSeen[];
  readonly request: RequestSeen | undefined;
}

export interface JobSeen {
  readonly name: string;
  readonly uid: string;
  readonly released: boolean;
  readonly ended?: { readonly succeeded: boolean; readonly message: string; readonly at?: string | undefined } | undefined;
}

export interface RequestSeen {
  readonly name: string;
  readonly digest: string | undefined;
  /** Whether it says what the spec says now. */
  readonly upToDate: boolean;
  readonly cancelled: boolean;
  readonly outcome: Outcome | undefined;
}

/** What is owed, in this order. */
export type GovernedJobEffect =
  | { readonly kind: 'deleteJob'; readonly name: string; readonly uid: string }
  | { readonly kind: 'createJob' }
  | { readonly kind: 'createRequest' }
  | { readonly kind: 'updateRequest' }
  | { readonly kind: 'cancelRequest' }
  | { readonly kind: 'abortJob'; readonly name: string };

export interface GovernedJobPlan {
  readonly status: GovernedJobStatus;
  readonly effects: readonly GovernedJobEffect[];
}

/** What a GovernedJob's status should say, and what is owed. Pure and total. */
export function planGovernedJob(facts: GovernedJobFacts): GovernedJobPlan {
  const { job } = currentJob(facts);
  const phase = phaseOf(facts, job);
  const conditions = withStatements(facts.status?.conditions ?? [], statements(facts, phase, job), {
    now: facts.now,
    generation: facts.generation,
  });
  return { status: statusOf(facts, phase, job, conditions), effects: effects(facts, job) };
}

/** A released Job is the one that counts, whatever the spec says now: what runs is what was approved. */
function currentJob({ jobs, wantedJob }: GovernedJobFacts): { job: JobSeen | undefined } {
  return { job: jobs.find((j) => j.released) ?? jobs.find((j) => j.name === wantedJob) };
}

function effects(facts: GovernedJobFacts, job: JobSeen | undefined): GovernedJobEffect[] {
  const { request, cancelled } = facts;
  if (job?.released === true) {
    return cancelled && job.ended === undefined ? [{ kind: 'abortJob', name: job.name }] : [];
  }
  if (request?.outcome !== undefined) return [];
  if (request !== undefined && cancelled) return request.cancelled ? [] : [{ kind: 'cancelRequest' }];
  if (cancelled || facts.authorMayCreateJobs === false) return [];
  const stale = facts.jobs
    .filter((j) => j.name !== facts.wantedJob)
    .map((j): GovernedJobEffect => ({ kind: 'deleteJob', name: j.name, uid: j.uid }));
  return [
    ...stale,
    ...(job === undefined ? [{ kind: 'createJob' } as const] : []),
    ...(request === undefined ? [{ kind: 'createRequest' } as const] : request.upToDate ? [] : [{ kind: 'updateRequest' } as const]),
  ];
}

interface Row {
  readonly phase: GovernedJobPhase;
  readonly when: (facts: GovernedJobFacts, job: JobSeen | undefined) => boolean;
}

/** The first row that fits is the phase; the last always fits. No row reads an earlier phase. */
const table: readonly Row[] = [
  {
    phase: 'Cancelled',
    when: (f, job) => f.cancelled && (f.request === undefined || f.request.outcome?.approved === false || job?.ended?.succeeded === false),
  },
  { phase: 'Succeeded', when: (_f, job) => job?.released === true && job.ended?.succeeded === true },
  { phase: 'Failed', when: (_f, job) => job?.released === true && job.ended?.succeeded === false },
  { phase: 'Running', when: (_f, job) => job?.released === true },
  { phase: 'Expired', when: (f) => f.request?.outcome?.reason === 'Expired' },
  { phase: 'Cancelled', when: (f) => f.request?.outcome?.reason === 'Cancelled' || f.request?.outcome?.reason === 'SubjectGone' },
  { phase: 'Rejected', when: (f) => f.request?.outcome?.approved === false },
  { phase: 'Failed', when: (f, job) => job === undefined && f.status?.startedAt !== undefined },
  { phase: 'AwaitingApproval', when: (f, job) => job !== undefined && f.request !== undefined },
  { phase: 'Validating', when: (f) => f.authorMayCreateJobs !== false && f.refusal === undefined },
  { phase: 'Pending', when: () => true },
];

const phaseOf = (facts: GovernedJobFacts, job: JobSeen | undefined): GovernedJobPhase =>
  table.find((row) => row.when(facts, job))?.phase ?? 'Pending';

const finalPhases: readonly GovernedJobPhase[] = ['Succeeded', 'Failed', 'Rejected', 'Cancelled', 'Expired'];

function statusOf(facts: GovernedJobFacts, phase: GovernedJobPhase, job: JobSeen | undefined, conditions: Condition[]): GovernedJobStatus {
  const before = facts.status;
  const digest = facts.request?.digest;
  const startedAt = before?.startedAt ?? (job?.released === true ? rfc3339(facts.now) : undefined);
  const completedAt = before?.completedAt ?? (finalPhases.includes(phase) ? (job?.ended?.at ?? rfc3339(facts.now)) : undefined);
  const captured = before?.checkpoint?.digest === digest ? before?.checkpoint?.capturedAt : undefined;
  const seen = job ?? before?.job;
  return {
    phase,
    observedGeneration: facts.generation,
    executionId: facts.uid,
    conditions,
    ...(facts.request === undefined ? {} : { approvalRequest: { name: facts.request.name } }),
    ...(seen === undefined ? {} : { job: { name: seen.name, uid: seen.uid } }),
    ...(digest === undefined ? {} : { checkpoint: { digest, capturedAt: captured ?? rfc3339(facts.now), name: 'pre-approval' } }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(completedAt === undefined ? {} : { completedAt }),
  };
}

function statements(facts: GovernedJobFacts, phase: GovernedJobPhase, job: JobSeen | undefined): Statement[] {
  const approved = approvalOf(facts, job);
  const completed =
    job?.ended !== undefined && job.released
      ? [says('Completed', 'True', job.ended.succeeded ? 'Succeeded' : 'Failed', job.ended.message)]
      : [says('Completed', 'False', 'Pending', 'It has not ended.')];
  return [approved, ...completed, ...kstatus(facts, phase, approved.message, job)];
}

/**
 * A yes is reported together with the release that follows it, and while people decide the request tells how far they are: so each is one write
 * of this status, not several.
 */
function approvalOf({ request }: GovernedJobFacts, job: JobSeen | undefined): Statement {
  if (request === undefined) return says('Approved', 'Unknown', 'Pending', 'Nobody has been asked yet.');
  const { outcome } = request;
  if (outcome === undefined || (outcome.approved && job?.released !== true)) {
    return says('Approved', 'Unknown', 'AwaitingApproval', `Waiting for approval: see ApprovalRequest ${request.name}.`);
  }
  return says('Approved', outcome.approved ? 'True' : 'False', outcome.reason, outcome.message);
}

function kstatus(facts: GovernedJobFacts, phase: GovernedJobPhase, approval: string, job: JobSeen | undefined): Statement[] {
  const say = (which: string, reason: Statement['reason'], message: string) =>
    (['Ready', 'Reconciling', 'Stalled'] as const).map((type) => says(type, type === which ? 'True' : 'False', reason, message));
  switch (phase) {
    case 'Succeeded':
      return say('Ready', 'Succeeded', job?.ended?.message ?? 'It ran to completion.');
    case 'Failed':
      return say('Stalled', 'Failed', job?.ended?.message ?? 'Its Job was deleted before it ended.');
    case 'Running':
      return say('Reconciling', 'Running', 'It has been let go and has not ended.');
    case 'Cancelled':
      return say('Stalled', 'Cancelled', 'Cancelled on request.');
    case 'Rejected':
    case 'Expired':
      return say('Stalled', phase, approval);
    case 'AwaitingApproval':
      return say('Reconciling', 'AwaitingApproval', approval);
    case 'Pending':
    case 'Validating':
      if (facts.refusal !== undefined) return say('Stalled', 'InvalidSpec', facts.refusal);
      return facts.authorMayCreateJobs === false
        ? say(
            'Stalled',
            'PolicyViolation',
            'Its author may not create Jobs in this namespace, so nothing is created for them: have them granted create on jobs, or have it submitted by somebody who may.',
          )
        : say('Reconciling', 'Pending', 'Its Job is being created.');
  }
}
