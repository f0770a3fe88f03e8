import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { CountersignError } from '../core/errors.ts';
import { isAlreadyExists, isNotFound } from '../kube/client/apiError.ts';
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
  readonly #client: KubeClient;
  readonly #namespace: string;
  #known: Promise<KeyObject> | undefined;

  constructor(client: KubeClient, namespace: string) {
    this.#client = client;
    this.#namespace = namespace;
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
    const found = (await this.#read()) ?? (await this.#make());
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
      `The Secret ${this.#namespace}/${signingSecret} has no usable ${keyField}; expected an Ed25519 key in PEM (PKCS #8). Mend it, or delete the Secret to have a new key made, which receivers must then be told of.`,
    );
  }

  async #read(): Promise<Secret | undefined> {
    try {
      return await this.#client.get<Secret>(secretType, { namespace: this.#namespace, name: signingSecret });
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Replicas that start together agree on the first. */
  async #make(): Promise<Secret> {
    const { privateKey } = generateKeyPairSync('ed25519');
    const encoded = (text: string): string => Buffer.from(text).toString('base64');
    const data = {
      [keyField]: encoded(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()),
      [publicField]: encoded(publicKeyText(createPublicKey(privateKey))),
    };
    const metadata = { name: signingSecret, namespace: this.#namespace };
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
}
