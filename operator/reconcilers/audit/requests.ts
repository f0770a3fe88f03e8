import { apiVersion, approvalRequests, governedJobs, group } from '../../../crds/v1alpha1/index.ts';
import type { Observation } from '../../core/facts.ts';
import { governs, meterForMatches, type Candidate } from '../../core/match.ts';
import { variablesOf } from '../../core/rules/variables.ts';
import { settled, type Outcome, type Ref } from '../../core/ports.ts';
import { isNotFound } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { KubeObject } from '../../kube/client/types.ts';
import type { RequestRecord } from '../records.ts';
import { isNews, observationOf, tell, type AuditContext } from './tell.ts';

/**
 * Tells of one GovernedJob, or of one request that a person made, what the policies that only audit would have asked. These wait for approval whatever
 * happens, so here it is not the hold that is new but who would be asked. Jobs are told of by their labels.
 */
export async function reconcileAuditedRequest(ref: Ref, context: AuditContext): Promise<Outcome> {
  const request = context.world.requests.get(`${ref.namespace ?? ''}/${ref.name}`);
  if (request === undefined || !isNews(request, context)) return settled;
  const about = subjectOf(request);
  const auditing = context.world.policiesFor(request.namespace).filter((policy) => policy.spec.enforcement === 'Audit');
  if (about === undefined || auditing.length === 0) return settled;
  const object = await stored(about, request.namespace, context.client);
  if (object === undefined) return settled;
  const facts = observed(request, object, context);
  const candidate = candidateOf(about.kind, object, request, context);
  const meter = meterForMatches();
  const policies = auditing.filter((policy) => governs(policy, candidate, () => variablesOf(facts, request.requester), meter));
  if (policies.length === 0) return settled;
  const { namespace } = request;
  const regarding = { apiVersion, kind: about.kind, namespace, name: object.metadata.name, uid: object.metadata.uid };
  await tell(regarding, { ...facts, policies }, context);
  return settled;
}

interface About {
  readonly kind: 'GovernedJob' | 'ApprovalRequest';
  readonly name: string;
}

function subjectOf({ name, governs: uid, spec }: RequestRecord): About | undefined {
  if (uid === undefined) return { kind: 'ApprovalRequest', name };
  const { resource } = spec.subject;
  return resource?.kind === 'GovernedJob' ? { kind: 'GovernedJob', name: resource.name } : undefined;
}

async function stored({ kind, name }: About, namespace: string, client: KubeClient): Promise<KubeObject | undefined> {
  try {
    return await client.get(kind === 'GovernedJob' ? governedJobs : approvalRequests, { namespace, name });
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

const candidateOf = (kind: About['kind'], object: KubeObject, request: RequestRecord, { world }: AuditContext): Candidate => ({
  apiGroup: group,
  kind,
  labels: object.metadata.labels ?? {},
  namespaceLabels: world.namespaceLabels(request.namespace),
  operation: request.spec.operation,
});

function observed(request: RequestRecord, object: KubeObject, context: AuditContext): Observation {
  const { namespace, name, uid, generation, createdAt, requester, labels, spec } = request;
  const facts = { namespace, name, uid, generation, createdAt: Date.parse(createdAt), requester, labels, spec };
  // The digest only has to be there: nobody has decided on it.
  const subject = { exists: true, held: request.governs !== undefined, digest: request.status?.subjectDigest ?? 'unknown', object };
  return observationOf({ ...facts, governs: request.governs !== undefined, status: undefined }, subject, [], context);
}
