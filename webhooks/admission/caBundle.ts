import { isConflict, isNotFound } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/client/types.ts';

const configurations: readonly ResourceType[] = [
  ['ValidatingWebhookConfiguration', 'validatingwebhookconfigurations'],
  ['MutatingWebhookConfiguration', 'mutatingwebhookconfigurations'],
].map(([kind = '', plural = '']) => ({ group: 'admissionregistration.k8s.io', version: 'v1', plural, kind, namespaced: false }));

/** The name of the chart's webhook configurations, one of each kind. */
export const webhookConfigurationName = 'countersign';

interface Configuration extends KubeObject {
  webhooks?: { name: string; clientConfig: { caBundle?: string } }[];
}

/**
 * Writes the CA (PEM, may be several) into every entry of the named webhook configurations, of either kind, so that the API server trusts our
 * certificate. Configurations that are not there are left out; entries that have it already are not written again. Returns how many were written.
 */
export async function injectCaBundle(client: KubeClient, names: readonly string[], ca: string): Promise<number> {
  const caBundle = Buffer.from(ca).toString('base64');
  const written = await Promise.all(configurations.flatMap((type) => names.map((name) => inject(client, type, name, caBundle))));
  return written.filter(Boolean).length;
}

async function inject(client: KubeClient, type: ResourceType, name: string, caBundle: string): Promise<boolean> {
  for (;;) {
    try {
      const found = await client.get<Configuration>(type, { name });
      const webhooks = found.webhooks ?? [];
      if (webhooks.every(({ clientConfig }) => clientConfig.caBundle === caBundle)) return false;
      const trusted = webhooks.map((webhook) => ({ ...webhook, clientConfig: { ...webhook.clientConfig, caBundle } }));
      await client.replace(type, { name }, { ...found, webhooks: trusted });
      return true;
    } catch (error) {
      if (isNotFound(error)) return false;
      // Somebody wrote in between (the replace carries the resourceVersion): look again.
      if (!isConflict(error)) throw error;
    }
  }
}
