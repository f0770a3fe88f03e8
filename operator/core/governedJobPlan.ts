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
  /** It has been told to stop, and its pods are on their way out. */
  readonly stopping?: boolean;
  readonly ended?: End | undefined;
}

/** How a Job ended. `at` is RFC 3339. */
interface End {
  readonly succeeded: boolean;
  readonly message: string;
  readonly at?: string | undefined;
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
  const seen = look(facts);
  const phase = phaseOf(facts, seen);
  const conditions = withStatements(facts.status?.conditions ?? [], statements(facts, phase, seen), {
    now: facts.now,
    generation: facts.generation,
  });
  return { status: statusOf(facts, phase, seen, conditions), effects: effects(facts, seen) };
}

/** What the facts amount to. What is on record stays, though the request be collected and the Job deleted: nobody is asked twice. */
interface Seen {
  /** A released Job is the one that counts, whatever the spec says now: what runs is what was approved. */
  readonly job: JobSeen | undefined;
  readonly end: End | undefined;
  /** `end` is only what follows from the Job not being there; should it turn up after all, it counts again. */
  readonly lost: boolean;
  readonly outcome: Outcome | undefined;
}

function look({ jobs, wantedJob, status, request, cancelled }: GovernedJobFacts): Seen {
  const job = jobs.find((j) => j.released) ?? jobs.find((j) => j.name === wantedJob);
  const outcome = recordedOutcome(status) ?? request?.outcome;
  const end = recordedEnd(status) ?? (job?.released === true ? job.ended : undefined);
  const wasThere = status?.startedAt !== undefined || (jobs.length === 0 && !cancelled && outcome?.approved === true);
  const lost = end === undefined && job === undefined && wasThere;
  return { job, outcome, lost, end: lost ? { succeeded: false, message: 'Its Job was deleted before anybody saw it end.' } : end };
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

function effects(facts: GovernedJobFacts, { job, end, outcome }: Seen): GovernedJobEffect[] {
  const { request, cancelled } = facts;
  if (end !== undefined || outcome?.approved === false || facts.refusal !== undefined) return [];
  if (job?.released === true) return cancelled && job.stopping !== true ? [{ kind: 'abortJob', name: job.name }] : [];
  if (cancelled) return cancelling(facts, outcome);
  if (outcome !== undefined || facts.authorMayCreateJobs === false) return [];
  return [
    ...facts.jobs.filter((j) => j.name !== facts.wantedJob).map(deletion),
    ...(job === undefined ? [{ kind: 'createJob' } as const] : []),
    ...(request === undefined ? [{ kind: 'createRequest' } as const] : request.upToDate ? [] : [{ kind: 'updateRequest' } as const]),
  ];
}

/** Before anything was let go. The request ends the Job with itself; where it can not, as nobody asked yet or everybody has agreed, the Job is removed. */
function cancelling({ request, jobs }: GovernedJobFacts, outcome: Outcome | undefined): GovernedJobEffect[] {
  return [
    ...(request === undefined || request.cancelled ? [] : [{ kind: 'cancelRequest' } as const]),
    ...(request === undefined || outcome?.approved === true ? jobs.map(deletion) : []),
  ];
}

const deletion = ({ name, uid }: JobSeen): GovernedJobEffect => ({ kind: 'deleteJob', name, uid });

interface Row {
  readonly phase: GovernedJobPhase;
  readonly when: (facts: GovernedJobFacts, seen: Seen) => boolean;
}

/** The first row that fits is the phase; the last always fits. No row reads an earlier phase. */
const table: readonly Row[] = [
  { phase: 'Succeeded', when: (_f, { end }) => end?.succeeded === true },
  { phase: 'Cancelled', when: (f, { end }) => f.cancelled && end !== undefined },
  { phase: 'Failed', when: (_f, { end }) => end !== undefined },
  { phase: 'Running', when: (_f, { job }) => job?.released === true },
  { phase: 'Expired', when: (_f, { outcome }) => outcome?.reason === 'Expired' },
  { phase: 'Cancelled', when: (_f, { outcome }) => outcome?.reason === 'Cancelled' || outcome?.reason === 'SubjectGone' },
  { phase: 'Rejected', when: (_f, { outcome }) => outcome?.approved === false },
  { phase: 'Cancelled', when: (f, { job }) => f.cancelled && (f.request === undefined || (job === undefined && f.request.cancelled)) },
  { phase: 'AwaitingApproval', when: (f, { job }) => job !== undefined && f.request !== undefined && f.refusal === undefined },
  { phase: 'Validating', when: (f, { outcome }) => f.authorMayCreateJobs !== false && f.refusal === undefined && outcome === undefined },
  { phase: 'Pending', when: () => true },
];

const phaseOf = (facts: GovernedJobFacts, seen: Seen): GovernedJobPhase => table.find((row) => row.when(facts, seen))?.phase ?? 'Pending';

const finalPhases: readonly GovernedJobPhase[] = ['Succeeded', 'Failed', 'Rejected', 'Cancelled', 'Expired'];

function statusOf(facts: GovernedJobFacts, phase: GovernedJobPhase, { job, end }: Seen, conditions: Condition[]): GovernedJobStatus {
  const before = facts.status;
  const digest = facts.request === undefined ? before?.checkpoint?.digest : facts.request.digest;
  const request = facts.request ?? before?.approvalRequest;
  const startedAt = before?.startedAt ?? (job?.released === true ? rfc3339(facts.now) : undefined);
  const completedAt = finalPhases.includes(phase) ? (before?.completedAt ?? end?.at ?? rfc3339(facts.now)) : undefined;
  const captured = before?.checkpoint?.digest === digest ? before?.checkpoint?.capturedAt : undefined;
  const seen = job ?? before?.job;
  return {
    phase,
    observedGeneration: facts.generation,
    executionId: facts.uid,
    conditions,
    ...(request === undefined ? {} : { approvalRequest: { name: request.name } }),
    ...(seen === undefined ? {} : { job: { name: seen.name, uid: seen.uid } }),
    ...(digest === undefined ? {} : { checkpoint: { digest, capturedAt: captured ?? rfc3339(facts.now), name: 'pre-approval' } }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(completedAt === undefined ? {} : { completedAt }),
  };
}

function statements(facts: GovernedJobFacts, phase: GovernedJobPhase, seen: Seen): Statement[] {
  const approved = approvalOf(facts, seen);
  return [approved, completion(seen), ...kstatus(facts, phase, approved.message, seen)];
}

function completion({ end, lost }: Seen): Statement {
  if (end === undefined) return says('Completed', 'False', 'Pending', 'It has not ended.');
  if (lost) return says('Completed', 'Unknown', 'SubjectGone', end.message);
  return says('Completed', 'True', end.succeeded ? 'Succeeded' : 'Failed', end.message);
}

/**
 * A yes is reported together with the release that follows it, and while people decide the request tells how far they are: so each is one write
 * of this status, not several.
 */
function approvalOf({ request }: GovernedJobFacts, { job, end, outcome }: Seen): Statement {
  const isTold = outcome !== undefined && (!outcome.approved || job?.released === true || end !== undefined);
  if (isTold) return says('Approved', outcome.approved ? 'True' : 'False', outcome.reason, outcome.message);
  if (request === undefined) return says('Approved', 'Unknown', 'Pending', 'Nobody has been asked yet.');
  return says('Approved', 'Unknown', 'AwaitingApproval', `Waiting for approval: see ApprovalRequest ${request.name}.`);
}

function kstatus(facts: GovernedJobFacts, phase: GovernedJobPhase, approval: string, { end, outcome }: Seen): Statement[] {
  const say = (which: string, reason: Statement['reason'], message: string) =>
    (['Ready', 'Reconciling', 'Stalled'] as const).map((type) => says(type, type === which ? 'True' : 'False', reason, message));
  switch (phase) {
    case 'Succeeded':
      return say('Ready', 'Succeeded', end?.message ?? 'It ran to completion.');
    case 'Failed':
      return say('Stalled', 'Failed', end?.message ?? 'It failed.');
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
      if (outcome !== undefined) {
        return say(
          'Stalled',
          'SubjectChanged',
          'It was changed after it had been approved, so nothing is run: cancel it and create another.',
        );
      }
      return facts.authorMayCreateJobs === false
        ? say(
            'Stalled',
            'PolicyViolation',
            'Its author may not create Jobs in this namespace, so nothing is created for them: have them granted create on jobs, or have it submitted by somebody who may.',
          )
        : say('Reconciling', 'Pending', 'Its Job is being created.');
  }
}
