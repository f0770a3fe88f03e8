import { KeptAnswers } from '../../../operator/core/keptAnswers.ts';
import { isForbidden, isNotFound } from '../../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../../operator/kube/client/types.ts';

const secrets: ResourceType = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };

/** What a Secret holds, decoded, or why it cannot be had. */
export type Found =
  { readonly data: Readonly<Record<string, string>> } | { readonly reason: 'SecretMissing' | 'SecretForbidden'; readonly fault: string };

/** How long what was read is believed: a Secret that is changed counts after that. */
const keepMs = 15_000;
const mostKept = 1_000;

/** The Secrets of channels: read when they are needed, one by one, where somebody lets us. */
export class ChannelSecrets {
  readonly #client: Pick<KubeClient, 'get'>;
  readonly #found: KeptAnswers<Found>;

  constructor(client: Pick<KubeClient, 'get'>, now: () => number = Date.now) {
    this.#client = client;
    // What is not there may be there in a moment, and whoever mends it looks whether it helped.
    this.#found = new KeptAnswers({ keepMs, most: mostKept, now, keeps: (found) => !('fault' in found) });
  }

  /** @throws when the API server cannot be asked. */
  read(namespace: string, name: string): Promise<Found> {
    return this.#found.to(`${namespace}/${name}`, () => this.#ask(namespace, name));
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
