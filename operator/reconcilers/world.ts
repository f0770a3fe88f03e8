import {
  approvalDecisions,
  approvalPolicies,
  approvalRequests,
  clusterApprovalPolicies,
  governedJobs,
  labels,
  type PolicyKind,
} from '../../crds/v1alpha1/index.ts';
import { policyKey, type NamespaceObject, type PolicyId } from '../core/facts.ts';
import type { ReviewOwed, StandingFacts } from '../core/facts.ts';
import { standingFacts } from '../core/standing.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../kube/client/types.ts';
import { WatchCache } from '../kube/watchCache.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { workloads, type HeldFacts, type RawObject } from '../workloads/index.ts';
import { auditedJobs, type AuditedJob } from './audit/auditedJob.ts';
import { People } from './people.ts';
import { Sharing } from './sharing.ts';
import {
  decisionEntry,
  governedJobRecord,
  isFinished,
  isSettled,
  namespaceRecord,
  policyRecord,
  requestRecord,
  type DecisionEntry,
  type GovernedJobRecord,
  type NamespaceRecord,
  type PolicyRecord,
  type RequestRecord,
} from './records.ts';

export interface WorldOptions {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly metrics: Metrics;
}

const namespaces: ResourceType = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };

/** The part of the cluster that the reconcilers look at, kept current by watches. Reads only. */
export class World {
  readonly requests: WatchCache<RequestRecord>;
  readonly decisions: WatchCache<DecisionEntry>;
  readonly people: People;
  readonly governedJobs: WatchCache<GovernedJobRecord>;
  readonly policies: Readonly<Record<PolicyKind, WatchCache<PolicyRecord>>>;
  readonly namespaces: WatchCache<NamespaceRecord>;
  /** One cache per kind that can be held; only marked objects are in it. */
  readonly held: ReadonlyMap<string, WatchCache<HeldFacts>>;
  /** Jobs that policies which only audit would have held. */
  readonly audited: WatchCache<AuditedJob>;

  constructor({ client, log, metrics }: WorldOptions) {
    const cache = <T>(type: ResourceType, project: (raw: KubeObject) => T, labelSelector?: string): WatchCache<T> =>
      new WatchCache({ client, type, project, log, metrics, ...(labelSelector === undefined ? {} : { labelSelector }) });
    const sharing = new Sharing();
    this.requests = cache(approvalRequests, (raw) => sharing.request(requestRecord(raw)));
    this.decisions = cache(approvalDecisions, decisionEntry);
    this.people = new People({ client, log, metrics });
    this.governedJobs = cache(governedJobs, governedJobRecord);
    this.policies = {
      ApprovalPolicy: cache(approvalPolicies, policyRecord('ApprovalPolicy')),
      ClusterApprovalPolicy: cache(clusterApprovalPolicies, policyRecord('ClusterApprovalPolicy')),
    };
    this.namespaces = cache(namespaces, namespaceRecord);
    this.held = new Map(
      workloads.map((w) => [w.type.kind, cache(w.type, (raw) => sharing.held(w.project(raw as RawObject)), labels.held)]),
    );
    this.audited = auditedJobs({ client, log, metrics });
    this.#index();
  }

