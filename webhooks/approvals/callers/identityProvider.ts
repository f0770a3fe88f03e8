import { createRemoteJWKSet, customFetch as jwksFetch, errors, type JWTVerifyGetKey } from 'jose';
import { ClientSecretBasic, customFetch, discovery, None, type Configuration } from 'openid-client';
import { rootCertificates } from 'node:tls';
import { Agent, fetch } from 'undici';

export interface IdentityProviderOptions {
  /** As its discovery document has it. */
  readonly issuer: string;
  readonly clientId: string;
  /** Absent: a public client, which has PKCE alone. */
  readonly clientSecret?: string | undefined;
  /** PEM of authorities to trust besides the public ones. */
  readonly ca?: string | undefined;
  readonly now?: () => number;
}

/** It could not be asked: nothing is known of the token. */
export class ProviderUnavailable extends Error {
  override readonly name = 'ProviderUnavailable';
}

const timeoutMs = 5_000;
/** After a failure it is left alone for so long, so that a flood of tokens is none of questions. */
const pauseMs = 5_000;
const keysCooldownMs = 30_000;

/** The organisation's identity provider: what it publishes of itself, asked for when it is first needed and remembered. */
export class IdentityProvider {
  readonly #options: IdentityProviderOptions;
  readonly #agent: Agent;
  readonly #now: () => number;
  #known: Promise<Configuration> | undefined;
  #askAgainAt = 0;
  #keys: JWTVerifyGetKey | undefined;

  constructor(options: IdentityProviderOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#agent = new Agent({
      connections: 4,
      maxResponseSize: 1024 * 1024,
      connect: { timeout: timeoutMs, ...(options.ca === undefined ? {} : { ca: [...rootCertificates, options.ca] }) },
    });
  }

  get issuer(): string {
    return this.#options.issuer;
  }

  get clientId(): string {
    return this.#options.clientId;
  }

  /** Its addresses, and how we speak to it. @throws ProviderUnavailable. */
  async configuration(): Promise<Configuration> {
    if (this.#known === undefined) {
      if (this.#now() < this.#askAgainAt) throw new ProviderUnavailable('the identity provider did not answer a moment ago');
      this.#known = this.#discover();
      this.#known.catch(() => {
        this.#known = undefined;
        this.#askAgainAt = this.#now() + pauseMs;
      });
    }
    try {
      return await this.#known;
    } catch (cause) {
      throw new ProviderUnavailable(`the identity provider's discovery document cannot be read: ${textOf(cause)}`, { cause });
    }
  }

  /** The key that a token says it was signed with, of those that the provider publishes. @throws ProviderUnavailable, and jose's own of an unknown key. */
  readonly key: JWTVerifyGetKey = async (header, token) => {
    const keys = this.#keys ?? (await this.#readKeys());
    try {
      return await keys(header, token);
    } catch (error) {
      const isOfToken =
        error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys ||
        error instanceof errors.JOSENotSupported;
      if (isOfToken) throw error;
      throw new ProviderUnavailable(`the identity provider's keys cannot be read: ${textOf(error)}`, { cause: error });
    }
  };

  /** Ends its connections. */
  close(): Promise<void> {
    return this.#agent.destroy();
  }

  async #readKeys(): Promise<JWTVerifyGetKey> {
    const { jwks_uri: address } = (await this.configuration()).serverMetadata();
    if (address === undefined) throw new ProviderUnavailable("the identity provider's discovery document has no jwks_uri");
    this.#keys ??= createRemoteJWKSet(new URL(address), {
      timeoutDuration: timeoutMs,
      cooldownDuration: keysCooldownMs,
      [jwksFetch]: this.#fetch,
    });
    return this.#keys;
  }

  #discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecret } = this.#options;
    const authentication = clientSecret === undefined ? None() : ClientSecretBasic(clientSecret);
    return discovery(new URL(issuer), clientId, undefined, authentication, { timeout: timeoutMs / 1000, [customFetch]: this.#fetch });
  }

  readonly #fetch = async (url: string, options: object): Promise<Response> => {
    const answer: unknown = await fetch(url, { ...options, dispatcher: this.#agent });
    // undici's own and node's are the same code, with types of their own.
    return answer as Response;
  };
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
