import { governedJobs, labels, type ApprovalRequestSpec } from '../../../crds/v1alpha1/index.ts';
import { contentDigest } from '../../core/digest.ts';
import type { SubjectFacts } from '../../core/facts.ts';
import { governedJobContent, governedJobName, governedJobRepeats } from '../../core/subject.ts';
import { isNotFound } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../kube/client/types.ts';
import { workloadOf, type HeldFacts, type RawObject } from '../../workloads/index.ts';
import { governedJobRecord, type GovernedJobRecord, type RequestRecord } from '../records.ts';
import type { World } from '../world.ts';
import { isTrue } from '../../core/conditions.ts';

type SubjectResource = NonNullable<ApprovalRequestSpec['subject']['resource']>;

interface Reader {
  readonly client: KubeClient;
  readonly world: World;
}

/** The subject of a request as it is now. */
export interface SubjectSeen {
  readonly exists: boolean;
  readonly held: HeldFacts | undefined;
  readonly governedJob: GovernedJobRecord | undefined;
  /** The digest of what would run; absent for something outside the cluster, and where there is a fault. */
  readonly content: string | undefined;
  readonly fault: string | undefined;
}

const nothing: SubjectSeen = { exists: false, held: undefined, governedJob: undefined, content: undefined, fault: undefined };

/** Looks at the subject, in the caches or, where it is in none, at the API server. */
export async function observeSubject(request: RequestRecord, reader: Reader): Promise<SubjectSeen> {
  const resource = request.spec.subject.resource;
  if (resource === undefined) return { ...nothing, exists: true };
  return resource.kind === 'GovernedJob' ? observeGovernedJob(request, resource, reader) : observeWorkload(request, resource, reader);
}

async function observeWorkload(request: RequestRecord, resource: SubjectResource, reader: Reader): Promise<SubjectSeen> {
  const cached = reader.world.heldByUid(resource.uid ?? '');
  const held = cached ?? (await readWorkload(request.namespace, resource, reader.client));
  return held === undefined ? nothing : { ...nothing, exists: true, held, ...contentOf(held) };
}

/** Asked of the API server itself: a cache that lags must not make work look gone. */
async function readWorkload(namespace: string, resource: SubjectResource, client: KubeClient): Promise<HeldFacts | undefined> {
  const workload = workloadOf(resource.kind);
  const raw = await getOfUid<RawObject>(client, workload.type, { namespace, name: resource.name }, resource.uid);
  return raw === undefined ? undefined : workload.project(raw);
}

async function observeGovernedJob(request: RequestRecord, resource: SubjectResource, reader: Reader): Promise<SubjectSeen> {
  const governedJob = await readGovernedJob(request, resource, reader);
  if (governedJob === undefined) return nothing;
  const seen = { ...nothing, exists: true, governedJob };
  try {
    return jobOf(request, governedJob, seen, reader.world);
  } catch (error) {
    // What cannot be digested has no Job, and says so.
    return { ...seen, fault: error instanceof Error ? error.message : String(error) };
  }
}

function jobOf(request: RequestRecord, governedJob: GovernedJobRecord, seen: SubjectSeen, world: World): SubjectSeen {
  // Not those of its actions and its rollback.
  const jobs = world.jobsOf(governedJob.uid).filter((h) => h.labels[labels.stage] === undefined);
  const wanted = governedJobName(governedJob.name, governedJob.uid, governedJob.spec);
  const held = jobs.find((h) => h.released?.request === request.name) ?? jobs.find((h) => h.name === wanted);
  if (held === undefined) {
    const wasReleased = isTrue(request.status?.conditions, 'Released');
    return wasReleased ? nothing : { ...seen, fault: 'Its Job has not been created yet.' };
  }
  const { content, fault } = contentOf(held);
  if (content === undefined) return { ...seen, held, fault };
  return { ...seen, held, fault, content: governedJobContent(governedJob.spec, { name: held.name, uid: held.uid, content }) };
}

async function readGovernedJob(
  { namespace }: RequestRecord,
  { name, uid }: SubjectResource,
  { world, client }: Reader,
): Promise<GovernedJobRecord | undefined> {
  const cached = world.governedJobs.get(`${namespace}/${name}`);
  if (cached !== undefined && cached.uid === uid) return cached;
  const raw = await getOfUid(client, governedJobs, { namespace, name }, uid);
  return raw === undefined ? undefined : governedJobRecord(raw);
}

function contentOf({ content, fault, claim }: HeldFacts): Pick<SubjectSeen, 'content' | 'fault'> {
  const faults = [fault, ...claim.faults].filter((f) => f !== undefined);
  return { content, fault: faults.length === 0 ? undefined : `${faults.join('; ')}.` };
}

async function getOfUid<T extends { metadata: { uid: string } } = KubeObject>(
  client: KubeClient,
  type: ResourceType,
  ref: { namespace: string; name: string },
  uid: string | undefined,
): Promise<T | undefined> {
  try {
    const found = await client.get<T>(type, ref);
    return uid === undefined || found.metadata.uid === uid ? found : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The governed object itself, for whoever must know more of it than is kept: a Job as the API server has it, of our own kinds what requesters write. */
export async function readObject({ held, governedJob }: SubjectSeen, { client }: Reader): Promise<RawObject | undefined> {
  return governedJob === undefined ? readHeld(held, client) : ownObject(governedJobs, governedJob);
}

/** The Job that would run, as the API server has it; undefined while there is none. */
export async function readHeld(held: HeldFacts | undefined, client: KubeClient): Promise<RawObject | undefined> {
  if (held === undefined) return undefined;
  return getOfUid<RawObject>(client, workloadOf(held.kind).type, { namespace: held.namespace, name: held.name }, held.uid);
}

const ownObject = ({ group, version, kind }: ResourceType, record: GovernedJobRecord): RawObject => {
  const { namespace, name, uid, resourceVersion, labels, spec } = record;
  return {
    apiVersion: `${group}/${version}`,
    kind,
    metadata: { namespace, name, uid, resourceVersion, creationTimestamp: '', labels },
    spec,
  };
};

/** What would run, without what differs from one run to the next. */
export function repeatContent({ held, governedJob }: SubjectSeen, object: RawObject): string | undefined {
  if (governedJob !== undefined) return governedJobRepeats(governedJob.spec);
  return held === undefined ? undefined : contentDigest(workloadOf(held.kind).repeats(object));
}

/** What a status needs to know of the subject beside its digest. */
export function subjectFacts(request: RequestRecord, { exists, held }: SubjectSeen): Omit<SubjectFacts, 'digest' | 'fault'> {
  if (held === undefined) return { exists, held: false };
  return {
    exists,
    held: held.markedHeld && held.suspended,
    bypassed: request.governs !== undefined && held.markedHeld && !held.suspended && held.released === undefined,
    released: held.released,
    runOf: held.controller?.kind === 'CronJob' ? held.controller.name : undefined,
    unused: held.released !== undefined && held.suspended && held.started !== true && held.ended === undefined,
    ended: held.ended,
  };
}
