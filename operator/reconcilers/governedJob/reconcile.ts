import { isDeepStrictEqual } from 'node:util';
import { apiVersion, approvalRequests, governedJobs, labels } from '../../../crds/v1alpha1/index.ts';
import { rfc3339 } from '../../core/conditions.ts';
import { CountersignError } from '../../core/errors.ts';
import { planGovernedJob, type GovernedJobEffect, type GovernedJobFacts, type RequestSeen } from '../../core/governedJobPlan.ts';
import { outcomeOf } from '../../core/outcome.ts';
import { settled, wake, type Outcome, type Ref } from '../../core/ports.ts';
import { governedJobContent, governedJobName, requestDigest, requestName } from '../../core/subject.ts';
import { ApiError, isAlreadyExists, isNotFound } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../kube/client/types.ts';
import { workloadOf, type HeldFacts } from '../../workloads/index.ts';
import { isAllowed } from '../permissions.ts';
import { requestRecord, type GovernedJobRecord } from '../records.ts';
import type { World } from '../world.ts';
import { jobManifest, requestManifest, requestSpec } from './manifests.ts';

export interface GovernedJobContext {
  readonly client: KubeClient;
  readonly world: World;
}

const job = workloadOf('Job');
const mostRounds = 4;
const tryAgainMs = 60_000;

/** Brings one GovernedJob to where its facts say it belongs: effects first, as they only hold, then one status write of what is then so. */
export async function reconcileGovernedJob(ref: Ref, context: GovernedJobContext): Promise<Outcome> {
  for (let round = 0; round < mostRounds; round += 1) {
    const seen = await observe(ref, context);
    if (seen === undefined) return settled;
    const { status, effects } = planGovernedJob(seen.facts);
    if (effects.length === 0) {
      await writeStatus(seen.governedJob, status, context);
      return settled;
    }
    try {
      for (const effect of effects) await perform(effect, seen, context);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      await writeStatus(seen.governedJob, planGovernedJob({ ...seen.facts, refusal }).status, context);
      return wake(tryAgainMs);
    }
  }
  // What was done shows up by the watch, which brings us back.
  return settled;
}

/** What its author must be told, when trying again at once would not help; undefined for what may pass by itself. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof CountersignError && error.code === 'NameTaken') return error.message;
  const refused = error instanceof ApiError && (error.status === 400 || error.status === 403 || error.status === 422);
  return refused ? `The API server refused it: ${error.message}` : undefined;
}

interface Seen {
  readonly facts: GovernedJobFacts;
  readonly governedJob: GovernedJobRecord;
  readonly jobs: readonly HeldFacts[];
}

async function observe(ref: Ref, { client, world }: GovernedJobContext): Promise<Seen | undefined> {
  const governedJob = world.governedJobs.get(`${ref.namespace ?? ''}/${ref.name}`);
  if (governedJob === undefined || governedJob.deleting) return undefined;
  const jobs = world.jobsOf(governedJob.uid);
  const { wantedJob, refusal } = nameOrRefusal(governedJob);
  const mustCreate = !jobs.some((h) => h.name === wantedJob || h.released !== undefined) && governedJob.status?.completedAt === undefined;
  const facts: GovernedJobFacts = {
    now: client.now(),
    uid: governedJob.uid,
    generation: governedJob.generation,
    cancelled: governedJob.spec.cancelled,
    status: governedJob.status,
    authorMayCreateJobs: mustCreate ? await mayCreateJobs(governedJob, client) : undefined,
    wantedJob,
    ...(refusal === undefined ? {} : { refusal }),
    jobs: jobs.map((h) => ({
      name: h.name,
      uid: h.uid,
      released: h.released !== undefined,
      stopping: h.stopping ?? false,
      ended: h.ended,
    })),
    request: requestSeen(governedJob, jobs.find((h) => h.released !== undefined) ?? jobs.find((h) => h.name === wantedJob), world),
  };
  return { facts, governedJob, jobs };
}

/** What cannot be digested has no Job: its author is told what stands in the way. */
function nameOrRefusal({ name, uid, spec }: GovernedJobRecord): { wantedJob: string; refusal?: string } {
  try {
    return { wantedJob: governedJobName(name, uid, spec) };
  } catch (error) {
    if (error instanceof CountersignError) return { wantedJob: '', refusal: error.message };
    throw error;
  }
}

