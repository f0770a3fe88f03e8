import { apiVersion, approvalRequests, labels } from '../../../crds/v1alpha1/index.ts';
import { settled, wake, type Outcome, type Ref } from '../../core/ports.ts';
import { requesterStamp } from '../../core/requesterStamp.ts';
import { requestName } from '../../core/subject.ts';
import { isAlreadyExists } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import { workloadOf, type HeldFacts } from '../../workloads/index.ts';
import type { EventRecorder } from '../events.ts';
import { asksItself } from '../governedJob/asking.ts';
import { isSettled, requestRecord } from '../records.ts';
import type { World } from '../world.ts';

export interface HeldContext {
  readonly client: KubeClient;
  readonly world: World;
  readonly events: EventRecorder;
  /** How many requests of one CronJob may be open at a time. */
  readonly cronJobOpenRequests: number;
  /** Runs, by uid, whose request is on its way and in no cache yet: of several runs that are looked at together, each must know of the others. */
  readonly asking: Set<string>;
}

const tryAgainMs = 60_000;

/** Sees to it that held work has a request. Whatever comes of the request is for its own reconciler. */
export async function reconcileHeld(kind: string, ref: Ref, context: HeldContext): Promise<Outcome> {
  const held = context.world.held.get(kind)?.get(`${ref.namespace ?? ''}/${ref.name}`);
  if (held === undefined || !needsRequest(held, context.world) || waitsForEarlierRun(held, context)) return settled;
  const { namespace } = held;
  context.asking.add(held.uid);
  try {
    context.world.requests.observe(await context.client.create(approvalRequests, namespace, requestOf(held)));
    return settled;
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    return await adopt(held, context);
  } finally {
    context.asking.delete(held.uid);
  }
}

function needsRequest(held: HeldFacts, world: World): boolean {
  return held.markedHeld && held.ended === undefined && asksItself(held, world) && world.requestFor(held.uid) === undefined;
}

/** Runs of one CronJob are asked for one after the other, so that nobody finds a week of them to approve. */
function waitsForEarlierRun(held: HeldFacts, { world, cronJobOpenRequests, asking }: HeldContext): boolean {
  if (held.controller?.kind !== 'CronJob') return false;
  const open = world.heldByController(held.controller.uid).filter(({ uid }) => {
    if (uid === held.uid) return false;
    const request = world.requestFor(uid);
    return request === undefined ? asking.has(uid) : !isSettled(request);
  });
  return open.length >= cronJobOpenRequests;
}

/** The name is taken: by our own earlier create, whose answer was lost, or by somebody else's object, which is never taken over. */
async function adopt(held: HeldFacts, { client, world, events }: HeldContext): Promise<Outcome> {
  const name = requestName(held.name, held.uid);
  const found = await client.get(approvalRequests, { namespace: held.namespace, name });
  if (requestRecord(found).governs === held.uid) {
    world.requests.observe(found);
    return settled;
  }
  const message = `The ApprovalRequest ${name} that would ask for this exists already and is somebody else's; it stays held. Delete and create the ${held.kind} anew, or have the request removed.`;
  events.record(
    { apiVersion: 'batch/v1', kind: held.kind, namespace: held.namespace, name: held.name, uid: held.uid },
    { type: 'Warning', reason: 'RequestNameTaken', message },
  );
  return wake(tryAgainMs);
}

function requestOf(held: HeldFacts): object {
  const { type } = workloadOf(held.kind);
  const { operation, reason, ticket, context, timeout } = held.claim;
  return {
    apiVersion,
    kind: 'ApprovalRequest',
    metadata: {
      name: requestName(held.name, held.uid),
      namespace: held.namespace,
      labels: { [labels.subjectUid]: held.uid },
      annotations: requesterStamp(held.requester, held.onBehalfOf),
    },
    spec: {
      subject: { resource: { apiVersion: `${type.group}/${type.version}`, kind: type.kind, name: held.name, uid: held.uid } },
      operation,
      ...(reason === undefined ? {} : { reason }),
      ...(ticket === undefined ? {} : { ticket }),
      ...(context === undefined ? {} : { context }),
      ...(timeout === undefined ? {} : { timeout }),
    },
  };
}
