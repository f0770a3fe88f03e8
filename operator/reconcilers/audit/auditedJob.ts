import { auditLabel, auditMarkPrefix } from '../../../crds/v1alpha1/index.ts';
import type { KubeObject } from '../../kube/client/types.ts';
import { WatchCache, type WatchCacheOptions } from '../../kube/watchCache.ts';
import { workloadOf } from '../../workloads/index.ts';

/** What is kept of a Job that a policy would have held: enough to know that it is new, and whose marks it bears. */
export interface AuditedJob {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** Keys of the annotations by which policies say that they would have held it. Anybody may write those. */
  readonly marks: readonly string[];
}

export const auditedJob = ({ metadata }: KubeObject): AuditedJob => ({
  namespace: metadata.namespace ?? '',
  name: metadata.name,
  uid: metadata.uid,
  createdAt: metadata.creationTimestamp,
  marks: Object.keys(metadata.annotations ?? {}).filter((key) => key.startsWith(auditMarkPrefix)),
});

/** All Jobs with the label of the audit. Metrics tell it from the cache of held Jobs by its kind. */
export const auditedJobs = (options: Pick<WatchCacheOptions<AuditedJob>, 'client' | 'log' | 'metrics'>): WatchCache<AuditedJob> =>
  new WatchCache({ ...options, type: { ...workloadOf('Job').type, kind: 'AuditedJob' }, labelSelector: auditLabel, project: auditedJob });
