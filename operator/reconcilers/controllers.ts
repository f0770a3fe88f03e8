import { isDeepStrictEqual } from 'node:util';
import { Controller } from '../kube/controller.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import type { CacheChange } from '../kube/watchCache.ts';
import type { HttpCaller } from '../notify/httpCaller.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import type { Outcome, Ref } from '../core/ports.ts';
import { workloads, type HeldFacts } from '../workloads/index.ts';
import type { Writer } from './approvalRequest/apply.ts';
import type { Reader } from './approvalRequest/observe.ts';
import { Overriding } from './approvalRequest/overriding.ts';
import { Releases } from './approvalRequest/releases.ts';
import { reconcileRequest } from './approvalRequest/reconcile.ts';
import { Storyteller } from './approvalRequest/story.ts';
import { reconcileAuditedJob } from './audit/jobs.ts';
import { reconcileAuditedRequest } from './audit/requests.ts';
import { EventRecorder } from './events.ts';
import { ActionCalls } from './governedJob/calls.ts';
import { reconcileGovernedJob } from './governedJob/reconcile.ts';
import { reconcileHeld } from './held/reconcile.ts';
import { ApproverPermissions } from './permissions.ts';
import { reconcilePolicy, type PolicyContext } from './policy/reconcile.ts';
import { History } from './history.ts';
import { PolicyBarrier } from './policyBarrier.ts';
import { isSettled, type ApproverRecord, type RequestRecord } from './records.ts';
import { reconcileRetention } from './retention/reconcile.ts';
import { reconcileUninstall, watchUninstall } from './uninstall/reconcile.ts';
import type { World } from './world.ts';

export interface ControllersOptions {
  /** Its writes are refused once this process does not lead. */
  readonly client: KubeClient;
  readonly world: World;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly reporter: string;
  readonly namespace: string;
  readonly concurrency: number;
  readonly defaultTimeoutMs: number;
  readonly retentionMs: number;
  readonly retentionPerNamespace: number;
  readonly cronJobOpenRequests: number;
  readonly policy: Omit<PolicyContext, 'client' | 'world'>;
  /** Makes the calls of actions. */
  readonly caller: HttpCaller;
}

type Name = 'audit' | 'auditrequest' | 'request' | 'governedjob' | 'policy' | 'retention' | 'uninstall';

const retentionPauseMs = 5_000;

/** Who releases may wait 100 ms for the barrier, most of which is idle: more of them go on at once than there are connections. */
const waitersPerWorker = 4;

/** Every controller of the operator, and which change wakes which. Runs in the leader only. */
export class Controllers {
  readonly events: EventRecorder;
  readonly #options: ControllersOptions;
  readonly #byName: Readonly<Record<Name, Controller>>;
  readonly #held: ReadonlyMap<string, Controller>;
  readonly #barrier: PolicyBarrier;
  readonly #history = new History();
  #unsubscribe: (() => void)[] = [];

