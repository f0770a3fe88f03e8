import type { ActionStatus, Condition, GovernedJobPhase, GovernedJobStatus } from '../../crds/v1alpha1/index.ts';
import { rfc3339, says, type Statement } from './conditions.ts';
import type { ActionsPlan } from './actionPlan.ts';
import type { End, GovernedJobFacts, JobSeen } from './governedJobFacts.ts';
import type { AfterPlan } from './governedJobStages.ts';
import type { Outcome } from './outcome.ts';

/** What the facts amount to. What is on record stays, though the request be collected and the Job deleted: nobody is asked twice. */
export interface Seen {
  /** A released Job is the one that counts, whatever the spec says now: what runs is what was approved. */
  readonly job: JobSeen | undefined;
  readonly end: End | undefined;
  /** `end` is only what follows from the Job not being there; should it turn up after all, it counts again. */
  readonly lost: boolean;
  readonly outcome: Outcome | undefined;
  readonly before: ActionsPlan;
  readonly after: AfterPlan;
}

interface Row {
  readonly phase: GovernedJobPhase;
  readonly when: (facts: GovernedJobFacts, seen: Seen) => boolean;
}

/** The first row that fits is the phase; the last always fits. No row reads an earlier phase. */
const table: readonly Row[] = [
  { phase: 'RollingBack', when: (_f, { end, after }) => end !== undefined && !after.done && after.rollback !== undefined },
  { phase: 'Running', when: (_f, { end, after }) => end !== undefined && !after.done },
  { phase: 'Succeeded', when: (_f, { end }) => end?.succeeded === true },
  { phase: 'Failed', when: (_f, { end, after }) => end !== undefined && after.rollback?.state === 'Failed' },
  { phase: 'Cancelled', when: (f, { end }) => f.cancelled && end !== undefined },
  { phase: 'RolledBack', when: (_f, { end, after }) => end !== undefined && after.rollback?.state === 'Succeeded' },
  { phase: 'Failed', when: (_f, { end }) => end !== undefined },
  { phase: 'Running', when: (_f, { job }) => job?.released === true },
  { phase: 'Expired', when: (_f, { outcome }) => outcome?.reason === 'Expired' },
  { phase: 'Cancelled', when: (_f, { outcome }) => outcome?.reason === 'Cancelled' || outcome?.reason === 'SubjectGone' },
  { phase: 'Rejected', when: (_f, { outcome }) => outcome?.approved === false },
  { phase: 'Cancelled', when: (f, { job }) => f.cancelled && (f.request === undefined || (job === undefined && f.request.cancelled)) },
  {
    phase: 'AwaitingApproval',
    when: (f, { job, before }) => job !== undefined && f.request !== undefined && before.done && f.refusal === undefined,
  },
  { phase: 'Validating', when: (f, { outcome }) => f.authorMayCreateJobs !== false && f.refusal === undefined && outcome === undefined },
  { phase: 'Pending', when: () => true },
];

export const phaseOf = (facts: GovernedJobFacts, seen: Seen): GovernedJobPhase =>
  table.find((row) => row.when(facts, seen))?.phase ?? 'Pending';

const finalPhases: readonly GovernedJobPhase[] = ['Succeeded', 'Failed', 'RolledBack', 'Rejected', 'Cancelled', 'Expired'];

export function statusOf(
  facts: GovernedJobFacts,
  phase: GovernedJobPhase,
  { job, end, before: first, after }: Seen,
  conditions: Condition[],
): GovernedJobStatus {
  const before = facts.status;
  const digest = facts.request === undefined ? before?.checkpoint?.digest : facts.request.digest;
  const request = facts.request ?? before?.approvalRequest;
  const startedAt = before?.startedAt ?? (job?.released === true ? rfc3339(facts.now) : undefined);
  const completedAt = finalPhases.includes(phase) ? (before?.completedAt ?? end?.at ?? rfc3339(facts.now)) : undefined;
  const captured = before?.checkpoint?.digest === digest ? before?.checkpoint?.capturedAt : undefined;
  const seen = job ?? before?.job;
  const actions = [...first.statuses, ...after.statuses];
  const outputs = before?.outputs ?? facts.outputs;
  return {
    phase,
    observedGeneration: facts.generation,
    executionId: facts.uid,
    conditions,
    ...(request === undefined ? {} : { approvalRequest: { name: request.name } }),
    ...(seen === undefined ? {} : { job: { name: seen.name, uid: seen.uid } }),
    ...(digest === undefined ? {} : { checkpoint: { digest, capturedAt: captured ?? rfc3339(facts.now), name: 'pre-approval' } }),
    ...(actions.length === 0 ? {} : { actions }),
    ...(outputs === undefined ? {} : { outputs }),
    ...(startedAt === undefined ? {} : { startedAt }),
    ...(completedAt === undefined ? {} : { completedAt }),
  };
}

