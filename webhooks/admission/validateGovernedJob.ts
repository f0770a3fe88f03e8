import { isDeepStrictEqual } from 'node:util';
import type { GovernedJobSpec } from '../../crds/v1alpha1/index.ts';
import { CountersignError } from '../../operator/core/errors.ts';
import { callFault, type AllowedHost } from '../../operator/core/httpAllow.ts';
import { governedJobSource, mostContextBytes } from '../../operator/core/subject.ts';
import { ApiError } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { ResourceType } from '../../operator/kube/client/types.ts';
import type { AdmissionDeps } from './deps.ts';
import { allowed, refuse, type AdmissionHandler } from './handler.ts';
import type { AdmissionRequest, Reviewed, Verdict } from './review.ts';
import { violationOf, type ViolationDeps } from './violations.ts';

const jobs: ResourceType = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true };

/** Tries every Job of a GovernedJob with dryRun, so that a wrong template is refused while its author still looks; and what else can be known by then: rules of policies among it. */
export const validateGovernedJob = ({
  client,
  jobsOf,
  httpAllow,
  ...deps
}: Pick<AdmissionDeps, 'client' | 'jobsOf' | 'httpAllow'> & ViolationDeps): AdmissionHandler => ({
  path: '/validate/governedjobs',
  name: 'validate-governedjob',
  kinds: ['GovernedJob'],
  review: async (request, { signal }) => {
    const { object, namespace } = request;
    const violation = await violationOf(request, deps);
    if (violation !== undefined) return violation;
    if (object == null || namespace === undefined || !changes(request)) return allowed;
    const fault = contentFault(specOf(object)) ?? callsFault(specOf(object), httpAllow);
    if (fault !== undefined) return refuse(fault, 422);
    const verdicts = await Promise.all(
      jobsOf(withMetadata(object, namespace)).map(({ field, job }) => tried(field, unnamed(job), namespace, { client, signal })),
    );
    return verdicts.find((verdict) => !verdict.allowed) ?? { ...allowed, ...warningsOf(verdicts) };
  },
});

type Spec = Partial<GovernedJobSpec>;
const specOf = (object: Reviewed | null | undefined): Spec => object?.['spec'] ?? {};

/** Of the spec, all that a Job or a call is made of. */
const runs = ({ jobTemplate, parameters, preActions, postActions, rollback }: Spec): unknown[] => [
  jobTemplate,
  parameters,
  preActions,
  postActions,
  rollback,
];

const changes = ({ operation, object, oldObject }: AdmissionRequest): boolean =>
  operation === 'CREATE' || (operation === 'UPDATE' && !isDeepStrictEqual(runs(specOf(object)), runs(specOf(oldObject))));

/** What could be stored, but never be decided on. */
function contentFault(spec: Spec): string | undefined {
  const bytes = spec.parameters === undefined ? 0 : Buffer.byteLength(JSON.stringify(spec.parameters));
  if (bytes > mostContextBytes)
    return `spec.parameters: has ${bytes} bytes of JSON; expected at most ${mostContextBytes}: refer to what is large instead of including it`;
  try {
    governedJobSource('', { ...spec, jobTemplate: spec.jobTemplate });
    return undefined;
  } catch (error) {
    if (error instanceof CountersignError) return `spec: ${error.message}`;
    throw error;
  }
}

function callsFault({ preActions = [], postActions = [] }: Spec, httpAllow: readonly AllowedHost[]): string | undefined {
  const calls = [
    ...preActions.map((action, i) => ({ field: `spec.preActions[${i}].http.url`, action })),
    ...postActions.map((action, i) => ({ field: `spec.postActions[${i}].http.url`, action })),
  ];
  for (const { field, action } of calls) {
    const fault = action.http === undefined ? undefined : callFault(action.http.url, httpAllow);
    if (fault !== undefined) return `${field}: ${fault}`;
  }
  return undefined;
}

// What is created has a name and a uid by now; with generateName the name may still be missing, and nothing of the trial depends on it.
const withMetadata = (object: Reviewed, namespace: string): object => ({
  ...object,
  metadata: { uid: '', ...object.metadata, name: object.metadata.name ?? object.metadata.generateName ?? 'governed', namespace },
});

// The Job of a GovernedJob that is edited may exist already, and its owner does not exist before it is admitted.
function unnamed(job: object): object {
  const { metadata, ...rest } = job as { metadata: Record<string, unknown> };
  const { name: _name, ownerReferences: _owners, ...kept } = metadata;
  return { ...rest, metadata: { ...kept, generateName: 'countersign-try-' } };
}

async function tried(
  field: string,
  job: object,
  namespace: string,
  { client, signal }: { client: KubeClient; signal: AbortSignal },
): Promise<Verdict> {
  try {
    await client.create(jobs, namespace, job, { dryRun: true, signal });
    return allowed;
  } catch (error) {
    return verdictOn(field, error);
  }
}

function verdictOn(field: string, error: unknown): Verdict {
  if (!(error instanceof ApiError)) throw error;
  // A quota that is used up now may be free once it is approved.
  if (error.status === 403 && error.message.includes('exceeded quota'))
    return { allowed: true, warnings: [`${field}: the Job could not be created now: ${error.message}`] };
  if (error.status !== 400 && error.status !== 403 && error.status !== 422) throw error;
  return refuse(`${field}: the API server would refuse this Job: ${error.message}`, error.status === 403 ? 403 : 422);
}

function warningsOf(verdicts: readonly Verdict[]): { warnings?: string[] } {
  const warnings = verdicts.flatMap((verdict) => (verdict.allowed ? (verdict.warnings ?? []) : []));
  return warnings.length === 0 ? {} : { warnings };
}