/** Nobody gets a Job created by us that they could not create themselves. */
const mayCreateJobs = ({ requester, namespace }: GovernedJobRecord, client: KubeClient): Promise<boolean> =>
  requester.username === ''
    ? Promise.resolve(false)
    : isAllowed(client, requester, { verb: 'create', group: 'batch', resource: 'jobs', namespace });

function requestSeen(governedJob: GovernedJobRecord, held: HeldFacts | undefined, world: World): RequestSeen | undefined {
  const request = world.requestFor(governedJob.uid);
  if (request === undefined) return undefined;
  const { draft: _draft, cancelled, ...says } = request.spec;
  const outcome = outcomeOf(request.status?.conditions ?? []);
  return {
    name: request.name,
    upToDate: isDeepStrictEqual(says, requestSpec(governedJob)),
    cancelled,
    outcome,
    digest: outcome === undefined ? digestOf(governedJob, held) : request.status?.subjectDigest,
  };
}

/** Undefined, too, for what cannot be digested: the request says why. */
function digestOf(governedJob: GovernedJobRecord, held: HeldFacts | undefined): string | undefined {
  if (held?.content === undefined) return undefined;
  try {
    const content = governedJobContent(governedJob.spec, { name: held.name, uid: held.uid, content: held.content });
    return requestDigest(governedJob.namespace, { ...requestSpec(governedJob), draft: false, cancelled: false }, content);
  } catch (error) {
    if (error instanceof CountersignError) return undefined;
    throw error;
  }
}

async function perform(effect: GovernedJobEffect, seen: Seen, context: GovernedJobContext): Promise<void> {
  const { governedJob, jobs } = seen;
  const { client, world } = context;
  const { namespace } = governedJob;
  const held = world.held.get('Job');
  switch (effect.kind) {
    case 'deleteJob': {
      await gone(client.delete(job.type, { namespace, name: effect.name }, { uid: effect.uid, propagationPolicy: 'Background' }));
      return;
    }
    case 'createJob': {
      const name = seen.facts.wantedJob;
      // Without the label no guard saw to it that the owner is true.
      const isOurs = ({ metadata }: KubeObject) =>
        metadata.labels?.[labels.held] !== undefined &&
        (metadata.ownerReferences ?? []).some((o) => o.uid === governedJob.uid && o.kind === governedJobs.kind && o.controller === true);
      held?.observe(await createOrFind(client, job.type, { namespace, name }, jobManifest(governedJob, name), isOurs));
      return;
    }
    case 'createRequest': {
      const name = requestName(governedJob.name, governedJob.uid);
      const isOurs = (found: KubeObject) => requestRecord(found).governs === governedJob.uid;
      world.requests.observe(await createOrFind(client, approvalRequests, { namespace, name }, requestManifest(governedJob), isOurs));
      return;
    }
    case 'updateRequest':
    case 'cancelRequest': {
      const ref = { namespace, name: requestName(governedJob.name, governedJob.uid) };
      const value = { ...requestSpec(governedJob), draft: false, cancelled: effect.kind === 'cancelRequest' };
      // Replaced whole: a merge patch would keep parameters that are not there any more.
      world.requests.observe(await client.patch(approvalRequests, ref, [{ op: 'replace', path: '/spec', value }], { type: 'json' }));
      return;
    }
    case 'abortJob': {
      const running = jobs.find((h) => h.name === effect.name);
      if (running === undefined) return;
      const patch = job.abort(running, { reason: 'Cancelled', message: 'Its GovernedJob was cancelled.', at: rfc3339(seen.facts.now) });
      held?.observe(await client.patch(job.type, { namespace, name: effect.name }, patch, { type: 'merge', subresource: 'status' }));
    }
  }
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

async function gone(deleting: Promise<void>): Promise<void> {
  try {
    await deleting;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function writeStatus(governedJob: GovernedJobRecord, status: object, { client, world }: GovernedJobContext): Promise<void> {
  if (isDeepStrictEqual(status, governedJob.status)) return;
  const { namespace, name, uid, resourceVersion } = governedJob;
  const body = { apiVersion, kind: governedJobs.kind, metadata: { namespace, name, uid, resourceVersion }, status };
  world.governedJobs.observe(await client.replace(governedJobs, { namespace, name }, body, { subresource: 'status' }));
}
