import { approvalDecisions, approvalRequests } from '../../../crds/v1alpha1/index.ts';
import { settled, wake, type Outcome } from '../../core/ports.ts';
import { expired } from '../../core/retention.ts';
import { isNotFound } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { RequestRecord } from '../records.ts';
import { owesReview, type World } from '../world.ts';

export interface RetentionContext {
  readonly client: KubeClient;
  readonly world: World;
  readonly keepMs: number;
  /** Most settled requests that one namespace may keep. */
  readonly mostPerNamespace: number;
}

/** A pass deletes this much at most and then makes room for others. */
const batch = 200;
const betweenBatchesMs = 1_000;

/** Removes, in one namespace, the requests that settled long ago, and the decisions that are about nothing any more. */
export async function reconcileRetention(namespace: string, context: RetentionContext): Promise<Outcome> {
  const { client, world, keepMs, mostPerNamespace } = context;
  const now = client.now();
  const finished = world.requests.byIndex('finished', namespace).filter((r) => !stillHeld(r, world));
  const requests = expired(
    // How many of those there are is limited where they come in, with what overrides count.
    finished.map((r) => ({ item: r, at: settledAt(r), needed: owesReview(r), idle: !agreedOrRan(r) })),
    { now, keepMs, most: mostPerNamespace },
  );
  const orphans = world.decisions
    .byIndex('namespace', namespace)
    .filter((d) => d.requests.every((r) => world.requests.byIndex('uid', r.uid).length === 0))
    .map((d) => ({ item: d, at: Date.parse(d.time) }));
  const decisions = expired(orphans, { now, keepMs, most: mostPerNamespace });
  for (const { name, uid } of requests.due.slice(0, batch)) await remove(client, approvalRequests, { namespace, name }, uid);
  for (const { name, uid } of decisions.due.slice(0, batch)) await remove(client, approvalDecisions, { namespace, name }, uid);
  if (requests.due.length > batch || decisions.due.length > batch) return wake(betweenBatchesMs);
  const next = Math.min(requests.next, decisions.next);
  return next === Infinity ? settled : wake(next - now);
}

/** What was refused and kept suspended keeps its request: otherwise people would be asked again. */
const stillHeld = (request: RequestRecord, world: World): boolean =>
  request.governs !== undefined && world.workOf(request.governs).some((held) => held.markedHeld && held.ended === undefined);

/** People agreed to it, or work was let go by it. What a rule approves and nothing runs by, anybody can have made by the thousand. */
const agreedOrRan = ({ status }: RequestRecord): boolean =>
  status?.conditions.some(
    (c) => c.status === 'True' && (c.type === 'Released' || (c.type === 'Approved' && c.reason !== 'AutoApproved')),
  ) ?? false;

/** Since when nothing is to be done about it: it is settled, and what it let go has ended and, if it was overridden, has been reviewed. */
const settledAt = (request: RequestRecord): number =>
  Math.max(
    ...(request.status?.conditions ?? [])
      .filter((c) => c.type === 'Settled' || c.type === 'Completed' || c.type === 'Reviewed')
      .map((c) => Date.parse(c.lastTransitionTime)),
  );

async function remove(
  client: KubeClient,
  type: typeof approvalRequests | typeof approvalDecisions,
  ref: { namespace: string; name: string },
  uid: string,
): Promise<void> {
  try {
    await client.delete(type, ref, { uid });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
