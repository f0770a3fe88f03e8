import { auditLabel, auditMark, auditMarkPrefix } from '../../crds/v1alpha1/marks.ts';
import type { PolicyFacts } from '../../operator/core/facts.ts';
import { requesterFrom } from '../../operator/core/requesterStamp.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';
import type { Session } from '../cluster/connect.ts';
import { jobs } from '../cluster/requests.ts';
import { readRulebook } from '../cluster/rulebook.ts';
import { simulate, type Simulated } from './simulated.ts';
import { workOf } from './work.ts';

/** A Job that policies said they would have held, and what they would have asked, as they are now. */
export interface Audited {
  readonly job: KubeObject;
  /** Absent when none of these policies is there any more, or none can be read. */
  readonly simulated?: Simulated;
  /** Policies that left their mark and are not there any more, only audit no longer, or cannot be read. */
  readonly unknown: readonly string[];
}

/** Reads the Jobs that are marked, newest first. */
export async function readAudited(
  { client, namespace }: Session,
  everywhere: boolean,
): Promise<{ audited: Audited[]; gaps: readonly string[] }> {
  const found: KubeObject[] = [];
  for await (const job of client.listAll(jobs, { labelSelector: `${auditLabel}=true`, ...(everywhere ? {} : { namespace }) }))
    found.push(job);
  found.sort((a, b) => Date.parse(b.metadata.creationTimestamp) - Date.parse(a.metadata.creationTimestamp));
  const namespaces = [...new Set(found.map((job) => job.metadata.namespace ?? ''))];
  const rulebook = await readRulebook(client, namespaces);
  const audited = found.map((job): Audited => {
    const space = job.metadata.namespace ?? '';
    return auditedOf(job, rulebook.policiesFor(space), rulebook.namespaceObject(space), client.now());
  });
  return { audited, gaps: rulebook.gaps };
}

/** What the policies whose marks a Job bears would have asked of it. Pure. */
export function auditedOf(
  job: KubeObject,
  policies: readonly PolicyFacts[],
  namespaceObject: Parameters<typeof simulate>[1]['namespaceObject'],
  now: number,
): Audited {
  const marks = Object.keys(job.metadata.annotations ?? {}).filter((key) => key.startsWith(auditMarkPrefix));
  const auditing = policies.filter((policy) => policy.spec.enforcement === 'Audit' && marks.includes(auditMark(policy)));
  const known = new Set(auditing.map(auditMark));
  const unknown = marks
    .filter((mark) => !known.has(mark))
    .map((mark) => mark.slice(auditMarkPrefix.length).replace(/^cluster_\./, 'ClusterApprovalPolicy '));
  if (auditing.length === 0) return { job, unknown };
  const me = requesterFrom(job.metadata.annotations);
  const manifest = { source: '', apiVersion: 'batch/v1', kind: 'Job', metadata: job.metadata, spec: {}, object: job };
  const work = {
    ...workOf(manifest, job, job.metadata.namespace ?? '', now),
    candidates: [{ apiGroup: 'batch', kind: 'Job', labels: {} }],
    marks,
  };
  // As it was asked then is not known: what the operator counted of earlier runs is left out, as where it tells of them itself.
  return { job, unknown, simulated: simulate(work, { now, me, policies: auditing, namespaceObject, failureRate: 0 }, () => true) };
}
