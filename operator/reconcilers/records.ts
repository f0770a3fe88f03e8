import {
  labels,
  type ApprovalDecision,
  type ApprovalDelegation,
  type ApprovalPolicySpec,
  type ApprovalPolicyStatus,
  type ApprovalRequest,
  type ApprovalRequestSpec,
  type ApprovalRequestStatus,
  type Approver,
  type GovernedJob,
  type GovernedJobSpec,
  type GovernedJobStatus,
  type PolicyKind,
  type Requester,
} from '../../crds/v1alpha1/index.ts';
import { compile } from '../core/cel/index.ts';
import { onBehalfOfFrom, requesterFrom } from '../core/requesterStamp.ts';
import { compileRules } from '../core/rules/compile.ts';
import { storedDelegation, type StoredDelegation } from '../core/storedDelegation.ts';
import type { DecisionFacts, DelegationSeen, PolicyFacts } from '../core/facts.ts';
import type { KubeObject } from '../kube/client/types.ts';
import { isTrue } from '../core/conditions.ts';

/** What is kept of each object that the reconcilers read. Whatever is not used is dropped as it arrives. */

export interface RequestRecord {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly requester: Requester;
  /** Whom it was asked for, as whoever submitted it says. */
  readonly onBehalfOf?: string;
  /** The uid of the work that it releases; absent for a person's own request, which releases nothing. */
  readonly governs?: string;
  readonly spec: ApprovalRequestSpec;
  readonly status: ApprovalRequestStatus | undefined;
}

export function requestRecord(raw: KubeObject): RequestRecord {
  const { metadata, spec, status } = raw as unknown as ApprovalRequest;
  const governs = metadata.labels?.[labels.subjectUid];
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation,
    createdAt: metadata.creationTimestamp,
    labels: metadata.labels ?? {},
    requester: requesterFrom(metadata.annotations),
    spec,
    status,
    ...onBehalfOfFrom(metadata.annotations),
    ...(governs === undefined ? {} : { governs }),
  };
}

export const isSettled = (request: { readonly status: ApprovalRequestStatus | undefined }): boolean =>
  isTrue(request.status?.conditions, 'Settled');

/** Settled with nothing left to follow: refused, or released and ended, or approved with nothing to release, or gone before it was released. */
export const isFinished = ({ status, governs }: Pick<RequestRecord, 'status' | 'governs'>): boolean =>
  isSettled({ status }) &&
  (governs === undefined || ['Rejected', 'Cancelled', 'Expired'].includes(status?.phase ?? '') || isTrue(status?.conditions, 'Completed'));

/** A decision, with every request that it names. */
export interface DecisionEntry extends Omit<DecisionFacts, 'digest' | 'requestUid'> {
  readonly namespace: string;
  readonly requests: readonly { readonly name: string; readonly uid: string; readonly digest: string }[];
}

export function decisionEntry(raw: KubeObject): DecisionEntry {
  const { metadata, spec } = raw as unknown as ApprovalDecision;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    verdict: spec.verdict,
    approver: spec.approver ?? '',
    groups: spec.groups ?? [],
    via: spec.via ?? 'Kubernetes',
    reason: spec.reason,
    ticket: spec.ticket,
    response: spec.response,
    reassign: spec.reassign,
    standing: spec.standing,
    time: metadata.creationTimestamp,
    requests: spec.requests,
  };
}

/** The decision as one of its requests sees it. */
export function decisionFor({ requests, namespace: _namespace, ...rest }: DecisionEntry, requestUid: string): DecisionFacts | undefined {
  const named = requests.find((r) => r.uid === requestUid);
  return named === undefined ? undefined : { ...rest, digest: named.digest, requestUid: named.uid };
}

/** A delegation, with its condition. */
export interface DelegationRecord extends StoredDelegation, Pick<DelegationSeen, 'when'> {}

export function delegationRecord(raw: KubeObject): DelegationRecord {
  const delegation = raw as unknown as ApprovalDelegation;
  const { when } = delegation.spec;
  return { ...storedDelegation(delegation), ...(when === undefined ? {} : { when: whenOf(when) }) };
}

function whenOf(source: string): NonNullable<DelegationRecord['when']> {
  const compiled = compile(source, { scope: 'delegation', result: 'bool' });
  return 'run' in compiled ? compiled : 'faulty';
}

/** One person, as a platform team knows them. */
export interface ApproverRecord {
  readonly name: string;
  readonly username: string;
  readonly groups: readonly string[];
  readonly manager: string | undefined;
  readonly mail: string | undefined;
  readonly slackId: string | undefined;
}

export function approverRecord(raw: KubeObject): ApproverRecord {
  const { metadata, spec } = raw as unknown as Approver;
  const { username, groups, manager, mail, slackId } = spec;
  return { name: metadata.name, username, groups, manager, mail, slackId };
}

export interface GovernedJobRecord {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly generation: number;
  readonly deleting: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly requester: Requester;
  /** Whom it was asked for, as whoever wrote it says. */
  readonly onBehalfOf?: string;
  readonly spec: GovernedJobSpec;
  readonly status: GovernedJobStatus | undefined;
}

export function governedJobRecord(raw: KubeObject): GovernedJobRecord {
  const { metadata, spec, status } = raw as unknown as GovernedJob;
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation,
    deleting: metadata.deletionTimestamp !== undefined,
    labels: metadata.labels ?? {},
    requester: requesterFrom(metadata.annotations),
    ...onBehalfOfFrom(metadata.annotations),
    spec,
    status,
  };
}

export interface PolicyRecord extends PolicyFacts {
  readonly resourceVersion: string;
  readonly status: ApprovalPolicyStatus | undefined;
}

/** `kind` is given because items of a list do not carry theirs. */
export const policyRecord =
  (kind: PolicyKind) =>
  (raw: KubeObject): PolicyRecord => ({
    kind,
    namespace: raw.metadata.namespace,
    name: raw.metadata.name,
    uid: raw.metadata.uid,
    generation: raw.metadata.generation ?? 0,
    resourceVersion: raw.metadata.resourceVersion,
    spec: raw['spec'] as ApprovalPolicySpec,
    rules: compileRules(raw['spec'] as ApprovalPolicySpec),
    status: raw['status'] as ApprovalPolicyStatus | undefined,
  });

export interface NamespaceRecord {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly terminating: boolean;
}

export const namespaceRecord = ({ metadata }: KubeObject): NamespaceRecord => ({
  name: metadata.name,
  labels: metadata.labels ?? {},
  terminating: metadata.deletionTimestamp !== undefined,
});
