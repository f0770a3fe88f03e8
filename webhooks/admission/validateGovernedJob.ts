import { isDeepStrictEqual } from 'node:util';
import type { GovernedJobSpec } from '../../crds/v1alpha1/index.ts';
import { ApiError } from '../../operator/kube/client/apiError.ts';
import type { ResourceType } from '../../operator/kube/client/types.ts';
import type { AdmissionDeps } from './deps.ts';
import { allowed, refuse, type AdmissionHandler } from './handler.ts';
import type { AdmissionRequest, Reviewed, Verdict } from './review.ts';

const jobs: ResourceType = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true };

/** Tries the Job of a GovernedJob with dryRun, so that a wrong template is refused while its author still looks. */
export const validateGovernedJob = ({ client, jobOf }: Pick<AdmissionDeps, 'client' | 'jobOf'>): AdmissionHandler => ({
  path: '/validate/governedjobs',
  name: 'validate-governedjob',
  kinds: ['GovernedJob'],
  review: async (request, { signal }) => {
    const { object, namespace } = request;
    if (object == null || namespace === undefined || !changes(request)) return allowed;
    try {
      await client.create(jobs, namespace, unnamed(jobOf(withMetadata(object, namespace))), { dryRun: true, signal });
      return allowed;
    } catch (error) {
      return verdictOn(error);
    }
  },
});

const specOf = (object: Reviewed | null | undefined): Partial<GovernedJobSpec> => object?.['spec'] ?? {};

function changes({ operation, object, oldObject }: AdmissionRequest): boolean {
  if (operation !== 'UPDATE') return operation === 'CREATE';
  const [now, before] = [specOf(object), specOf(oldObject)];
  return !isDeepStrictEqual([now.jobTemplate, now.parameters], [before.jobTemplate, before.parameters]);
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

function verdictOn(error: unknown): Verdict {
  if (!(error instanceof ApiError)) throw error;
  // A quota that is used up now may be free once it is approved.
  if (error.status === 403 && error.message.includes('exceeded quota'))
    return { allowed: true, warnings: [`The Job could not be created now: ${error.message}`] };
  if (error.status !== 400 && error.status !== 403 && error.status !== 422) throw error;
  return refuse(`spec.jobTemplate: the API server would refuse this Job: ${error.message}`, error.status === 403 ? 403 : 422);
}
