import type { ApprovalRequest } from '../../crds/v1alpha1/index.ts';
import type { Reached } from '../../operator/core/approvers.ts';
import type { Person } from '../../operator/core/eligibility.ts';
import type { AllowedHost } from '../../operator/core/httpAllow.ts';
import type { NamespaceObject, PermissionQuestions, Permissions, PolicyFacts, PolicyId } from '../../operator/core/facts.ts';
import type { Clock } from '../../operator/core/ports.ts';
import type { Access } from '../../operator/kube/accessReview.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { Logger } from '../../operator/telemetry/logger.ts';
import type { Metrics } from '../../operator/telemetry/metrics.ts';

/** What a decision needs to know of a request. */
export type KnownRequest = Pick<ApprovalRequest, 'spec' | 'status'> & {
  readonly uid: string;
  /** The user name of who asked; empty when nobody knows. */
  readonly requester: string;
};

/** One person, as a platform team knows them. */
export interface KnownApprover extends Reached {
  /** Of the Approver. */
  readonly name: string;
  readonly groups: readonly string[];
}

/** A request that was overridden, and whose override nobody has reviewed. */
export interface Unreviewed {
  readonly namespace: string;
  readonly name: string;
  readonly by: readonly string[];
}

/** Everything that admission uses of the rest of the process. */
export interface AdmissionDeps {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** `system:serviceaccount:NAMESPACE:countersign` */
  readonly operatorUser: string;
  /** `system:serviceaccount:NAMESPACE:countersign-approvals` */
  readonly relayUser: string;
  /** A request as the cache has it; what is not there, or does not fit, is asked of the API server itself. */
  knownRequest(namespace: string, name: string): KnownRequest | undefined;
  /** Asks the API server's authorizer. @throws when it cannot be asked. */
  isAllowed(person: Person, access: Access): Promise<boolean>;
  /** Who of these people has the rights that matter. @throws when it cannot be asked. */
  permissionsOf(questions: PermissionQuestions): Promise<Permissions>;
  /** The policies that may speak for a namespace, as the cache has them. */
  policiesFor(namespace: string): readonly PolicyFacts[];
  /** A policy as the API server has it now; undefined when it is gone. @throws when it cannot be asked. */
  readPolicy(policy: PolicyId): Promise<PolicyFacts | undefined>;
  /** A namespace as expressions see it; undefined while it is not known. */
  namespaceObject(namespace: string): NamespaceObject | undefined;
  /** Everybody whom a platform team wrote down, as the cache has them. */
  approvers(): Iterable<KnownApprover>;
  /** Overrides that nobody has reviewed, in whatever namespace. */
  unreviewed(): readonly Unreviewed[];
  /** The Jobs that the operator would create for this GovernedJob, to be tried out, each with the field that its template is in. */
  jobsOf(governedJob: object): readonly { readonly field: string; readonly job: object }[];
  /** Hosts that actions may call. */
  readonly httpAllow: readonly AllowedHost[];
}
