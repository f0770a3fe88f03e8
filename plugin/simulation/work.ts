import type { ApprovalRequestSpec, GovernedJobSpec } from '../../crds/v1alpha1/index.ts';
import { apiVersion, group } from '../../crds/v1alpha1/resources.ts';
import type { Candidate } from '../../operator/core/match.ts';
import { withParameters } from '../../operator/core/parameters.ts';
import { governedJobReferences, referencesOf } from '../../operator/core/pins.ts';
import { onBehalfOfFrom } from '../../operator/core/requesterStamp.ts';
import type { RawObject } from '../../operator/workloads/contract.ts';
import { workloadOf } from '../../operator/workloads/index.ts';
import type { Manifest } from './manifests.ts';

/** What is matched of one object; a GovernedJob is matched as such, and so is its Job. */
export type Matchable = Omit<Candidate, 'namespaceLabels'>;

/** Work as the operator would see it, once it was created. */
export interface Work {
  readonly source: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly candidates: readonly Matchable[];
  /** Whether approval lets it run; an ApprovalRequest that somebody writes runs nothing. */
  readonly governs: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly onBehalfOf?: string;
  /** The request that would be made for it. */
  readonly spec: ApprovalRequestSpec;
  /** What expressions read as `object`. */
  readonly object: RawObject;
  /** Of a GovernedJob, the Job that would run: what policies that speak of Jobs alone read as `object`. */
  readonly job?: RawObject;
  readonly unpinnedImages: readonly string[];
  /** Keys of the marks by which policies said in a trial that they hold it, or would. */
  readonly marks: readonly string[];
  /** Why no request could be made of what its author says. */
  readonly faults: readonly string[];
}

/** The kinds that can be simulated, and what of each is tried out at the API server. */
const kinds = ['batch/v1 Job', 'batch/v1 CronJob', `${apiVersion} GovernedJob`, `${apiVersion} ApprovalRequest`];

/** Whether policies can govern it at all; otherwise why not. */
export function notGovernable({ apiVersion: of, kind }: Manifest): string | undefined {
  return kinds.includes(`${of} ${kind}`)
    ? undefined
    : `${of} ${kind} is of no kind that policies govern; they govern Jobs, GovernedJobs and ApprovalRequests.`;
}

/** The object that is created: of a CronJob, one of its Jobs. Its owner comes later, as the API server would look for it. */
export function createdBy(manifest: Manifest, namespace: string): Readonly<Record<string, unknown>> & { metadata: Manifest['metadata'] } {
  const { object, metadata } = manifest;
  if (manifest.kind !== 'CronJob') return { ...object, metadata: { ...metadata, namespace } };
  const template = (manifest.spec['jobTemplate'] ?? {}) as { metadata?: Manifest['metadata']; spec?: unknown };
  const { labels, annotations: said } = template.metadata ?? {};
  const generateName = `${nameOf(metadata).slice(0, 52)}-`;
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      generateName,
      namespace,
      ...(labels === undefined ? {} : { labels }),
      ...(said === undefined ? {} : { annotations: said }),
    },
    spec: template.spec ?? {},
  };
}

/** The Job of a GovernedJob, as the operator would create it; the marks aside, by which it is known to be held. */
export function jobOf(governedJob: Readonly<Record<string, unknown>> & { readonly metadata: Manifest['metadata'] }, namespace: string) {
  const { jobTemplate, parameters } = (governedJob['spec'] ?? {}) as Partial<GovernedJobSpec>;
  const metadata = { ...jobTemplate?.metadata, generateName: `${nameOf(governedJob.metadata).slice(0, 50)}-`, namespace };
  return { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { ...withParameters(jobTemplate?.spec ?? {}, parameters), suspend: true } };
}

export const nameOf = ({ name, generateName }: Manifest['metadata']): string => name ?? `${generateName ?? ''}…`;

/**
 * The work that a manifest would become. `created`: what of it was created, as the API server would store it or, failing that, as it was written. `job`:
 * the same of the Job of a GovernedJob. Pure.
 */
export function workOf(
  manifest: Manifest,
  created: Readonly<Record<string, unknown>>,
  namespace: string,
  now: number,
  job?: Readonly<Record<string, unknown>>,
): Work {
  const raw = stored(created, manifest, namespace, now);
  const base = { source: manifest.source, kind: manifest.kind, namespace, name: nameOf(manifest.metadata), object: raw };
  switch (manifest.kind) {
    case 'GovernedJob':
      return { ...base, ...governedJob(raw), job: stored(job ?? jobOf(raw, namespace), manifest, namespace, now) };
    case 'ApprovalRequest':
      return { ...base, ...request(raw) };
    default:
      return { ...base, ...plainJob(raw) };
  }
}

