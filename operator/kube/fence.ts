import type { Ref } from '../core/ports.ts';
import type { KubeClient } from './client/kubeClient.ts';
import type { ResourceType } from './client/types.ts';
import { microTime } from './microTime.ts';

const serviceAccounts: ResourceType = { group: '', version: 'v1', plural: 'serviceaccounts', kind: 'ServiceAccount', namespaced: true };

/** Whom the fence let through when it was read, and of which version that is true. */
export interface Named {
  readonly holder: string;
  readonly resourceVersion: string;
}

/**
 * What the API server compares a writer with: one ServiceAccount, annotated with the pod that leads. It is named only on the version that was
 * read before the lease was taken; so whoever took the lease earlier, and has slept since, cannot name itself any more.
 */
export class Fence {
  readonly #client: KubeClient;
  readonly #ref: Ref;
  readonly #annotation: string;

  constructor(options: { client: KubeClient; namespace: string; serviceAccount: string; annotation: string }) {
    this.#client = options.client;
    this.#ref = { namespace: options.namespace, name: options.serviceAccount };
    this.#annotation = options.annotation;
  }

  async read(timeoutMs: number): Promise<Named> {
    const { metadata } = await this.#client.get(serviceAccounts, this.#ref, { metadataOnly: true, timeoutMs });
    return { holder: metadata.annotations?.[this.#annotation] ?? '', resourceVersion: metadata.resourceVersion };
  }

  /** Lets this pod through and no other; '' lets none. @throws a conflict when it has changed since it was read. */
  async name(holder: string, { resourceVersion }: Named, timeoutMs: number): Promise<void> {
    // Since when: for people, and so that each beginning of a reign changes the object.
    const annotations = { [this.#annotation]: holder, [`${this.#annotation}-since`]: microTime(this.#client.now()) };
    await this.#client.patch(serviceAccounts, this.#ref, { metadata: { resourceVersion, annotations } }, { type: 'merge', timeoutMs });
  }
}
