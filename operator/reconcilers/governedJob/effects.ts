import { annotations, apiVersion, approvalRequests, governedJobs, labels, type JobTemplate } from '../../../crds/v1alpha1/index.ts';
import { actionJobName, type ActionWanted } from '../../core/actions.ts';
import { rfc3339 } from '../../core/conditions.ts';
import { CountersignError } from '../../core/errors.ts';
import type { GovernedJobEffect } from '../../core/governedJobFacts.ts';
import type { Ref } from '../../core/ports.ts';
import { requestName } from '../../core/subject.ts';
import { ApiError, isAlreadyExists, isNotFound } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../kube/client/types.ts';
import { workloadOf } from '../../workloads/index.ts';
import { requestRecord, type GovernedJobRecord } from '../records.ts';
import type { World } from '../world.ts';
import { actionJobManifest, jobManifest, requestManifest, requestSpec } from './manifests.ts';
import { mayCreateJobs, type Observed } from './observe.ts';

export interface EffectContext {
  readonly client: KubeClient;
  readonly world: World;
}

const job = workloadOf('Job');

/** Does one thing that is owed. All of them may be done twice. */
export function perform(effect: GovernedJobEffect, seen: Observed, context: EffectContext): Promise<void> {
  switch (effect.kind) {
    case 'deleteJob':
      return deleteJob(effect, seen.governedJob, context);
    case 'createJob':
      return createJob(seen.facts.wantedJob, undefined, jobManifest(seen.governedJob, seen.facts.wantedJob), seen.governedJob, context);
    case 'createActionJob':
      return createActionJob(effect.action, effect.attempt, seen.governedJob, context);
    case 'releaseActionJob':
      return releaseActionJob(effect, seen, context);
    case 'abortJob':
      return abortJob(effect.name, seen, context);
    case 'createRequest':
      return createRequest(seen.governedJob, context);
    case 'updateRequest':
      return updateRequest(seen.governedJob, false, context);
    case 'cancelRequest':
      return updateRequest(seen.governedJob, true, context);
  }
}

