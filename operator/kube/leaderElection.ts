import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { isNotFound } from './client/apiError.ts';
import type { KubeClient } from './client/kubeClient.ts';
import type { KubeObject, ResourceType } from './client/types.ts';
import type { Fence } from './fence.ts';
import { microTime } from './microTime.ts';
import { NotLeader } from './notLeader.ts';

/** Where leases live. */
export const leaseType: ResourceType = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true };

export interface LeaderElectionOptions {
  /** With connections of its own, so that a renewal never queues behind work. */
  readonly client: KubeClient;
  readonly namespace: string;
  readonly name: string;
  /** Who this is; the pod's name. */
  readonly holderIdentity: string;
  /** Names the leader to the API server. A reign begins once it is named. */
  readonly fence?: Fence;
  /** How long others wait after the last renewal they saw. Default 15 s. */
  readonly leaseDurationMs?: number;
  /** How long after its last renewal a leader may still act. Must be less. Default 10 s. */
  readonly renewDeadlineMs?: number;
  /** How often to renew, and to try for the lease. Default 2 s. */
  readonly retryPeriodMs?: number;
  /** Called at each beginning of a reign. */
  readonly onStarted: () => void;
  /** Called at each end of a reign, also by `stop`. Work must have stopped by its own deadline or be fenced. */
  readonly onStopped: (reason: string) => void;
  readonly log: Logger;
  readonly metrics: Metrics;
}

interface LeaseSpec {
  holderIdentity?: string;
  leaseDurationSeconds?: number;
  acquireTime?: string;
  renewTime?: string;
  leaseTransitions?: number;
}

interface Lease extends KubeObject {
  spec?: LeaseSpec;
}

/**
 * Holds a coordination.k8s.io/v1 Lease. Who leads is decided by time that passes here, never by comparing clocks: others count from when they
 * saw the lease change, and a leader counts from before it asked for its last renewal, so that it stops before they start.
 */
export class LeaderElection {
  readonly #options: LeaderElectionOptions;
  readonly #leaseDurationMs: number;
  readonly #renewDeadlineMs: number;
  readonly #retryPeriodMs: number;
  readonly #stopping = new AbortController();
  /** Monotonic: until when the lease is ours; 0: it is not. */
  #holdsUntil = 0;
  #reigning = false;
  #seen: { resourceVersion: string; at: number } | undefined;
  #loop: Promise<void> | undefined;
  #deadline: NodeJS.Timeout | undefined;

  constructor(options: LeaderElectionOptions) {
    this.#options = options;
    this.#leaseDurationMs = options.leaseDurationMs ?? 15_000;
    this.#renewDeadlineMs = options.renewDeadlineMs ?? 10_000;
    this.#retryPeriodMs = options.retryPeriodMs ?? 2_000;
    if (this.#renewDeadlineMs >= this.#leaseDurationMs || this.#retryPeriodMs >= this.#renewDeadlineMs) {
      throw new RangeError('leader election needs retryPeriodMs < renewDeadlineMs < leaseDurationMs');
    }
    options.metrics.onCollect(() => options.metrics.leader.set(this.isLeader() ? 1 : 0));
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Stops; a lease that is held is given up, so that another takes over at once. Stop the work first. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
    const held = this.#holds();
    this.#end('stopping');
    if (held) await this.#release();
  }

  /** True while the last renewal is younger than the deadline, by a clock that cannot be set and that runs while the process is stopped. */
  isLeader(): boolean {
    return this.#reigning && this.#holds();
  }

