import { apiVersion, type ApprovalRequestStatus, type DecisionRecord } from '../../../crds/v1alpha1/index.ts';
import { outcomeOf, withdrawalOf, type Outcome } from '../../core/outcome.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Tracing } from '../../telemetry/tracing.ts';
import type { HeldFacts } from '../../workloads/index.ts';
import type { EventRecorder, Note, Regarding } from '../events.ts';
import { isSettled } from '../records.ts';
import { milestones, type Milestone } from './milestones.ts';
import type { Observed } from './observe.ts';

/** Tells what has happened, to people (Events) and to programs (metrics), once it is written. Two Events at most for work that goes well. */
export class Storyteller {
  readonly #events: EventRecorder;
  readonly #metrics: Metrics;
  readonly #tracing: Tracing;

  constructor(options: { events: EventRecorder; metrics: Metrics; tracing: Tracing }) {
    this.#events = options.events;
    this.#metrics = options.metrics;
    this.#tracing = options.tracing;
  }

  /** After a status write. */
  tell(observed: Observed, status: ApprovalRequestStatus): void {
    const { request } = observed;
    const before = request.status;
    const approved = status.conditions.find((c) => c.type === 'Approved');
    const open = approved?.status === 'Unknown';
    if (open && before?.submittedAt === undefined && status.submittedAt !== undefined) {
      this.#note(observed, {
        type: 'Normal',
        reason: 'Held',
        message: `${approved.message} See: kubectl approve why ${request.name} -n ${request.namespace}`,
      });
    }
    if (!isSettled({ status: before }) && isSettled({ status })) this.#settled(observed, status);
    const withdrawn = withdrawalOf(status.conditions);
    if (withdrawn !== undefined && withdrawalOf(before?.conditions ?? []) === undefined) this.#refused(observed, withdrawn);
    for (const milestone of milestones(before, status)) this.#milestone(observed, milestone);
    this.#countViolations(observed, status);
    if (status.phase === 'Completed' && before?.phase !== 'Completed') {
      const completed = status.conditions.find((c) => c.type === 'Completed');
      this.#metrics.executions.inc({
        function_name: this.#label(observed),
        status: completed?.reason === 'Succeeded' ? 'completed' : 'failed',
      });
    }
  }

  #milestone(observed: Observed, milestone: Milestone): void {
    const { overrides, overrideReviews, escalations, reassignments } = this.#metrics;
    const counters = { Overridden: overrides, OverrideReviewed: overrideReviews, Escalated: escalations, Reassigned: reassignments };
    counters[milestone.reason].inc({ function_name: this.#label(observed) });
    this.#note(observed, milestone);
  }

  /** Decisions of people whom the policy does not let decide. */
  #countViolations(observed: Observed, status: ApprovalRequestStatus): void {
    const known = new Set(observed.request.status?.decisions.map((d) => d.name));
    for (const { name, ignoredBecause } of status.decisions) {
      if (known.has(name) || !refusals.has(ignoredBecause)) continue;
      this.#metrics.policyViolations.inc({
        policy_type: separations.has(ignoredBecause) ? 'separation' : 'approvers',
        function_name: this.#label(observed),
      });
    }
  }

  /** After a release. */
  released(observed: Observed, status: ApprovalRequestStatus): void {
    const { request, held, facts } = observed;
    const now = facts.now;
    const votes = status.decisions.filter((d) => d.counted && d.verdict === 'Approve');
    const lastVote = Math.max(...votes.map((d) => Date.parse(d.time)), 0);
    this.#metrics.released.inc();
    if (held !== undefined) this.#metrics.holdToRelease.observe(Math.max(0, now - Date.parse(held.createdAt)) / 1000);
    if (lastVote > 0) this.#metrics.decisionToRelease.observe(Math.max(0, now - lastVote) / 1000);
    if (this.#tracing.enabled && held !== undefined) this.#trace(observed, held, votes);
    const stays = held?.authorSuspended === true ? ' Its author had suspended it: it stays so until somebody resumes it.' : '';
    this.#note(observed, {
      type: 'Normal',
      reason: 'Released',
      message: `Released ${byWhom(status, votes)} (request ${request.name}).${stays}`,
    });
  }

  /** The trace of one piece of work: how long it was held, and who decided when; admission and release add their own spans to it. */
  #trace({ request, facts }: Observed, held: HeldFacts, votes: readonly DecisionRecord[]): void {
    const attributes = { 'k8s.namespace.name': request.namespace, 'k8s.job.name': held.name, 'countersign.request': request.name };
    const created = Date.parse(held.createdAt);
    this.#tracing.recordRoot(held.uid, 'held', attributes, created, facts.now);
    for (const { name, approver, time } of votes) {
      this.#tracing.record(
        held.uid,
        'decision',
        { ...attributes, 'countersign.decision': name, 'enduser.id': approver },
        created,
        Date.parse(time),
      );
    }
  }

  #settled(observed: Observed, status: ApprovalRequestStatus): void {
    const { facts } = observed;
    const approved = status.conditions.find((c) => c.type === 'Approved');
    const waited = status.submittedAt === undefined ? 0 : facts.now - Date.parse(status.submittedAt);
    if (approved?.reason !== 'AutoApproved' && approved?.reason !== 'StandingApproval')
      this.#metrics.approvalDuration.observe({ function_name: this.#label(observed) }, Math.max(0, waited) / 1000);
    const outcome = outcomeOf(status.conditions);
    if (outcome?.approved === false) this.#refused(observed, outcome);
    if (outcome?.reason === 'PolicyViolation')
      this.#metrics.policyViolations.inc({ policy_type: 'validation', function_name: this.#label(observed) });
  }

  /** A no, or a yes that came to one before its work was let go. */
  #refused(observed: Observed, { reason, message }: Outcome): void {
    const status = (reason === 'ApprovalExpired' ? 'Expired' : reason).toLowerCase();
    this.#metrics.executions.inc({ function_name: this.#label(observed), status });
    this.#note(observed, { type: 'Warning', reason, message });
  }

  #label({ request }: Observed): string {
    return this.#metrics.functionNames.label(request.spec.operation);
  }

  #note({ request, held }: Observed, note: Note): void {
    const own: Regarding = { apiVersion, kind: 'ApprovalRequest', namespace: request.namespace, name: request.name, uid: request.uid };
    const job: Regarding | undefined =
      held === undefined
        ? undefined
        : { apiVersion: 'batch/v1', kind: held.kind, namespace: held.namespace, name: held.name, uid: held.uid };
    this.#events.record(job ?? own, note);
  }
}

type Idle = DecisionRecord['ignoredBecause'];

/** Why a decision does not count that its author was not to make: because of who they are to the request, or because nobody asks them. */
const separations: ReadonlySet<Idle> = new Set(['Requester', 'DelegatedByRequester', 'OwnOverride']);
const refusals: ReadonlySet<Idle> = new Set([...separations, 'NotQualified', 'NotAllowed']);

function byWhom({ override, approvedUnder }: ApprovalRequestStatus, votes: readonly DecisionRecord[]): string {
  if (override !== undefined) return `by override of ${override.by.join(' and ')} (ticket ${override.ticket ?? 'unknown'})`;
  const who = [...new Set(votes.map((d) => d.approver))].join(', ');
  if (who !== '') return `on the approval of ${who}`;
  return approvedUnder === undefined ? 'without asking anybody, as its policy says' : `along with ${approvedUnder}`;
}