  constructor(options: ControllersOptions) {
    const { client, world, log, metrics } = options;
    this.#options = options;
    const releases = new Releases();
    this.events = new EventRecorder({ client, log, reporter: options.reporter, isUrgentWork: () => releases.areMany });
    const reader: Reader = {
      client,
      world,
      history: this.#history,
      permissions: new ApproverPermissions(client),
      defaultTimeoutMs: options.defaultTimeoutMs,
    };
    this.#barrier = new PolicyBarrier(client, world);
    const writer: Writer = {
      client,
      world,
      barrier: this.#barrier,
      story: new Storyteller({ events: this.events, metrics, tracing: options.tracing }),
      tracing: options.tracing,
      releases,
      overriding: new Overriding(world),
    };
    const heldContext = { client, world, events: this.events, cronJobOpenRequests: options.cronJobOpenRequests, asking: new Set<string>() };
    const auditContext = {
      client,
      world,
      history: this.#history,
      metrics,
      reporter: options.reporter,
      defaultTimeoutMs: options.defaultTimeoutMs,
    };
    const calls = new ActionCalls((ref) => this.#wake('governedjob', ref), log);
    const governedJobContext = { client, world, calls, caller: options.caller };
    this.#byName = {
      audit: this.#controller('audit', (ref) => reconcileAuditedJob(ref, auditContext), 1),
      auditrequest: this.#controller('auditrequest', (ref) => reconcileAuditedRequest(ref, auditContext), 1),
      request: this.#controller('request', (ref) => reconcileRequest(ref, reader, writer), options.concurrency * waitersPerWorker),
      governedjob: this.#controller('governedjob', (ref) => reconcileGovernedJob(ref, governedJobContext)),
      policy: this.#controller('policy', (ref) => reconcilePolicy(ref, { ...options.policy, client, world })),
      retention: this.#controller('retention', ({ name }) =>
        reconcileRetention(name, { client, world, keepMs: options.retentionMs, mostPerNamespace: options.retentionPerNamespace }),
      ),
      uninstall: this.#controller('uninstall', (ref) =>
        reconcileUninstall(ref, { client, world, withdrawGuards: () => this.#withdrawGuards() }),
      ),
    };
    this.#held = new Map(
      workloads.map(({ type }) => [
        type.kind,
        this.#controller(`held-${type.kind.toLowerCase()}`, (ref) => reconcileHeld(type.kind, ref, heldContext)),
      ]),
    );
  }

  #controller(name: string, reconcile: (ref: Ref) => Promise<Outcome>, concurrency = this.#options.concurrency): Controller {
    const { log, metrics } = this.#options;
    return new Controller({ name, concurrency, reconcile, log, metrics });
  }

  /** The policy controller stops first: it would bring back what is taken away. */
  async #withdrawGuards(): Promise<void> {
    await this.#byName.policy.stop();
    await this.#options.policy.store.clear();
  }

  /** Looks at everything that exists, then at everything that changes. The world must be in sync. */
  start(): void {
    const { world } = this.#options;
    this.#history.follow(world);
    this.#subscribe();
    for (const request of world.requests.values()) this.#wakeRequest(request);
    for (const governedJob of world.governedJobs.values()) this.#wake('governedjob', governedJob);
    for (const cache of Object.values(world.policies))
      for (const policy of cache.values()) this.#wake('policy', { namespace: policy.namespace, name: policy.name });
    // Guards of policies that were deleted while nobody looked are removed.
    for (const policy of this.#options.policy.store.policies()) this.#wakePolicy(policy);
    for (const [kind, cache] of world.held) for (const held of cache.values()) this.#wakeHeld(kind, held);
    for (const audited of world.audited.values()) this.#wakeAudit('audit', audited);
    for (const request of world.requests.values()) this.#wakeAudit('auditrequest', request);
    for (const request of world.requests.values()) this.#byName.retention.enqueue(request.namespace, { priority: 'low' });
    for (const decision of world.decisions.values()) this.#byName.retention.enqueue(decision.namespace, { priority: 'low' });
    this.#barrier.start();
    for (const controller of this.#all()) controller.start();
  }

  async stop(): Promise<void> {
    for (const stop of this.#unsubscribe) stop();
    this.#unsubscribe = [];
    this.#barrier.stop();
    this.#history.stop();
    await Promise.all(this.#all().map((controller) => controller.stop()));
    await this.events.flush();
  }

  /** After a change of what all policies' guards depend on, such as the certificate. */
  wakePolicies(): void {
    const { policies } = this.#options.world;
    for (const cache of Object.values(policies))
      for (const { namespace, name } of cache.values()) this.#wake('policy', { namespace, name });
  }

  /** `ApprovalPolicy payments/tiers`, as guards name their policy. */
  #wakePolicy(described: string): void {
    const key = described.split(' ')[1];
    if (key !== undefined) this.#byName.policy.enqueue(key);
  }

  #all(): Controller[] {
    return [...Object.values(this.#byName), ...this.#held.values()];
  }

  #subscribe(): void {
    const options = this.#options;
    const { world, client, namespace, log, metrics } = options;
    this.#unsubscribe.push(
      world.requests.onChange((change) => this.#requestChanged(change)),
      world.decisions.onChange(({ old, new: now }) => {
        const decision = now ?? old;
        for (const { name } of decision?.requests ?? []) this.#byName.request.enqueue(`${decision?.namespace ?? ''}/${name}`);
        if (now === undefined && decision !== undefined) this.#byName.retention.enqueue(decision.namespace, { priority: 'low' });
      }),
      world.people.delegations.onChange(({ old, new: now }) => this.#wakeOpenRequests((now ?? old)?.namespace)),
      world.people.approvers.onChange(({ old, new: now }) => {
        for (const approver of [old, now]) if (approver !== undefined) this.#approverChanged(approver);
      }),
      world.governedJobs.onChange(({ old, new: now }) => {
        const governedJob = now ?? old;
        if (governedJob === undefined) return;
        this.#wake('governedjob', governedJob);
        this.#wakeRequestFor(governedJob.uid);
      }),
      ...Object.values(world.policies).map((cache) =>
        cache.onChange(({ key, new: now, old }) => {
          this.#byName.policy.enqueue(key);
          this.#wakeOpenRequests((now ?? old)?.namespace);
        }),
      ),
      world.namespaces.onChange(({ key, old, new: now }) => {
        if (old !== undefined && now !== undefined) this.#wakeOpenRequests(key);
      }),
      // What is not new has been told.
      world.audited.onChange(({ old, new: now }) => {
        if (old === undefined && now !== undefined) this.#wakeAudit('audit', now);
      }),
      ...[...world.held].map(([kind, cache]) => cache.onChange((change) => this.#heldChanged(kind, change))),
      // A guard that somebody edits or deletes is mended.
      options.policy.store.onChange((policy) => this.#wakePolicy(policy)),
      watchUninstall({ client, namespace, log, metrics }, (key) => this.#byName.uninstall.enqueue(key)),
    );
  }

  #requestChanged({ old, new: now }: CacheChange<RequestRecord>): void {
    const request = now ?? old;
    if (request === undefined) return;
    const { world } = this.#options;
    const deleted = now === undefined;
    this.#wakeRequest(request);
    if (old === undefined) this.#wakeAudit('auditrequest', request);
    // A pass looks at everything in the namespace: not for each step of each request, and once for many that end.
    if (deleted || isSettled(now)) this.#byName.retention.enqueue(request.namespace, { priority: 'low', afterMs: retentionPauseMs });
    const resource = request.spec.subject.resource;
    if (request.governs === undefined || resource === undefined) return;
    if (resource.kind === 'GovernedJob') this.#wake('governedjob', { namespace: request.namespace, name: resource.name });
    const held = world.heldByUid(request.governs);
    if (held === undefined) return;
    if (deleted) this.#wakeHeld(held.kind, held);
    this.#wakeNextRun(held);
  }

  /** The next run of the same CronJob may be waiting for this one to be settled, or gone. */
  #wakeNextRun({ controller }: HeldFacts): void {
    if (controller?.kind !== 'CronJob') return;
    for (const sibling of this.#options.world.heldByController(controller.uid)) this.#wakeHeld(sibling.kind, sibling);
  }

  /** What is known of a person matters where they delegated, and where somebody stands in for them. A directory changes all at once. */
  #approverChanged({ username }: ApproverRecord): void {
    const { people, decisions } = this.#options.world;
    for (const namespace of new Set(people.delegations.byIndex('from', username).map((d) => d.namespace)))
      this.#wakeOpenRequests(namespace);
    for (const { namespace, requests } of decisions.byIndex('replaced', username)) {
      for (const { name } of requests) this.#byName.request.enqueue(`${namespace}/${name}`, { priority: 'low' });
    }
  }

  #heldChanged(kind: string, { old, new: now }: CacheChange<HeldFacts>): void {
    const held = now ?? old;
    if (held === undefined || (old !== undefined && now !== undefined && sameButVersion(old, now))) return;
    this.#wakeHeld(kind, held);
    this.#wakeRequestFor(held.uid);
    if (now === undefined) this.#wakeNextRun(held);
    if (held.controller?.kind !== 'GovernedJob') return;
    this.#wake('governedjob', { namespace: held.namespace, name: held.controller.name });
    this.#wakeRequestFor(held.controller.uid);
  }

  #wakeHeld(kind: string, { namespace, name }: HeldFacts): void {
    this.#held.get(kind)?.enqueue(`${namespace}/${name}`);
  }

  /** Behind everything that people wait for. */
  #wakeAudit(name: 'audit' | 'auditrequest', { namespace, name: object }: { namespace: string; name: string }): void {
    this.#byName[name].enqueue(`${namespace}/${object}`, { priority: 'low' });
  }

  #wakeRequestFor(subjectUid: string): void {
    for (const request of this.#options.world.requests.byIndex('subjectUid', subjectUid)) this.#wakeRequest(request);
  }

  #wakeRequest({ namespace, name }: RequestRecord): void {
    this.#byName.request.enqueue(`${namespace}/${name}`);
  }

  /** After a change of policy; behind everything that people wait for. */
  #wakeOpenRequests(namespace: string | undefined): void {
    const { requests } = this.#options.world;
    for (const request of namespace === undefined ? requests.values() : requests.byIndex('unfinished', namespace)) {
      this.#byName.request.enqueue(`${request.namespace}/${request.name}`, { priority: 'low' });
    }
  }

  #wake(name: Name, { namespace, name: object }: { namespace?: string | undefined; name: string }): void {
    this.#byName[name].enqueue(namespace === undefined ? object : `${namespace}/${object}`);
  }
}

/** A change that nothing here depends on, such as how many pods a Job has: most of what happens to a Job once it runs. */
const sameButVersion = (old: HeldFacts, now: HeldFacts): boolean =>
  isDeepStrictEqual({ ...old, resourceVersion: now.resourceVersion }, now);
