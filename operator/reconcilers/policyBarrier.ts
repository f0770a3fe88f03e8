import { approvalPolicies, clusterApprovalPolicies, type PolicyKind } from '../../crds/v1alpha1/index.ts';
import { policyKey, type PolicyId } from '../core/facts.ts';
import { isNotFound } from '../kube/client/apiError.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import type { KubeObject } from '../kube/client/types.ts';
import type { World } from './world.ts';

/** How long a comparison of all policies is good for. What is known to apply is asked for each time. */
const goodForMs = 1_000;
const refreshEveryMs = 500;

/**
 * Says whether the policies known here are those that the API server has, so that a watch that has gone silent lets nothing through under a rule
 * that was made stricter meanwhile. Those that apply are read by name, which the API server answers from etcd in a millisecond or two; that none
 * was added is known from a list of names and generations at most a second old, because a current list takes it up to 100 ms (its cache asks etcd
 * for progress ten times a second). Whoever asks while an answer is on its way shares the next one.
 */
export class PolicyBarrier {
  readonly #client: KubeClient;
  readonly #world: World;
  readonly #reads = new Map<string, Shared>();
  readonly #all: Shared;
  #provenAt = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: KubeClient, world: World) {
    this.#client = client;
    this.#world = world;
    this.#all = new Shared(() => this.#compareAll());
  }

  /** Keeps the list recent while anybody waits for a decision, so that a release need not wait for it. */
  start(): void {
    this.#timer = setInterval(() => {
      // A list that fails here is asked for again by whoever needs it.
      if (this.#world.hasOpenRequests()) void this.#all.ask().catch(() => undefined);
    }, refreshEveryMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** True when nothing differs. @throws when the API server cannot be asked. */
  async isCurrent(applying: readonly PolicyId[]): Promise<boolean> {
    const same = await Promise.all([this.#noneWasAdded(), ...applying.map((policy) => this.#read(policy).ask())]);
    return same.every(Boolean);
  }

  #noneWasAdded(): Promise<boolean> {
    return performance.now() - this.#provenAt < goodForMs ? Promise.resolve(true) : this.#all.ask();
  }

  #read({ kind, namespace, name }: PolicyId): Shared {
    const id = { kind, namespace, name };
    const key = policyKey(id);
    const known = this.#reads.get(key) ?? new Shared(() => this.#isSame(id));
    this.#reads.set(key, known);
    return known;
  }

  async #isSame(id: PolicyId): Promise<boolean> {
    const found = await this.#stored(id);
    if (found === undefined) this.#reads.delete(policyKey(id));
    const known = this.#world.policy(id);
    return found === undefined ? known === undefined : known !== undefined && versionOf(found) === `${known.uid} ${known.generation}`;
  }

  async #stored({ kind, namespace, name }: PolicyId): Promise<KubeObject | undefined> {
    try {
      return await this.#client.get(typeOf(kind), { name, ...(namespace === undefined ? {} : { namespace }) }, { metadataOnly: true });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  async #compareAll(): Promise<boolean> {
    const begun = performance.now();
    const now = new Map((await Promise.all([this.#list('ApprovalPolicy'), this.#list('ClusterApprovalPolicy')])).flat());
    const known = this.#world.policyGenerations();
    const same = now.size === known.size && [...now].every(([key, version]) => known.get(key) === version);
    this.#provenAt = same ? begun : -Infinity;
    return same;
  }

  async #list(kind: PolicyKind): Promise<[string, string][]> {
    const found: [string, string][] = [];
    for await (const object of this.#client.listAll(typeOf(kind), { metadataOnly: true, limit: 500 })) {
      found.push([policyKey({ kind, namespace: object.metadata.namespace, name: object.metadata.name }), versionOf(object)]);
    }
    return found;
  }
}

const typeOf = (kind: PolicyKind) => (kind === 'ApprovalPolicy' ? approvalPolicies : clusterApprovalPolicies);

const versionOf = ({ metadata }: KubeObject): string => `${metadata.uid} ${metadata.generation ?? 0}`;

/** Work whose outcome is shared by everybody who asked before it began. */
class Shared {
  readonly #work: () => Promise<boolean>;
  #running: Promise<boolean> | undefined;
  #next: Promise<boolean> | undefined;

  constructor(work: () => Promise<boolean>) {
    this.#work = work;
  }

  ask(): Promise<boolean> {
    this.#next ??= this.#afterRunning();
    return this.#next;
  }

  async #afterRunning(): Promise<boolean> {
    // Whoever asks while it is on its way needs one that begins later. That the earlier one failed is for those who asked for it.
    await this.#running?.catch(() => undefined);
    const mine = this.#work();
    this.#running = mine;
    this.#next = undefined;
    return mine;
  }
}
