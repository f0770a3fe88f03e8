import { approvalRequests } from '../../../crds/v1alpha1/index.ts';
import { rfc3339 } from '../../core/conditions.ts';
import { settled, wake, type Outcome, type Ref } from '../../core/ports.ts';
import { isNotFound } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { KubeObject } from '../../kube/client/types.ts';
import { WatchCache } from '../../kube/watchCache.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { workloadOf, type HeldFacts } from '../../workloads/index.ts';
import { isSettled } from '../records.ts';
import type { World } from '../world.ts';

/** On the chart's pre-delete hook: what to do while work is held (`refuse`, `keep` or `fail`). Helm waits for that Job, which nobody runs but us. */
export const uninstallLabel = 'uninstall.countersign.dev/held-work';

const tryAgainMs = 500;

const jobs = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true };

interface Question {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly wish: string;
  readonly answered: boolean;
}

/** Calls back with the key of each question that Helm asks in our namespace. */
export function watchUninstall(
  options: { client: KubeClient; namespace: string; log: Logger; metrics: Metrics },
  ask: (key: string) => void,
): () => void {
  const cache = new WatchCache<Question>({ ...options, type: jobs, labelSelector: uninstallLabel, project: question });
  const unsubscribe = cache.onChange(({ key, new: now }) => {
    if (now?.answered === false) ask(key);
  });
  cache.start();
  return () => {
    unsubscribe();
    void cache.stop();
  };
}

export interface UninstallContext {
  readonly client: KubeClient;
  readonly world: World;
  /** Takes the guards of all policies away, and keeps them away. */
  readonly withdrawGuards: () => Promise<void>;
}

/**
 * Answers whether the chart may be uninstalled: by the status of the Job that Helm waits for. Guards go only when nothing is held that they would
 * have to keep; with `keep` they outlive us, together with those of the chart.
 */
export async function reconcileUninstall(ref: Ref, { client, world, withdrawGuards }: UninstallContext): Promise<Outcome> {
  const asked = await read(ref, client);
  if (asked === undefined || asked.answered) return settled;
  const held = [...world.held.values()].flatMap((cache) => [...cache.values()]).filter((h) => h.markedHeld && h.ended === undefined);
  const at = rfc3339(client.now());
  if (asked.wish === 'fail' && held.length > 0) {
    for (const work of held) await end(work, { client, world, at });
    return wake(tryAgainMs);
  }
  const answer = asked.wish === 'refuse' && held.length > 0 ? refused(held, at) : agreed(at);
  if (held.length === 0) await withdrawGuards();
  await client.patch(jobs, ref, { metadata: { uid: asked.uid }, status: answer }, { type: 'merge', subresource: 'status' });
  return settled;
}

/** Ends held work as Failed: by cancelling its request, so that the record says so too, or itself when that is settled or not there. */
async function end(work: HeldFacts, { client, world, at }: { client: KubeClient; world: World; at: string }): Promise<void> {
  const request = world.requestFor(work.uid) ?? (work.controller === undefined ? undefined : world.requestFor(work.controller.uid));
  if (request === undefined || isSettled(request)) {
    await fail(work, client, at);
    return;
  }
  if (request.spec.cancelled) return;
  await client.patch(approvalRequests, request, { metadata: { uid: request.uid }, spec: { cancelled: true } }, { type: 'merge' });
}

async function read(ref: Ref, client: KubeClient): Promise<Question | undefined> {
  try {
    return question(await client.get(jobs, ref));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

function question(raw: KubeObject): Question {
  const status = raw['status'] as { conditions?: { type: string; status: string }[] } | undefined;
  return {
    name: raw.metadata.name,
    namespace: raw.metadata.namespace ?? '',
    uid: raw.metadata.uid,
    wish: raw.metadata.labels?.[uninstallLabel] ?? 'refuse',
    answered: status?.conditions?.some((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True') ?? false,
  };
}

async function fail(work: HeldFacts, client: KubeClient, at: string): Promise<void> {
  const workload = workloadOf(work.kind);
  const patch = workload.refuse(work, {
    reason: 'ApprovalCancelled',
    message: 'Countersign was uninstalled with uninstall.heldWork=fail.',
    at,
  });
  await client.patch(workload.type, { namespace: work.namespace, name: work.name }, patch, { type: 'merge', subresource: 'status' });
}

const condition = (type: string, reason: string, message: string, at: string) => ({
  type,
  status: 'True',
  reason,
  message,
  lastProbeTime: at,
  lastTransitionTime: at,
});

function refused(held: readonly HeldFacts[], at: string): object {
  const some = held
    .slice(0, 5)
    .map((h) => `${h.namespace}/${h.name}`)
    .join(', ');
  const message = `${held.length} held: ${some}${held.length > 5 ? ', …' : ''}. Settle them, or set uninstall.heldWork to keep or fail: helm rollback countersign (to its own latest revision), then helm upgrade --reuse-values --set uninstall.heldWork=…, then helm uninstall.`;
  return {
    startTime: at,
    conditions: [condition('FailureTarget', 'WorkIsHeld', message, at), condition('Failed', 'WorkIsHeld', message, at)],
  };
}

function agreed(at: string): object {
  const message = 'Nothing stands in the way of uninstalling.';
  return {
    startTime: at,
    completionTime: at,
    conditions: [condition('SuccessCriteriaMet', 'MayUninstall', message, at), condition('Complete', 'MayUninstall', message, at)],
  };
}