export function statements(facts: GovernedJobFacts, phase: GovernedJobPhase, seen: Seen): Statement[] {
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
function approvalOf({ request }: GovernedJobFacts, { job, end, outcome, before }: Seen): Statement {
  const isTold = outcome !== undefined && (!outcome.approved || job?.released === true || end !== undefined);
  if (isTold) return says('Approved', outcome.approved ? 'True' : 'False', outcome.reason, outcome.message);
  if (request === undefined || !before.done) return says('Approved', 'Unknown', 'Pending', 'Nobody has been asked yet.');
  return says('Approved', 'Unknown', 'AwaitingApproval', `Waiting for approval: see ApprovalRequest ${request.name}.`);
}

/** Exactly one of the three is True, as kstatus wants it. */
const say = (which: 'Ready' | 'Reconciling' | 'Stalled', reason: Statement['reason'], message: string): Statement[] =>
  (['Ready', 'Reconciling', 'Stalled'] as const).map((type) => says(type, type === which ? 'True' : 'False', reason, message));

function kstatus(facts: GovernedJobFacts, phase: GovernedJobPhase, approval: string, seen: Seen): Statement[] {
  if (facts.refusal !== undefined && !finalPhases.includes(phase)) return say('Stalled', 'InvalidSpec', facts.refusal);
  switch (phase) {
    case 'Succeeded':
      return say('Ready', 'Succeeded', ended(seen, 'It ran to completion.'));
    case 'Failed':
      return say('Stalled', 'Failed', ended(seen, 'It failed.'));
    case 'RolledBack':
      return say('Stalled', 'RolledBack', ended(seen, 'It failed.'));
    case 'Running':
      return say('Reconciling', 'Running', running(seen));
    case 'RollingBack':
      return say('Reconciling', 'RollingBack', running(seen));
    case 'Cancelled':
      return say('Stalled', 'Cancelled', 'Cancelled on request.');
    case 'Rejected':
    case 'Expired':
      return say('Stalled', phase, approval);
    case 'AwaitingApproval':
      return say('Reconciling', 'AwaitingApproval', approval);
    case 'Pending':
    case 'Validating':
      return validating(facts, seen);
  }
}

const changedAfterwards = 'It was changed after it had been approved, so nothing is run: cancel it and create another.';
const mayNotCreate =
  'Its author may not create Jobs in this namespace, so nothing is created for them: have them granted create on jobs, or have it submitted by somebody who may.';

const current = (statuses: readonly ActionStatus[]): ActionStatus | undefined => statuses.find((s) => s.state === 'Running');

function validating(facts: GovernedJobFacts, seen: Seen): Statement[] {
  if (seen.outcome !== undefined) return say('Stalled', 'SubjectChanged', changedAfterwards);
  if (facts.authorMayCreateJobs === false) return say('Stalled', 'PolicyViolation', mayNotCreate);
  return say('Reconciling', 'Pending', beginning(facts, seen));
}

function beginning({ policyKnown, request }: GovernedJobFacts, { before, job }: Seen): string {
  if (before.done || (job === undefined && request === undefined)) return 'Its Job is being created.';
  if (!policyKnown) return 'No policy applies to it, so nobody could agree; its pre-actions wait until one does.';
  const action = current(before.statuses);
  return action === undefined
    ? 'Its pre-actions begin.'
    : `Its pre-action ${action.name} is under way; then people are asked.${tried(action)}`;
}

function running({ end, after }: Seen): string {
  if (end === undefined) return 'It has been let go and has not ended.';
  const action = current(after.statuses);
  if (action === undefined) return end.message;
  const what = action.stage === 'Rollback' ? 'rollback' : `post-action ${action.name}`;
  return `${end.message} Its ${what} is under way.${tried(action)}`;
}

const tried = ({ attempts, message }: ActionStatus): string =>
  message === undefined || attempts === 0 ? '' : ` It was tried ${attempts} time${attempts === 1 ? '' : 's'}: ${message}`;

/** How it ended, with what went wrong besides. */
function ended({ end, after }: Seen, otherwise: string): string {
  const { rollback } = after;
  const failure = ({ message }: ActionStatus): string => message ?? 'no message';
  return [
    end?.message ?? otherwise,
    ...(rollback === undefined
      ? []
      : [rollback.state === 'Succeeded' ? 'It was rolled back.' : `Its rollback failed: ${failure(rollback)}`]),
    ...after.failed.map((a) => `Its post-action ${a.name} failed: ${failure(a)}`),
  ].join(' ');
}
