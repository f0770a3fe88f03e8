import { approvalPolicies, clusterApprovalPolicies, type PolicyKind } from '../../crds/v1alpha1/index.ts';
import { policyKey } from '../core/facts.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import type { World } from './world.ts';

/**
 * Says whether the policies known here are those that the API server has, just now. A watch that has gone silent must not let work through under a
 * rule that was made stricter meanwhile. One list (names and generations only) serves everybody who asked before it began.
 */
export class PolicyBarrier {
  readonly #client: KubeClient;
  readonly #world: World;
  #running: Promise<boolean> | undefined;
  #next: Promise<boolean> | undefined;

  constructor(client: KubeClient, world: World) {
    this.#client = client;
    this.#world = world;
  }

  /** True when nothing differs. @throws when the API server cannot be asked. */
  isCurrent(): Promise<boolean> {
    this.#next ??= this.#afterRunning();
    return this.#next;
  }

  async #afterRunning(): Promise<boolean> {
    // Whoever asks while a list is on its way needs one that begins later.
    await this.#running?.catch(() => undefined);
    const mine = this.#compare();
    this.#running = mine;
    this.#next = undefined;
    return mine;
  }

  async #compare(): Promise<boolean> {
    const known = this.#world.policyGenerations();
    const now = new Map([...(await this.#list('ApprovalPolicy')), ...(await this.#list('ClusterApprovalPolicy'))]);
    return now.size === known.size && [...now].every(([key, generation]) => known.get(key) === generation);
  }

  async #list(kind: PolicyKind): Promise<[string, string][]> {
    const type = kind === 'ApprovalPolicy' ? approvalPolicies : clusterApprovalPolicies;
    const found: [string, string][] = [];
    for await (const { metadata } of this.#client.listAll(type, { metadataOnly: true, limit: 500 })) {
      found.push([policyKey({ kind, namespace: metadata.namespace, name: metadata.name }), `${metadata.uid} ${metadata.generation ?? 0}`]);
    }
    return found;
  }
}