type Rest = Omit<Work, 'source' | 'kind' | 'namespace' | 'name' | 'object'>;

/** What only a stored object has is made up: nothing that is decided depends on it. */
function stored(created: Readonly<Record<string, unknown>>, manifest: Manifest, namespace: string, now: number): RawObject {
  const metadata = (created['metadata'] ?? {}) as RawObject['metadata'];
  const owner = { apiVersion: 'batch/v1', kind: 'CronJob', name: nameOf(manifest.metadata), uid: 'simulated', controller: true };
  return {
    ...created,
    metadata: {
      ...metadata,
      name: nameOf(metadata),
      namespace,
      uid: 'simulated',
      resourceVersion: '0',
      creationTimestamp: new Date(now).toISOString(),
      ...(manifest.kind === 'CronJob' ? { ownerReferences: [owner] } : {}),
    },
  };
}

const resource = (of: string, kind: 'Job' | 'GovernedJob', name: string) => ({
  subject: { resource: { apiVersion: of as 'batch/v1', kind, name, uid: 'simulated' } },
  draft: false,
  cancelled: false,
});

function plainJob(raw: RawObject): Rest {
  const { labels, claim, policyMarks, fault } = workloadOf('Job').project(raw);
  const { faults, ...said } = claim;
  return {
    candidates: [{ apiGroup: 'batch', kind: 'Job', labels }],
    governs: true,
    labels: {},
    ...onBehalfOfFrom(raw.metadata.annotations),
    spec: { ...resource('batch/v1', 'Job', raw.metadata.name), ...said },
    unpinnedImages: referencesOf(raw['spec']).unpinnedImages,
    marks: policyMarks,
    faults: [...faults, ...(fault === undefined ? [] : [fault])],
  };
}

function governedJob(raw: RawObject): Rest {
  // Nobody has checked it where it could not be tried out.
  const { operation = '', parameters, reason, ticket, policyRef, timeout, jobTemplate, ...runs } = raw['spec'] as Partial<GovernedJobSpec>;
  const labels = raw.metadata.labels ?? {};
  return {
    candidates: [
      { apiGroup: group, kind: 'GovernedJob', labels, operation },
      // Its Job is a Job like any other.
      { apiGroup: 'batch', kind: 'Job', labels: jobTemplate?.metadata?.labels ?? {} },
    ],
    governs: true,
    labels: {},
    ...onBehalfOfFrom(raw.metadata.annotations),
    spec: {
      ...resource(apiVersion, 'GovernedJob', raw.metadata.name),
      operation,
      ...(parameters === undefined ? {} : { context: parameters }),
      ...(reason === undefined ? {} : { reason }),
      ...(ticket === undefined ? {} : { ticket }),
      ...(policyRef === undefined ? {} : { policyRef }),
      ...(timeout === undefined ? {} : { timeout }),
    },
    unpinnedImages: governedJobReferences(runs, referencesOf(jobTemplate?.spec)).unpinnedImages,
    marks: [],
    faults: missing({ operation, jobTemplate }),
  };
}

/** What the API server fills in of a stage. */
const defaults = { rejections: 1 };

function request(raw: RawObject): Rest {
  const written = raw['spec'] as ApprovalRequestSpec & { readonly operation?: string };
  const labels = raw.metadata.labels ?? {};
  const stages = written.stages?.map((stage) => ({ ...defaults, ...stage }));
  const spec: ApprovalRequestSpec = { ...written, draft: false, cancelled: false, ...(stages === undefined ? {} : { stages }) };
  return {
    candidates: [{ apiGroup: group, kind: 'ApprovalRequest', labels, operation: spec.operation }],
    governs: false,
    labels,
    ...onBehalfOfFrom(raw.metadata.annotations),
    spec,
    unpinnedImages: [],
    marks: [],
    faults: missing({ operation: written.operation, subject: written.subject }),
  };
}

const missing = (fields: Readonly<Record<string, unknown>>): string[] =>
  Object.entries(fields).flatMap(([name, field]) => (field === undefined || field === '' ? [`spec.${name} is missing`] : []));
