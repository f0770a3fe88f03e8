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
/** The key before this one: receivers are still shown it, so that what was signed with it is believed. */
const previousField = 'signing.previous.key';
/** For so long what was read is believed: a key that was put there counts after that. */
const keepMs = 60_000;

interface Secret extends KubeObject {
  data?: Record<string, string>;
}

/** The key by which receivers know the operator's calls, kept in a Secret of its own namespace. */
export class SigningKey {
  readonly #client: Pick<KubeClient, 'get' | 'create' | 'replace'>;
  readonly #namespace: string;
  readonly #name: string;
  readonly #isThere: boolean;
  readonly #now: () => number;
  #known: { readonly keys: Promise<Keys>; readonly until: number } | undefined;

  /** @param filled names a Secret that somebody else made, perhaps empty, and that is only filled: for who may create none. */
  constructor(client: Pick<KubeClient, 'get' | 'create' | 'replace'>, namespace: string, filled?: string, now: () => number = Date.now) {
    this.#client = client;
    this.#now = now;
    this.#namespace = namespace;
    this.#name = filled ?? signingSecret;
    this.#isThere = filled !== undefined;
  }

  /** The key to sign with; makes it when there is none. @throws when there is no usable key. */
  async get(): Promise<KeyObject> {
    return (await this.#keys()).current;
  }

  /** The public keys of all that was signed lately, the newest first. @throws likewise. */
  async publicKeys(): Promise<KeyObject[]> {
    const { current, previous } = await this.#keys();
    return [current, ...(previous === undefined ? [] : [previous])].map((key) => createPublicKey(key));
  }

  /** Read again from time to time, so that another key counts without a restart; while it cannot be read, the one that was there. */
  #keys(): Promise<Keys> {
    const known = this.#known;
    if (known !== undefined && known.until > this.#now()) return known.keys;
    const keys = this.#ensure().catch((error: unknown) => {
      this.#known = undefined;
      if (known === undefined || error instanceof CountersignError) throw error;
      return known.keys;
    });
    this.#known = { keys, until: this.#now() + keepMs };
    return keys;
  }

  async #ensure(): Promise<Keys> {
    const found = this.#isThere ? await this.#fill() : ((await this.#read()) ?? (await this.#make()));
    const current = keyIn(found, keyField);
    if (current !== undefined) return { current, previous: keyIn(found, previousField) };
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

interface Keys {
  readonly current: KeyObject;
  readonly previous: KeyObject | undefined;
}

/** Undefined for what is no such key: nobody may see what is in it. */
function keyIn({ data }: Secret, field: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(Buffer.from(data?.[field] ?? '', 'base64').toString('utf8'));
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
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