  #index(): void {
    this.requests.addIndex('subjectUid', (r) => [r.governs ?? r.spec.subject.resource?.uid ?? ''].filter((uid) => uid !== ''));
    this.requests.addIndex('uid', (r) => [r.uid]);
    this.requests.addIndex('open', (r) => (isSettled(r) ? [] : ['']));
    this.requests.addIndex('unfinished', (r) => (isFinished(r) ? [] : [r.namespace]));
    this.requests.addIndex('finished', (r) => (isFinished(r) ? [r.namespace] : []));
    this.requests.addIndex('namespace', (r) => [r.namespace]);
    this.requests.addIndex('reviewOwed', (r) => (owesReview(r) ? [''] : []));
    this.requests.addIndex('standing', (r) => (isStanding(r) ? [r.namespace] : []));
    this.decisions.addIndex('request', (d) => d.requests.map((r) => r.uid));
    this.decisions.addIndex('namespace', (d) => [d.namespace]);
    this.decisions.addIndex('replaced', (d) => (d.reassign === undefined ? [] : [d.reassign.from]));
    this.governedJobs.addIndex('uid', (g) => [g.uid]);
    this.policies.ApprovalPolicy.addIndex('namespace', (p) => [p.namespace ?? '']);
    for (const cache of this.held.values()) {
      cache.addIndex('uid', (h) => [h.uid]);
      cache.addIndex('controller', (h) => (h.controller === undefined ? [] : [h.controller.uid]));
    }
  }

  get caches(): readonly WatchCache<never>[] {
    const all = [
      this.requests,
      this.decisions,
      this.people.delegations,
      this.people.approvers,
      this.governedJobs,
      this.policies.ApprovalPolicy,
      this.policies.ClusterApprovalPolicy,
      this.namespaces,
      ...this.held.values(),
      this.audited,
    ];
    return all as unknown as readonly WatchCache<never>[];
  }

  /** Starts every watch; fulfilled once all that exists is here. */
  async start(): Promise<void> {
    for (const cache of this.caches) cache.start();
    await Promise.all(this.caches.map((cache) => cache.synced));
  }

  async stop(): Promise<void> {
    await Promise.all(this.caches.map((cache) => cache.stop()));
  }

  isSynced(): boolean {
    return this.caches.every((cache) => cache.isSynced());
  }

  /** The marked object of that uid, of whichever kind. */
  heldByUid(uid: string): HeldFacts | undefined {
    return this.#heldBy('uid', uid)[0];
  }

  /** The marked objects that an owner controls. */
  heldByController(uid: string): HeldFacts[] {
    return this.#heldBy('controller', uid);
  }

  /**
   * The Jobs that a GovernedJob is about: one, and for a moment also that which it replaces. Only the operator may make it the owner of held work; any
   * other owner is whatever its author wrote there.
   */
  jobsOf(governedJobUid: string): HeldFacts[] {
    return this.#ownedBy(governedJobUid).filter((h) => h.labels[labels.stage] === undefined);
  }

  /** The Jobs that a GovernedJob has beside that: of its actions and of its rollback. */
  actionJobsOf(governedJobUid: string): HeldFacts[] {
    return this.#ownedBy(governedJobUid).filter((h) => h.labels[labels.stage] !== undefined);
  }

  #ownedBy(governedJobUid: string): HeldFacts[] {
    return this.heldByController(governedJobUid).filter((h) => h.controller?.kind === governedJobs.kind);
  }

  /** What a request of that subject releases: the object itself, or the Jobs of the GovernedJob. */
  workOf(subjectUid: string): HeldFacts[] {
    return [...this.#heldBy('uid', subjectUid), ...this.jobsOf(subjectUid)];
  }

  #heldBy(index: string, value: string): HeldFacts[] {
    return [...this.held.values()].flatMap((cache) => cache.byIndex(index, value));
  }

  /** Whether anybody waits for a decision. */
  hasOpenRequests(): boolean {
    return this.requests.byIndex('open', '').length > 0;
  }

  /** How much work is on hold now. */
  heldWork(): number {
    let count = 0;
    for (const cache of this.held.values()) for (const held of cache.values()) if (held.markedHeld && held.ended === undefined) count += 1;
    return count;
  }

  /** The request by which the operator governs work of that uid. */
  requestFor(subjectUid: string): RequestRecord | undefined {
    return this.requests.byIndex('subjectUid', subjectUid).find((r) => r.governs === subjectUid);
  }

  /** Policies that may speak for a namespace: its own and those of the cluster. */
  policiesFor(namespace: string): PolicyRecord[] {
    return [...this.policies.ApprovalPolicy.byIndex('namespace', namespace), ...this.policies.ClusterApprovalPolicy.values()];
  }

  policy(id: PolicyId): PolicyRecord | undefined {
    return this.policies[id.kind].get(id.namespace === undefined ? id.name : `${id.namespace}/${id.name}`);
  }

  /** Overrides that nobody has reviewed, in whatever namespace, but for that of one request. */
  reviewsOwed(exceptRequest?: string): ReviewOwed[] {
    return this.requests.byIndex('reviewOwed', '').flatMap(({ uid, namespace, status }) => {
      const { override } = status ?? {};
      return uid === exceptRequest || override === undefined ? [] : [{ namespace, by: override.by }];
    });
  }

  /** Requests of a namespace whose approval was meant for further runs of the same. */
  standingIn(namespace: string): StandingFacts[] {
    return this.requests.byIndex('standing', namespace).flatMap(({ name, status }) => standingFacts(name, status) ?? []);
  }

  /** A namespace as expressions see it. */
  namespaceObject(name: string): NamespaceObject {
    return { metadata: { name, labels: this.namespaceLabels(name) } };
  }

  namespaceLabels(namespace: string): Readonly<Record<string, string>> {
    return this.namespaces.get(namespace)?.labels ?? {};
  }

  /** `kind name → generation` of every policy known here, to be compared with what the API server has. */
  policyGenerations(): Map<string, string> {
    const all = [...this.policies.ApprovalPolicy.values(), ...this.policies.ClusterApprovalPolicy.values()];
    return new Map(all.map((p) => [policyKey(p), `${p.uid} ${p.generation}`]));
  }
}

/** Its approval was meant for further runs too, and nobody has ended that. */
export const isStanding = ({ status }: RequestRecord): boolean => status?.standing !== undefined && status.standing.revokedBy === undefined;

/** Somebody overrode the policies, and nobody has looked at that yet. */
export const owesReview = ({ status }: RequestRecord): boolean =>
  status?.override !== undefined && status.override.reviewedBy === undefined;
