import { isDeepStrictEqual } from 'node:util';
import { apiVersion, approvalRequests, type ApprovalRequestStatus } from '../../../crds/v1alpha1/index.ts';
import { rfc3339 } from '../../core/conditions.ts';
import type { Effect, Plan } from '../../core/plan.ts';
import { settled, wake, type Outcome } from '../../core/ports.ts';
import { withUse } from '../../core/standing.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import { workloadOf, type HeldFacts } from '../../workloads/index.ts';
import type { Tracing } from '../../telemetry/tracing.ts';
import type { RequestRecord } from '../records.ts';
import type { PolicyBarrier } from '../policyBarrier.ts';
import type { World } from '../world.ts';
import type { Observed } from './observe.ts';
import type { Overriding } from './overriding.ts';
import type { Releases, RunNews } from './releases.ts';
import type { Storyteller } from './story.ts';

export interface Writer {
  /** Its writes are refused once this process is not the leader. */
  readonly client: KubeClient;
  readonly world: World;
  readonly barrier: PolicyBarrier;
  readonly story: Storyteller;
  readonly tracing: Tracing;
  readonly releases: Releases;
  readonly overriding: Overriding;
}

const staleMs = 500;

/** Does what the plan owes: one status write, then what releases, refuses and tells. A crash between any two leaves work held. */
export async function apply(observed: Observed, plan: Plan, writer: Writer): Promise<Outcome> {
  for (const effect of plan.before) {
    // Once it is counted, the facts are others.
    if (await claim(observed, effect.source, writer)) return wake(0);
  }
  const lets = plan.after.some((effect) => effect.kind === 'release');
  return writer.overriding.during(observed, plan, () =>
    lets ? writer.releases.during(() => release(observed, plan, writer)) : settle(observed, plan, writer),
  );
}

/** Counts this request among those that another's standing approval covers: the API server keeps two of them from taking the same last run. */
async function claim({ request, facts }: Observed, source: string, writer: Writer): Promise<boolean> {
  const covering = writer.world.requests.get(`${request.namespace}/${source}`);
  const use = { request: request.name, uid: request.uid, now: facts.now };
  const status = covering?.status === undefined ? undefined : withUse(covering.status, use);
  if (covering === undefined || status === undefined) return false;
  await writeStatus(covering, status, writer);
  return true;
}

async function release(observed: Observed, plan: Plan, writer: Writer): Promise<Outcome> {
  // Before a yes is recorded that would be wrong under a rule that has not arrived here yet.
  if (!(await writer.barrier.isCurrent(observed.facts.policies))) return wake(staleMs);
  return settle(observed, plan, writer);
}

async function settle(observed: Observed, plan: Plan, writer: Writer): Promise<Outcome> {
  const key = keyOf(observed);
  const news = runNews(observed, plan);
  const waits = news === undefined ? undefined : writer.releases.newsWaits(key, news);
  if (waits !== undefined) return wake(waits);
  if (!isDeepStrictEqual(plan.status, observed.request.status)) {
    await writeStatus(observed.request, plan.status, writer);
    if (news === 'ended') writer.releases.forget(key);
    writer.story.tell(observed, plan.status);
  }
  for (const effect of plan.after) await perform(effect, observed, plan, writer);
  return plan.wakeAt === undefined ? settled : wake(plan.wakeAt - observed.facts.now);
}

const keyOf = ({ request }: Observed): string => `${request.namespace}/${request.name}`;

/** What of the run of released work the plan's status says for the first time. */
function runNews({ request }: Observed, plan: Plan): RunNews | undefined {
  const before = request.status?.phase;
  if (plan.status.phase === 'Completed' && (before === 'Approved' || before === 'Applying')) return 'ended';
  if (plan.status.phase !== 'Applying' || before !== 'Approved') return undefined;
  return request.spec.subject.resource?.kind === 'GovernedJob' ? 'runsAsToldElsewhere' : 'runs';
}

async function writeStatus(request: RequestRecord, status: ApprovalRequestStatus, { client, world }: Writer): Promise<void> {
  const { namespace, name, uid, resourceVersion } = request;
  const body = { apiVersion, kind: approvalRequests.kind, metadata: { namespace, name, uid, resourceVersion }, status };
  world.requests.observe(await client.replace(approvalRequests, { namespace, name }, body, { subresource: 'status' }));
}

async function perform(effect: Effect, observed: Observed, plan: Plan, writer: Writer): Promise<void> {
  const { held, request } = observed;
  if (held === undefined) return;
  if (effect.kind === 'refuse') {
    await refuse(held, effect, writer, rfc3339(observed.facts.now));
    return;
  }
  const workload = workloadOf(held.kind);
  const patch = workload.release(newestOf(held, writer.world), { digest: effect.digest, request: request.name });
  const ref = { namespace: held.namespace, name: held.name };
  const released = await writer.tracing.span(held.uid, 'release', { 'countersign.request': request.name }, () =>
    writer.client.patch(workload.type, ref, patch, { type: 'merge' }),
  );
  writer.world.held.get(held.kind)?.observe(released);
  writer.releases.released(keyOf(observed));
  writer.story.released(observed, plan.status);
}

/**
 * The held object as it is known by now, when nothing of it that the plan looked at has changed: while the status was written its own controller
 * may have written a status of its own, which would only make the release fail and be planned again.
 */
function newestOf(held: HeldFacts, world: World): HeldFacts {
  const newest = world.held.get(held.kind)?.get(`${held.namespace}/${held.name}`);
  return newest !== undefined && isDeepStrictEqual({ ...newest, resourceVersion: held.resourceVersion }, held) ? newest : held;
}

async function refuse(held: HeldFacts, effect: { reason: string; message: string }, { client, world }: Writer, at: string): Promise<void> {
  const workload = workloadOf(held.kind);
  const patch = workload.refuse(held, { reason: effect.reason, message: effect.message, at });
  const ref = { namespace: held.namespace, name: held.name };
  world.held.get(held.kind)?.observe(await client.patch(workload.type, ref, patch, { type: 'merge', subresource: 'status' }));
}
