import { isForbidden, isNotFound } from '../../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../../operator/kube/client/types.ts';

const secrets: ResourceType = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };

/** What a Secret holds, decoded, or why it cannot be had. */
export type Found =
  { readonly data: Readonly<Record<string, string>> } | { readonly reason: 'SecretMissing' | 'SecretForbidden'; readonly fault: string };

/** How long what was read is believed: a Secret that is changed counts after that. */
const keepMs = 15_000;

/** The Secrets of channels: read when they are needed, one by one, where somebody lets us. */
export class ChannelSecrets {
  readonly #client: Pick<KubeClient, 'get'>;
  readonly #now: () => number;
  readonly #kept = new Map<string, { readonly found: Promise<Found>; readonly until: number }>();

  constructor(client: Pick<KubeClient, 'get'>, now: () => number = Date.now) {
    this.#client = client;
    this.#now = now;
  }

  /** @throws when the API server cannot be asked. */
  read(namespace: string, name: string): Promise<Found> {
    const key = `${namespace}/${name}`;
    const kept = this.#kept.get(key);
    if (kept !== undefined && kept.until > this.#now()) return kept.found;
    const found = this.#ask(namespace, name);
    this.#kept.set(key, { found, until: this.#now() + keepMs });
    const forget = (): boolean => this.#kept.delete(key);
    // What is not there may be there in a moment, and whoever mends it looks whether it helped.
    found.then((what) => 'fault' in what && forget(), forget);
    return found;
  }

  async #ask(namespace: string, name: string): Promise<Found> {
    try {
      const { data = {} } = await this.#client.get<KubeObject & { data?: Record<string, string> }>(secrets, { namespace, name });
      return { data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')])) };
    } catch (error) {
      if (isNotFound(error))
        return { reason: 'SecretMissing', fault: `spec.secretRef.name: is "${name}", and namespace ${namespace} has no such Secret.` };
      if (isForbidden(error))
        return {
          reason: 'SecretForbidden',
          fault:
            `spec.secretRef.name: is "${name}", which the approval service may not read in namespace ${namespace}; ` +
            'let it, as config/samples/rbac/channel-secrets.yaml does, or by approvals.channelSecrets of the chart for a ClusterNotificationChannel.',
        };
      throw error;
    }
  }
}
