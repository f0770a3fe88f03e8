import { Counter, Gauge, Histogram, collectDefaultMetrics } from 'prom-client';
import type { Registry } from 'prom-client';
import { FunctionNames } from './functionNames.ts';

/** Every metric there is. Labels are bounded: never an object's own name. */
export type Metrics = ReturnType<typeof createMetrics>;

const fast = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const released = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const human = [1, 10, 30, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 48 * 3600, 7 * 24 * 3600];

/** Declares every metric on the given registry. Called once, by whoever starts the process or a test. */
export function createMetrics(registry: Registry) {
  const registers = [registry];
  const measures = new Set<() => void>();
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter<L>({ name, help, labelNames: [...labelNames], registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge<L>({ name, help, labelNames: [...labelNames], registers });
  const histogram = <L extends string>(name: string, help: string, labelNames: readonly L[], buckets: number[]) =>
    new Histogram<L>({ name, help, labelNames: [...labelNames], buckets, registers });

  return {
    registry,
    /** Runs when the metrics are read: the place for gauges that are cheaper to measure than to keep. Returns how to stop. */
    onCollect: (measure: () => void): (() => void) => {
      measures.add(measure);
      return () => measures.delete(measure);
    },
    /** Bounds the values of function_name; use it for every function_name label. */
    functionNames: new FunctionNames(),

    executions: new Counter({
      name: 'governance_executions_total',
      help: 'Governed executions by how they ended.',
      labelNames: ['function_name', 'status'],
      registers,
      // A registry reads its metrics in the order of their declaration: as this is the first, all measures are fresh for the others.
      collect: () => measures.forEach((measure) => measure()),
    }),
    approvalDuration: histogram('approval_duration_seconds', 'From asking people to their answer.', ['function_name'], human),
    policyViolations: counter('policy_violations_total', 'Attempts that a policy refused.', ['policy_type', 'function_name']),

    overrides: counter('countersign_overrides_total', 'Requests whose policies two people overrode.', ['function_name']),
    overrideReviews: counter('countersign_override_reviews_total', 'Overrides that somebody else has reviewed.', ['function_name']),
    reviewsOwed: gauge('countersign_override_reviews_owed', 'Overrides that nobody has reviewed yet.', []),
    escalations: counter('countersign_escalations_total', 'Stages that escalated, as nobody answered in time.', ['function_name']),
    reassignments: counter('countersign_reassignments_total', 'People asked in place of somebody who is gone.', ['function_name']),

    auditWouldHold: counter(
      'countersign_audit_would_hold_total',
      'Work that a policy with enforcement Audit would have held, once for each such policy.',
      ['policy_kind', 'function_name'],
    ),
    heldWork: gauge('countersign_held_work', 'Work on hold now.', []),
    released: counter('countersign_released_total', 'Work released.', []),
    holdToRelease: histogram(
      'countersign_hold_to_release_seconds',
      'From creation of held work to its release.',
      [],
      [...released, ...human.slice(4)],
    ),
    decisionToRelease: histogram(
      'countersign_decision_to_release_seconds',
      'From the decision that settled it to the release.',
      [],
      released,
    ),

    reconciles: counter('countersign_reconcile_total', 'Passes over one object by how they ended.', ['controller', 'outcome']),
    reconcileDuration: histogram('countersign_reconcile_duration_seconds', 'Duration of one pass.', ['controller'], fast),
    reconcileErrors: counter('countersign_reconcile_errors_total', 'Passes that ended in an error.', ['controller', 'reason']),
    queueDepth: gauge('countersign_queue_depth', 'Keys that are due and wait for a worker.', ['controller', 'priority']),
    queueOldestAge: gauge('countersign_queue_oldest_age_seconds', 'How long the key that has waited longest has waited.', ['controller']),

    watchRestarts: counter('countersign_watch_restarts_total', 'Watches that broke and were begun again, by what broke them.', [
      'kind',
      'reason',
    ]),
    cacheObjects: gauge('countersign_cache_objects', 'Objects in the watch cache.', ['kind']),

    admissionDuration: histogram('countersign_admission_duration_seconds', 'Duration of one admission review.', ['kind'], fast),
    admissionVerdicts: counter('countersign_admission_verdicts_total', 'Admission reviews by verdict.', ['kind', 'verdict']),

    httpRequests: counter('countersign_http_requests_total', 'Calls of the approval service by how they were answered.', [
      'route',
      'method',
      'code',
    ]),
    httpRequestDuration: histogram(
      'countersign_http_request_duration_seconds',
      'Duration of one call of the approval service, the time that it waits for people included.',
      ['route', 'method'],
      released,
    ),
    deliveries: counter(
      'countersign_deliveries_total',
      'Attempts to deliver notices and callbacks: delivered, retried (failed, and tried again), failed for good, dropped as nobody needs it any more, or postponed.',
      ['channel_type', 'result'],
    ),
    httpWaiting: gauge('countersign_http_waiting', 'Calls of the approval service that wait for a decision now.', []),

    apiRequests: counter('countersign_api_requests_total', 'Requests to the API server; code 0 means no answer.', ['verb', 'code']),
    apiRequestDuration: histogram('countersign_api_request_duration_seconds', 'Duration of requests to the API server.', ['verb'], fast),
    leader: gauge('countersign_leader', '1 while this process leads.', []),
  };
}

/** Adds CPU, memory, event loop and garbage collection of this process. */
export function addProcessMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry });
}
