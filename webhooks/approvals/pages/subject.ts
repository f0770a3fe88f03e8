import { governedJobs, type GovernedJobSpec, type SubjectResource } from '../../../crds/v1alpha1/index.ts';
import type { Runs } from '../../../operator/core/pins.ts';
import { governedJobContent, requestDigest } from '../../../operator/core/subject.ts';
import { isNotFound } from '../../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../../operator/kube/client/types.ts';
import { workloadOf } from '../../../operator/workloads/index.ts';
import type { KnownRequest } from '../requests.ts';

/** What a request is about, as it is stored now. */
export interface SubjectSeen {
  /** `read`: it is there. `outside`: not in the cluster. `gone`: deleted. `forbidden`: whoever looks may not read it, so nor do we for them. */
  readonly access: 'read' | 'outside' | 'gone' | 'forbidden';
  /** The spec of the Job that would run. */
  readonly jobSpec?: unknown;
  /** What a GovernedJob runs beside that: its actions and its rollback. */
  readonly runs?: Runs;
  /** All of what would run, for whoever wants to read every line. */
  readonly manifest?: unknown;
  /** Why what is shown is not known to be what the digest is of; absent when it was computed anew and is the same. */
  readonly doubt?: string | undefined;
}

/** Whether it is what was decided on. */
export const isAsDecided = ({ access, doubt }: SubjectSeen): boolean => (access === 'read' || access === 'outside') && doubt === undefined;

/** Why nobody should agree to what is shown; undefined when they may. A no needs no such certainty. */
export function obstacleToApproval({ access, doubt }: SubjectSeen): string | undefined {
  if (access === 'forbidden')
    return 'You may not read what would run, so you cannot agree to it here. Ask for the right to get it, or have somebody decide who has it.';
  if (access === 'gone') return 'What would run does not exist any more, so there is nothing to agree to.';
  return doubt === undefined ? undefined : `It cannot be approved as it is: ${doubt}. Look again in a minute.`;
}

/** Whether whoever looks may read such an object. */
export type MayGet = (type: { readonly group: string; readonly plural: string }, name: string) => Promise<boolean>;

interface Deps {
  readonly client: Pick<KubeClient, 'get'>;
  readonly mayGet: MayGet;
}

/** Reads what would run, as far as whoever looks may, and digests it anew with the operator's own functions. */
export async function readSubject(deps: Deps, request: KnownRequest): Promise<SubjectSeen> {
  const { resource } = request.spec.subject;
  const compared = (content: string | undefined): string | undefined => digestDoubt(request, content);
  if (resource === undefined) return { access: 'outside', doubt: compared(undefined) };
  return resource.kind === 'GovernedJob' ? governedJob(deps, request, resource, compared) : plainJob(deps, request, resource, compared);
}

type Compare = (content: string | undefined) => string | undefined;

async function plainJob(deps: Deps, { namespace }: KnownRequest, resource: SubjectResource, compared: Compare): Promise<SubjectSeen> {
  const workload = workloadOf(resource.kind);
  const found = await read(deps, workload.type, namespace, resource);
  if (found === 'gone' || found === 'forbidden') return { access: found };
  const { content, fault } = workload.project(found);
  const doubt = content === undefined ? (fault ?? 'it cannot be digested') : compared(content);
  return { access: 'read', jobSpec: found['spec'], manifest: manifestOf(found), doubt };
}

async function governedJob(deps: Deps, { namespace }: KnownRequest, resource: SubjectResource, compared: Compare): Promise<SubjectSeen> {
  const found = await read(deps, governedJobs, namespace, resource);
  if (found === 'gone' || found === 'forbidden') return { access: found };
  const spec = found['spec'] as GovernedJobSpec;
  const seen = { access: 'read', jobSpec: spec.jobTemplate.spec, runs: spec, manifest: manifestOf(found) } as const;
  const made = (found['status'] as { job?: { name: string; uid: string } } | undefined)?.job;
  // Its Job is made from it, by the operator: whoever may read the one is shown nothing new by the other.
  const job = made === undefined ? 'gone' : await readOfUid(deps, workloadOf('Job').type, namespace, made);
  if (job === 'gone') return { ...seen, doubt: 'its Job does not exist, or not yet' };
  const { content, fault } = workloadOf('Job').project(job);
  if (content === undefined) return { ...seen, doubt: fault ?? 'it cannot be digested' };
  const { name, uid } = job.metadata;
  return { ...seen, jobSpec: job['spec'], doubt: compared(governedJobContent(spec, { name, uid, content })) };
}

async function read(deps: Deps, type: ResourceType, namespace: string, of: Named): Promise<KubeObject | 'gone' | 'forbidden'> {
  return (await deps.mayGet(type, of.name)) ? readOfUid(deps, type, namespace, of) : 'forbidden';
}

interface Named {
  readonly name: string;
  readonly uid?: string | undefined;
}

async function readOfUid({ client }: Deps, type: ResourceType, namespace: string, { name, uid }: Named): Promise<KubeObject | 'gone'> {
  try {
    const found = await client.get(type, { namespace, name });
    return uid === undefined || found.metadata.uid === uid ? found : 'gone';
  } catch (error) {
    if (isNotFound(error)) return 'gone';
    throw error;
  }
}

/** Without what nobody approves: bookkeeping, marks, status, and the hold itself. */
function manifestOf({ apiVersion, kind, metadata, spec }: KubeObject): unknown {
  const { suspend: _hold, ...rest } = (spec ?? {}) as Record<string, unknown>;
  return { apiVersion, kind, metadata: { name: metadata.name, namespace: metadata.namespace }, spec: rest };
}

function digestDoubt({ namespace, spec, onBehalfOf, status }: KnownRequest, content: string | undefined): string | undefined {
  try {
    const digest = requestDigest(namespace, { spec, onBehalfOf }, content, status?.pins);
    return digest === status?.subjectDigest
      ? undefined
      : 'what is stored is not what was digested: it has just been changed, or is not any more what was decided';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
