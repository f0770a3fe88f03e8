import { createHash } from 'node:crypto';
import { evaluate } from '../../core/evaluate.ts';
import { nothingSaid, type Observation, type PolicyFacts, type RequestFacts, type SubjectFacts } from '../../core/facts.ts';
import { isAlreadyExists, isNotFound } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { eventOf, eventType, type Regarding } from '../events.ts';
import type { History } from '../history.ts';
import type { World } from '../world.ts';
import { wouldHold } from './wouldHold.ts';

export interface AuditContext {
  readonly client: KubeClient;
  readonly world: World;
  readonly history: Pick<History, 'failureRate'>;
  readonly metrics: Metrics;
  readonly reporter: string;
  readonly defaultTimeoutMs: number;
}

/** Half of the time for which the API server keeps an Event: whoever leads next sees that this has been told. */
const newsForMs = 30 * 60_000;

/** Whether it may still have to be told of. */
export const isNews = ({ createdAt }: { readonly createdAt: string }, { client }: AuditContext): boolean =>
  client.now() - Date.parse(createdAt) < newsForMs;

/** What the core is to weigh, as if these policies held: a request that nobody has decided on yet. */
export function observationOf(
  request: RequestFacts,
  subject: SubjectFacts,
  policies: readonly PolicyFacts[],
  { client, world, history, defaultTimeoutMs }: AuditContext,
): Observation {
  const { namespace } = request;
  return {
    now: client.now(),
    request,
    subject,
    policies,
    missingPolicies: [],
    ...nothingSaid,
    namespaceObject: { metadata: { name: namespace, labels: world.namespaceLabels(namespace) } },
    observedFailureRate: history.failureRate(namespace, request.spec.operation),
    clockDisagrees: false,
    defaultTimeoutMs,
  };
}

/** One Event for each object, whoever tells of it and how often: its name depends on the object alone. What was told is counted. */
export async function tell(regarding: Regarding, facts: Observation, { client, metrics, reporter }: AuditContext): Promise<void> {
  const name = `${regarding.name.slice(0, 200)}.would-hold-${createHash('sha256').update(regarding.uid).digest('hex').slice(0, 16)}`;
  const note = { type: 'Normal', reason: 'WouldHold', message: wouldHold(facts.policies, evaluate(facts)) } as const;
  try {
    await client.create(eventType, regarding.namespace, eventOf(regarding, note, { name, now: client.now(), reporter }));
  } catch (error) {
    // Told already, or nobody is there to read it.
    if (isAlreadyExists(error) || isNotFound(error)) return;
    throw error;
  }
  const function_name = metrics.functionNames.label(facts.request.spec.operation);
  for (const { kind } of facts.policies) metrics.auditWouldHold.inc({ policy_kind: kind, function_name });
}
