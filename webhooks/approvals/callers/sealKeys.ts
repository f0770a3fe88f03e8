import { randomBytes } from 'node:crypto';
import { isConflict } from '../../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../../operator/kube/client/types.ts';
import { parseSealKeys } from './seals.ts';

const secrets: ResourceType = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };

/** The chart makes this Secret empty, and grants the service this one by name. */
const secretName = 'countersign-approvals-keys';
const field = 'session.keys';

interface Secret extends KubeObject {
  data?: Record<string, string>;
}

/** The keys of sessions that all replicas share; makes one where there is none yet. @throws when there are no usable keys. */
export async function sharedSealKeys(client: Pick<KubeClient, 'get' | 'replace'>, namespace: string): Promise<Buffer[]> {
  const found = await client.get<Secret>(secrets, { namespace, name: secretName });
  const known = found.data?.[field];
  // What is there is never replaced unasked, whatever it is: everybody would be signed out, and nobody would know why.
  if (known !== undefined) return parseSealKeys(Buffer.from(known, 'base64').toString('utf8'));
  const made = Buffer.from(`${randomBytes(32).toString('base64')}\n`);
  try {
    await client.replace(secrets, { namespace, name: secretName }, { ...found, data: { ...found.data, [field]: made.toString('base64') } });
  } catch (error) {
    // Replicas that start together agree on the first.
    if (isConflict(error)) return sharedSealKeys(client, namespace);
    throw error;
  }
  return parseSealKeys(made.toString('utf8'));
}
