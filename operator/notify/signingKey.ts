import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CountersignError } from '../core/errors.ts';
import { isAlreadyExists, isConflict, isNotFound } from '../kube/client/apiError.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../kube/client/types.ts';
import { publicKeyText } from './signature.ts';

const secretType: ResourceType = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };

/** The chart grants the operator this one Secret by name. */
export const signingSecret = 'countersign-signing';
const keyField = 'signing.key';
const publicField = 'signing.pub';

interface Secret extends KubeObject {
  data?: Record<string, string>;
}

/** The key by which receivers know the operator's calls, kept in a Secret of its own namespace. */
export class SigningKey {
  readonly #client: Pick<KubeClient, 'get' | 'create' | 'replace'>;
  readonly #namespace: string;
  readonly #name: string;
  readonly #isThere: boolean;
  #known: Promise<KeyObject> | undefined;

  /** @param filled names a Secret that somebody else made, perhaps empty, and that is only filled: for who may create none. */
  constructor(client: Pick<KubeClient, 'get' | 'create' | 'replace'>, namespace: string, filled?: string) {
    this.#client = client;
    this.#namespace = namespace;
    this.#name = filled ?? signingSecret;
    this.#isThere = filled !== undefined;
  }

  /** Reads the key, and makes it when there is none. Asked for once; after a failure, again. @throws when there is no usable key. */
  get(): Promise<KeyObject> {
    this.#known ??= this.#ensure().catch((error: unknown) => {
      this.#known = undefined;
      throw error;
    });
    return this.#known;
  }

  async #ensure(): Promise<KeyObject> {
    const found = this.#isThere ? await this.#fill() : ((await this.#read()) ?? (await this.#make()));
    const text = Buffer.from(found.data?.[keyField] ?? '', 'base64').toString('utf8');
    try {
      const key = createPrivateKey(text);
      if (key.asymmetricKeyType === 'ed25519') return key;
    } catch {
      // Told below: nobody may see what is in it.
    }
    // Never replaced unasked: receivers trust the key that was there.
    throw new CountersignError(
      'NoSigningKey',
      `The Secret ${this.#namespace}/${this.#name} has no usable ${keyField}; expected an Ed25519 key in PEM (PKCS #8). Mend it, or delete the Secret to have a new key made, which receivers must then be told of.`,
    );
  }

  async #read(): Promise<Secret | undefined> {
    try {
      return await this.#client.get<Secret>(secretType, { namespace: this.#namespace, name: this.#name });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Replicas that start together agree on the first. */
  async #make(): Promise<Secret> {
    const data = newKey();
    const metadata = { name: this.#name, namespace: this.#namespace };
    try {
      return await this.#client.create<Secret>(secretType, this.#namespace, {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'Opaque',
        metadata,
        data,
      });
    } catch (error) {
      const there = isAlreadyExists(error) ? await this.#read() : undefined;
      if (there === undefined) throw error;
      return there;
    }
  }
  /** What is there is never replaced unasked. */
  async #fill(): Promise<Secret> {
    const ref = { namespace: this.#namespace, name: this.#name };
    const found = await this.#client.get<Secret>(secretType, ref);
    if (found.data?.[keyField] !== undefined) return found;
    try {
      return await this.#client.replace<Secret>(secretType, ref, { ...found, data: { ...found.data, ...newKey() } });
    } catch (error) {
      // Replicas that start together agree on the first.
      if (isConflict(error)) return this.#fill();
      throw error;
    }
  }
}

function newKey(): Record<string, string> {
  const { privateKey } = generateKeyPairSync('ed25519');
  const encoded = (text: string): string => Buffer.from(text).toString('base64');
  return {
    [keyField]: encoded(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()),
    [publicField]: encoded(publicKeyText(createPublicKey(privateKey))),
  };
}