  #holds(): boolean {
    return performance.now() < this.#holdsUntil;
  }

  /** Throws NotLeader unless isLeader(). An arrow, so that it can be handed over as beforeWrite. */
  readonly assertLeader = (): void => {
    if (this.isLeader()) return;
    throw new NotLeader(
      `${this.#options.holderIdentity} does not hold the lease ${this.#options.namespace}/${this.#options.name} now; nothing was written`,
    );
  };

  async #run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#attempt().catch((error: unknown) => {
        this.#options.log.warn({ err: error, leading: this.isLeader() }, 'the leader lease could not be acquired or renewed; trying again');
      });
      const jitter = this.#reigning ? 1 : 1 + Math.random() / 5;
      await sleep(this.#retryPeriodMs * jitter, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
    }
  }

  /** Takes or renews the lease if that may be done now. */
  async #attempt(): Promise<void> {
    const begun = performance.now();
    // Before anything else: after a SIGCONT the deadline's timer may not have fired yet.
    if (this.#reigning && !this.isLeader()) this.#end('the lease was not renewed in time');
    const lease = await this.#read();
    if (lease !== undefined && !this.#mayTake(lease)) return;
    // Before the lease is taken: see Fence.
    const named = await this.#options.fence?.read(this.#callMs);
    this.#won(begun, await this.#take(lease));
    if (named !== undefined && !(this.#reigning && named.holder === this.#options.holderIdentity)) {
      await this.#options.fence?.name(this.#options.holderIdentity, named, this.#callMs);
    }
    this.#begin();
  }

  /** Conditional on the version that was judged: of several who try, one wins. */
  #take(lease: Lease | undefined): Promise<Lease> {
    const { client, namespace, name } = this.#options;
    const timeoutMs = this.#callMs;
    const spec = this.#spec(lease?.spec);
    if (lease !== undefined) return client.replace<Lease>(leaseType, this.#ref, { ...lease, spec }, { timeoutMs });
    const object = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name }, spec };
    return client.create<Lease>(leaseType, namespace, object, { timeoutMs });
  }

  async #read(): Promise<Lease | undefined> {
    try {
      return await this.#options.client.get<Lease>(leaseType, this.#ref, { timeoutMs: this.#callMs });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Whether it is ours, nobody's, or has stood still for as long as its holder promised not to let it. */
  #mayTake(lease: Lease): boolean {
    const holder = lease.spec?.holderIdentity ?? '';
    if (holder === this.#options.holderIdentity || holder === '') return true;
    if (this.#reigning) this.#end(`${holder} holds the lease`);
    const now = performance.now();
    if (this.#seen?.resourceVersion !== lease.metadata.resourceVersion)
      this.#seen = { resourceVersion: lease.metadata.resourceVersion, at: now };
    const promisedMs = Math.max((lease.spec?.leaseDurationSeconds ?? 0) * 1000, this.#leaseDurationMs);
    return now - this.#seen.at > promisedMs;
  }

  #won(begun: number, lease: Lease): void {
    this.#seen = { resourceVersion: lease.metadata.resourceVersion, at: performance.now() };
    this.#holdsUntil = begun + this.#renewDeadlineMs;
    clearTimeout(this.#deadline);
    const left = Math.max(0, this.#holdsUntil - performance.now());
    this.#deadline = setTimeout(() => this.#end('the lease was not renewed in time'), Math.ceil(left));
    this.#deadline.unref();
  }

  #begin(): void {
    if (this.#reigning || !this.#holds()) return;
    this.#reigning = true;
    this.#options.log.info({ lease: this.#options.name, holder: this.#options.holderIdentity }, 'leading');
    this.#options.onStarted();
  }

  #end(reason: string): void {
    this.#holdsUntil = 0;
    clearTimeout(this.#deadline);
    if (!this.#reigning) return;
    this.#reigning = false;
    this.#options.log.warn({ lease: this.#options.name, reason }, 'leading no more');
    this.#options.onStopped(reason);
  }

  async #release(): Promise<void> {
    const { fence, holderIdentity } = this.#options;
    try {
      const named = await fence?.read(this.#callMs);
      if (named?.holder === holderIdentity) await fence?.name('', named, this.#callMs);
      const lease = await this.#read();
      if (lease?.spec?.holderIdentity !== holderIdentity) return;
      const spec: LeaseSpec = {
        ...lease.spec,
        holderIdentity: '',
        leaseDurationSeconds: 1,
        renewTime: microTime(this.#options.client.now()),
      };
      await this.#options.client.replace(leaseType, this.#ref, { ...lease, spec }, { timeoutMs: this.#callMs });
    } catch (error) {
      // It runs out by itself.
      this.#options.log.warn({ err: error }, 'the leader lease could not be given up; others wait until it runs out');
    }
  }

  #spec(before: LeaseSpec | undefined): LeaseSpec {
    const now = microTime(this.#options.client.now());
    const mine = before?.holderIdentity === this.#options.holderIdentity;
    return {
      holderIdentity: this.#options.holderIdentity,
      leaseDurationSeconds: Math.ceil(this.#leaseDurationMs / 1000),
      acquireTime: mine ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (mine || before === undefined ? 0 : 1),
    };
  }

  get #ref() {
    return { namespace: this.#options.namespace, name: this.#options.name };
  }

  /** A call that hangs must leave time for another. */
  get #callMs(): number {
    return Math.max(this.#retryPeriodMs, Math.floor(this.#renewDeadlineMs / 3));
  }
}