async function deleteJob(
  { name, uid }: { name: string; uid: string },
  { namespace }: GovernedJobRecord,
  { client }: EffectContext,
): Promise<void> {
  try {
    await client.delete(job.type, { namespace, name }, { uid, propagationPolicy: 'Background' });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function createJob(
  name: string,
  stage: string | undefined,
  manifest: object,
  { uid, namespace }: GovernedJobRecord,
  { client, world }: EffectContext,
): Promise<void> {
  // Without the label no guard saw to it that the owner is true.
  const isOurs = ({ metadata }: KubeObject) =>
    metadata.labels?.[labels.held] !== undefined &&
    metadata.labels[labels.stage] === stage &&
    (metadata.ownerReferences ?? []).some((o) => o.uid === uid && o.kind === governedJobs.kind && o.controller === true);
  world.held.get('Job')?.observe(await createOrFind(client, job.type, { namespace, name }, manifest, isOurs));
}

/** Whoever lost the right to create Jobs since the GovernedJob was admitted gets no more of them. */
async function createActionJob(
  action: ActionWanted,
  attempt: number,
  governedJob: GovernedJobRecord,
  context: EffectContext,
): Promise<void> {
  const template = templateOf(action, governedJob);
  // It was edited this very moment, which brings us back.
  if (template === undefined) return;
  if (!(await mayCreateJobs(governedJob, context.client))) {
    throw new CountersignError(
      'NotAllowed',
      `Its author may not create Jobs in this namespace any more, so the Job of its ${action.stage === 'Rollback' ? 'rollback' : `action ${action.name}`} is not created: have them granted create on jobs.`,
    );
  }
  const name = actionJobName(governedJob.name, action.digest, attempt);
  await createJob(name, action.stage, actionJobManifest(governedJob, template, { name, stage: action.stage }), governedJob, context);
}

function templateOf({ stage, name }: ActionWanted, { spec }: GovernedJobRecord): JobTemplate | undefined {
  if (stage === 'Rollback') return spec.rollback?.jobTemplate;
  return (stage === 'Pre' ? spec.preActions : spec.postActions)?.find((a) => a.name === name)?.jobTemplate;
}

/** The same patch by which approved work is let go, conditional on the very Job that was looked at. */
async function releaseActionJob(
  { name, digest }: { name: string; digest: string },
  { governedJob, actionJobs }: Observed,
  { client, world }: EffectContext,
): Promise<void> {
  const held = actionJobs.find((h) => h.name === name);
  if (held === undefined) return;
  const patch = job.release(held, { digest, request: requestName(governedJob.name, governedJob.uid) });
  world.held.get('Job')?.observe(await client.patch(job.type, { namespace: held.namespace, name }, patch, { type: 'merge' }));
}

async function abortJob(name: string, { jobs, facts }: Observed, { client, world }: EffectContext): Promise<void> {
  const running = jobs.find((h) => h.name === name);
  if (running === undefined) return;
  const patch = job.abort(running, { reason: 'Cancelled', message: 'Its GovernedJob was cancelled.', at: rfc3339(facts.now) });
  const ref = { namespace: running.namespace, name };
  world.held.get('Job')?.observe(await client.patch(job.type, ref, patch, { type: 'merge', subresource: 'status' }));
}

async function createRequest(governedJob: GovernedJobRecord, { client, world }: EffectContext): Promise<void> {
  const ref = { namespace: governedJob.namespace, name: requestName(governedJob.name, governedJob.uid) };
  const isOurs = (found: KubeObject) => requestRecord(found).governs === governedJob.uid;
  world.requests.observe(await createOrFind(client, approvalRequests, ref, requestManifest(governedJob), isOurs));
}

async function updateRequest(governedJob: GovernedJobRecord, cancelled: boolean, { client, world }: EffectContext): Promise<void> {
  const ref = { namespace: governedJob.namespace, name: requestName(governedJob.name, governedJob.uid) };
  const value = { ...requestSpec(governedJob), draft: false, cancelled };
  // Replaced whole: a merge patch would keep parameters that are not there any more.
  const patch = [{ op: 'replace', path: '/spec', value }, ...inNameOf(governedJob, world)];
  world.requests.observe(await client.patch(approvalRequests, ref, patch, { type: 'json' }));
}

/** The guards let nobody change for whom it was asked; where they were off, the request says what the GovernedJob says, and every vote is void. */
function inNameOf({ uid, onBehalfOf }: GovernedJobRecord, world: World): object[] {
  const before = world.requestFor(uid)?.onBehalfOf;
  const path = `/metadata/annotations/${annotations.onBehalfOf.replace('/', '~1')}`;
  if (before === onBehalfOf) return [];
  return [onBehalfOf === undefined ? { op: 'remove', path } : { op: 'add', path, value: onBehalfOf }];
}

/** An object of that name that is there already is ours from an earlier try, or else somebody's who took the name: that is never used. */
async function createOrFind(
  client: KubeClient,
  type: ResourceType,
  ref: Required<Ref>,
  manifest: object,
  isOurs: (found: KubeObject) => boolean,
): Promise<KubeObject> {
  try {
    return await client.create(type, ref.namespace, manifest);
  } catch (error) {
    if (!isAlreadyExists(error)) throw error;
    const found = await client.get(type, ref);
    if (isOurs(found)) return found;
    throw new CountersignError(
      'NameTaken',
      `The ${type.kind} ${ref.name} exists already and is not of this GovernedJob: have it removed, or choose another name.`,
      { cause: error },
    );
  }
}

/** What its author must be told, when trying again at once would not help; undefined for what may pass by itself. */
export function refusalOf(error: unknown): string | undefined {
  if (error instanceof CountersignError && ['NameTaken', 'NotAllowed', 'Undigestible'].includes(error.code)) return error.message;
  const refused = error instanceof ApiError && (error.status === 400 || error.status === 403 || error.status === 422);
  return refused ? `The API server refused it: ${error.message}` : undefined;
}

/** Writes the status, conditional on what was read. */
export async function writeStatus(governedJob: GovernedJobRecord, status: object, { client, world }: EffectContext): Promise<void> {
  const { namespace, name, uid, resourceVersion } = governedJob;
  const body = { apiVersion, kind: governedJobs.kind, metadata: { namespace, name, uid, resourceVersion }, status };
  world.governedJobs.observe(await client.replace(governedJobs, { namespace, name }, body, { subresource: 'status' }));
}
