import { approvalRequests, governedJobs } from '../../crds/v1alpha1/resources.ts';
import { ApiError, isAlreadyExists, isForbidden } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/client/types.ts';
import { jobs } from './requests.ts';
import { refusalText } from './refusal.ts';

/** What the API server says of an object that is created for trial only. */
export type Trial =
  /** As it would be stored: defaults filled in, mutated by whoever mutates. */
  | { readonly kind: 'stored'; readonly object: KubeObject }
  /** The caller may not create such objects, so nobody has looked at it. */
  | { readonly kind: 'forbidden' }
  /** It would be refused: by the schema, or at admission. */
  | { readonly kind: 'refused'; readonly why: string };

const types: Readonly<Record<string, ResourceType>> = { Job: jobs, GovernedJob: governedJobs, ApprovalRequest: approvalRequests };

interface Written {
  readonly [field: string]: unknown;
  readonly metadata: { readonly name?: string; readonly generateName?: string };
}

/** Has the API server look at an object, and creates nothing. */
export async function tryToCreate(client: KubeClient, namespace: string, object: Written): Promise<Trial> {
  const type = types[String(object['kind'])] ?? jobs;
  try {
    return { kind: 'stored', object: await client.create(type, namespace, object, { dryRun: true }) };
  } catch (error) {
    const { name } = object.metadata;
    // It may be there already, as what is simulated often is; then the trial is of another name.
    if (isAlreadyExists(error) && name !== undefined) {
      const { name: _taken, ...metadata } = object.metadata;
      return tryToCreate(client, namespace, { ...object, metadata: { ...metadata, generateName: `${name.slice(0, 50)}-` } });
    }
    return refusal(error);
  }
}

/** The same of a policy that is new, or that takes the place of one. */
export async function tryToWrite(
  client: KubeClient,
  type: ResourceType,
  namespace: string | undefined,
  object: Written,
  stored: string | undefined,
): Promise<Trial> {
  const { name = '' } = object.metadata;
  try {
    if (stored === undefined) return { kind: 'stored', object: await client.create(type, namespace, object, { dryRun: true }) };
    const replaced = { ...object, metadata: { ...object.metadata, resourceVersion: stored } };
    return {
      kind: 'stored',
      object: await client.replace(type, { name, ...(namespace === undefined ? {} : { namespace }) }, replaced, { dryRun: true }),
    };
  } catch (error) {
    return refusal(error);
  }
}

function refusal(error: unknown): Trial {
  if (!(error instanceof ApiError) || error.status >= 500) throw error;
  // RBAC and admission both say 403; only RBAC says what the user cannot do.
  if (isForbidden(error) && /\bcannot (create|update|patch) resource\b/.test(error.message)) return { kind: 'forbidden' };
  return { kind: 'refused', why: refusalText(error.message) };
}
