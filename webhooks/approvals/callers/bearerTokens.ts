import { decodeJwt, jwtVerify, type JWTPayload } from 'jose';
import type { SignatureAlgorithm } from '../../../operator/core/signatureAlgorithms.ts';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import { personOf, type ClaimRules, type Person } from './claims.ts';
import { ProviderUnavailable, type IdentityProvider } from './identityProvider.ts';
import { badCredentials, cannotTell } from './unauthorized.ts';

export interface BearerTokensOptions {
  readonly provider: Pick<IdentityProvider, 'issuer' | 'key'>;
  /** For whom a token must have been issued: one of these. */
  readonly audiences: readonly string[];
  readonly algorithms: readonly SignatureAlgorithm[];
  readonly claims: Omit<ClaimRules, 'issuer'>;
  readonly log: Logger;
  readonly now?: () => number;
}

/** How far the provider's clock and ours may differ. */
const toleranceSeconds = 10;

/** Whose token says that it is from this issuer. Of what says nothing, or cannot be read, nothing is known. */
export function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss;
  } catch {
    return undefined;
  }
}

/** Tokens of the identity provider: signed by it, for us, and valid now. */
export class BearerTokens {
  readonly #options: BearerTokensOptions;

  constructor(options: BearerTokensOptions) {
    this.#options = options;
  }

  get issuer(): string {
    return this.#options.provider.issuer;
  }

  /** Whom the token names. @throws Problem 401, or 503 when the provider's keys cannot be read. */
  async personOf(token: string): Promise<Person> {
    return this.#judged(async () => personOf(await this.#verify(token, this.#options.audiences), this.#rules));
  }

  /** Whom an ID token names that the provider gave us at a sign-in. @throws Problem. */
  async signedIn(idToken: string, clientId: string, nonce: string): Promise<Person> {
    return this.#judged(async () => {
      const claims = await this.#verify(idToken, [clientId]);
      if (claims['nonce'] !== nonce) throw new Error('the nonce is not the one of this sign-in');
      return personOf(claims, this.#rules);
    });
  }

  get #rules(): ClaimRules {
    return { ...this.#options.claims, issuer: this.issuer };
  }

  async #verify(token: string, audience: readonly string[]): Promise<JWTPayload> {
    const { provider, algorithms, now = Date.now } = this.#options;
    const { payload } = await jwtVerify(token, provider.key, {
      issuer: provider.issuer,
      audience: [...audience],
      algorithms: [...algorithms],
      requiredClaims: ['exp'],
      clockTolerance: toleranceSeconds,
      currentDate: new Date(now()),
    });
    return payload;
  }

  async #judged(judge: () => Promise<Person>): Promise<Person> {
    const { log } = this.#options;
    try {
      return await judge();
    } catch (error) {
      if (error instanceof ProviderUnavailable) {
        log.warn({ err: error }, 'a token could not be judged');
        throw cannotTell('The identity provider');
      }
      log.debug({ reason: error instanceof Error ? error.message : String(error) }, 'a token was refused');
      throw badCredentials();
    }
  }
}
