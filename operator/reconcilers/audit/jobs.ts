import { auditMark, type ApprovalRequestSpec } from '../../../crds/v1alpha1/index.ts';
import type { Observation } from '../../core/facts.ts';
import { settled, type Outcome, type Ref } from '../../core/ports.ts';
import { isNotFound } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import { workloadOf, type HeldFacts, type RawObject } from '../../workloads/index.ts';
import type { PolicyRecord } from '../records.ts';
import type { AuditedJob } from './auditedJob.ts';
import { isNews, observationOf, tell, type AuditContext } from './tell.ts';

const job = workloadOf('Job');

/** Tells of one Job what the policies that only audit would have done with it. */
export async function reconcileAuditedJob(ref: Ref, context: AuditContext): Promise<Outcome> {
  const audited = context.world.audited.get(`${ref.namespace ?? ''}/${ref.name}`);
  if (audited === undefined || !isNews(audited, context)) return settled;
  const policies = auditing(audited, context);
  const raw = policies.length === 0 ? undefined : await stored(audited, context.client);
  if (raw === undefined) return settled;
  const held = job.project(raw);
  const regarding = { apiVersion: 'batch/v1', kind: 'Job', namespace: audited.namespace, name: audited.name, uid: audited.uid };
  await tell(regarding, observed(raw, held, policies, context), context);
  return settled;
}

/** Only policies that exist and only audit: a mark that somebody made up says nothing. */
const auditing = ({ namespace, marks }: AuditedJob, { world }: AuditContext): PolicyRecord[] =>
  world.policiesFor(namespace).filter((policy) => policy.spec.enforcement === 'Audit' && marks.includes(auditMark(policy)));

async function stored({ namespace, name, uid }: AuditedJob, client: KubeClient): Promise<RawObject | undefined> {
  try {
    const found = await client.get<RawObject>(job.type, { namespace, name });
    return found.metadata.uid === uid ? found : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** The request that the operator would have made for it. */
function observed(raw: RawObject, held: HeldFacts, policies: readonly PolicyRecord[], context: AuditContext): Observation {
  const { operation, reason, ticket, context: claimed, timeout } = held.claim;
  const spec = {
    subject: { resource: { apiVersion: 'batch/v1', kind: 'Job', name: held.name, uid: held.uid } },
    operation,
    draft: false,
    cancelled: false,
    ...(reason === undefined ? {} : { reason }),
    ...(ticket === undefined ? {} : { ticket }),
    ...(claimed === undefined ? {} : { context: claimed }),
    ...(timeout === undefined ? {} : { timeout }),
  } as ApprovalRequestSpec;
  const { namespace, name, uid, createdAt, labels } = held;
  const requester = { username: held.requester.username, groups: [...held.requester.groups] };
  const request = { namespace, name, uid, generation: 1, createdAt: Date.parse(createdAt), requester, labels, governs: true };
  const subject = { exists: true, held: true, digest: held.content, object: raw };
  return observationOf({ ...request, spec, status: undefined }, subject, policies, context);
}
