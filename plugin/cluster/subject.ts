import type { GovernedJobSpec } from '../../crds/v1alpha1/index.ts';
import { governedJobs } from '../../crds/v1alpha1/resources.ts';
import type { Runs } from '../../operator/core/pins.ts';
import { onBehalfOfFrom } from '../../operator/core/requesterStamp.ts';
import { governedJobContent, requestDigest } from '../../operator/core/subject.ts';
import { isForbidden, isNotFound } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/client/types.ts';
import { workloadOf } from '../../operator/workloads/index.ts';
import { isSettled, type Request } from '../request.ts';
import { checkPins, type PinCheck } from './pins.ts';
import { jobs } from './requests.ts';

/** What a request is about, as it is stored now, and whether that is what the operator digested. */
export interface Subject {
  /** `read`: it is there. `outside`: not in the cluster. `gone`: deleted, or another of the same name. `forbidden`: this user may not read it. */
  readonly access: 'read' | 'outside' | 'gone' | 'forbidden';
  /** What would run, as documents for people: the parts that the digest covers. */
  readonly documents: readonly KubeDocument[];
  /** The spec of the Job that would run. */
  readonly jobSpec?: unknown;
  /** What a GovernedJob runs beside that: its actions and its rollback. */
  readonly runs?: Runs;
  /** When the held work was created, RFC 3339. */
  readonly createdAt?: string;
  /** Of what was read; absent when that could not be computed, and then `fault` says why. */
  readonly digest?: string;
  readonly fault?: string;
  /** What became of looking at what the digest covers besides; only while the request is open, and where there is anything. */
  readonly pins?: PinCheck;
}

/** A part of a manifest. */
export interface KubeDocument {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: unknown;
}

/** Reads the subject of a request and digests it anew, with the operator's own functions. */
export async function readSubject(client: KubeClient, request: Request): Promise<Subject> {
  const pinned = isSettled(request) ? [] : (request.stored.status?.pins ?? []);
  const [subject, pins] = await Promise.all([
    read(client, request),
    pinned.length === 0 ? undefined : checkPins(client, request.namespace, pinned),
  ]);
  return pins === undefined ? subject : { ...subject, pins };
}

async function read(client: KubeClient, request: Request): Promise<Subject> {
  const { resource } = request.stored.spec.subject;
  if (resource === undefined) return { access: 'outside', documents: [], ...digested(request, undefined) };
  try {
    const seen = resource.kind === 'GovernedJob' ? await governedJob(client, request) : await workload(client, request);
    return seen ?? { access: 'gone', documents: [], fault: `${resource.kind} ${resource.name} does not exist any more.` };
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return { access: 'forbidden', documents: [], fault: `you may not read it: ${(error as Error).message}` };
  }
}

async function workload(client: KubeClient, request: Request): Promise<Subject | undefined> {
  const { kind = '', name = '', uid } = request.stored.spec.subject.resource ?? {};
  const described = workloadOf(kind);
  const raw = await readOfUid(client, described.type, { namespace: request.namespace, name }, uid);
  if (raw === undefined) return undefined;
  const { content, fault } = described.project(raw);
  return {
    access: 'read',
    documents: [documentOf(raw, 'batch/v1', 'Job')],
    jobSpec: raw['spec'],
    createdAt: raw.metadata.creationTimestamp,
    ...(content === undefined ? { fault: fault ?? 'it cannot be digested' } : digested(request, content)),
  };
}

async function governedJob(client: KubeClient, request: Request): Promise<Subject | undefined> {
  const { name = '', uid } = request.stored.spec.subject.resource ?? {};
  const raw = await readOfUid(client, governedJobs, { namespace: request.namespace, name }, uid);
  if (raw === undefined) return undefined;
  const spec = raw['spec'] as GovernedJobSpec;
  const seen = { access: 'read', createdAt: raw.metadata.creationTimestamp, runs: spec } as const;
  const documents = [documentOf(raw, 'countersign.dev/v1alpha1', 'GovernedJob')];
  const made = (raw['status'] as { job?: { name: string; uid: string } } | undefined)?.job;
  const job = made && (await readOfUid(client, jobs, { namespace: request.namespace, name: made.name }, made.uid));
  if (job === undefined) return { ...seen, documents, jobSpec: spec.jobTemplate.spec, fault: 'its Job does not exist, or not yet.' };
  const { content, fault } = workloadOf('Job').project(job);
  const identity = { name: job.metadata.name, uid: job.metadata.uid };
  return {
    ...seen,
    documents: [...documents, documentOf(job, 'batch/v1', 'Job')],
    jobSpec: job['spec'],
    ...(content === undefined
      ? { fault: fault ?? 'it cannot be digested' }
      : digested(request, governedJobContent(spec, { ...identity, content }))),
  };
}

/** Without what nobody approves: bookkeeping, marks, status, and the hold itself. */
function documentOf(raw: KubeObject, apiVersion: string, kind: string): KubeDocument {
  const { suspend: _hold, ...spec } = (raw['spec'] ?? {}) as Record<string, unknown>;
  return { apiVersion, kind, metadata: { name: raw.metadata.name, namespace: raw.metadata.namespace ?? '' }, spec };
}

function digested(request: Request, content: string | undefined): Pick<Subject, 'digest' | 'fault'> {
  try {
    const { spec, status, object } = request.stored;
    return { digest: requestDigest(request.namespace, { spec, ...onBehalfOfFrom(object.metadata.annotations) }, content, status?.pins) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

async function readOfUid(
  client: KubeClient,
  type: ResourceType,
  ref: { readonly namespace: string; readonly name: string },
  uid: string | undefined,
): Promise<KubeObject | undefined> {
  try {
    const found = await client.get(type, ref);
    return uid === undefined || found.metadata.uid === uid ? found : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
