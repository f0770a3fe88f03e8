import { readFileSync } from 'node:fs';
import type { Credential, CredentialSource } from './clusterConfig.ts';
import { KubeconfigError } from './kubeconfigFile.ts';
import { saveTokens } from './oidcStore.ts';

/** An id token is replaced so long before it expires. */
const earlyMs = 10_000;
const timeoutMs = 15_000;

type ProviderConfig = Readonly<Record<string, string>>;

/** A kubeconfig's `auth-provider: oidc`: sends the id token, and gets a new one with the refresh token when it has expired. */
export class OidcCredentials implements CredentialSource {
  readonly #user: string;
  readonly #config: ProviderConfig;
  readonly #file: string | undefined;
  #idToken: string | undefined;
  #refreshToken: string | undefined;
  #refused = false;
  #refreshing: Promise<string> | undefined;

  constructor(user: string, config: ProviderConfig, file: string | undefined) {
    this.#user = user;
    this.#config = config;
    this.#file = file;
    this.#idToken = config['id-token'];
    this.#refreshToken = config['refresh-token'];
    for (const field of ['idp-issuer-url', 'client-id']) {
      if ((config[field] ?? '') === '') throw this.#error(field, 'expected a value, was empty');
    }
  }

  current(): Credential | Promise<Credential> {
    const token = this.#idToken;
    if (token !== undefined && token !== '' && !this.#refused && Date.now() < expiryOf(token) - earlyMs) return bearer(token);
    this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined));
    return this.#refreshing.then(bearer);
  }

  invalidate(): void {
    this.#refused = true;
  }

  async #refresh(): Promise<string> {
    const refreshToken = this.#refreshToken ?? '';
    if (refreshToken === '') throw this.#error('refresh-token', 'the id token has expired and there is no refresh token; sign in again');
    const answer = await this.#grant(refreshToken);
    const idToken = answer['id_token'];
    if (typeof idToken !== 'string') throw this.#error('id-token', 'the issuer answered the refresh without an id_token; sign in again');
    this.#idToken = idToken;
    this.#refused = false;
    const next = typeof answer['refresh_token'] === 'string' ? answer['refresh_token'] : refreshToken;
    this.#refreshToken = next;
    // Issuers that rotate refresh tokens refuse the old one next time: kubectl and we must both find the new one.
    if (this.#file !== undefined) await saveTokens(this.#file, this.#user, idToken, next);
    return idToken;
  }

  async #grant(refreshToken: string): Promise<Record<string, unknown>> {
    const issuer = (this.#config['idp-issuer-url'] ?? '').replace(/\/+$/, '');
    const discovery = await this.#json(`${issuer}/.well-known/openid-configuration`);
    const endpoint = discovery['token_endpoint'];
    if (typeof endpoint !== 'string') throw this.#error('idp-issuer-url', `${issuer} names no token_endpoint`);
    const { 'client-id': id = '', 'client-secret': secret = '' } = this.#config;
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    const basic = `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;
    // A public client names itself in the form; a confidential one proves itself in the header.
    const request = secret === '' ? { form: { ...form, client_id: id } } : { form, authorization: basic };
    return this.#json(endpoint, request);
  }

  async #json(url: string, post?: { form: Record<string, string>; authorization?: string }): Promise<Record<string, unknown>> {
    const { Agent, request } = await import('undici');
    const ca = this.#issuerCa();
    const dispatcher = new Agent({ connect: { timeout: timeoutMs, ...(ca === undefined ? {} : { ca }) } });
    try {
      const answer = await request(url, {
        dispatcher,
        headersTimeout: timeoutMs,
        bodyTimeout: timeoutMs,
        method: post === undefined ? 'GET' : 'POST',
        headers: {
          accept: 'application/json',
          ...(post === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
          ...(post?.authorization === undefined ? {} : { authorization: post.authorization }),
        },
        body: post === undefined ? null : new URLSearchParams(post.form).toString(),
      });
      if (answer.statusCode !== 200) {
        await answer.body.dump();
        throw this.#error(
          'idp-issuer-url',
          `${url} answered HTTP ${answer.statusCode}; sign in again if the refresh token is no longer valid`,
        );
      }
      return (await answer.body.json()) as Record<string, unknown>;
    } catch (error) {
      if (error instanceof KubeconfigError) throw error;
      throw this.#error('idp-issuer-url', `${url} could not be asked: ${(error as Error).message}`);
    } finally {
      await dispatcher.close();
    }
  }

  #issuerCa(): string | undefined {
    const data = this.#config['idp-certificate-authority-data'] ?? '';
    if (data !== '') return Buffer.from(data, 'base64').toString('utf8');
    const path = this.#config['idp-certificate-authority'] ?? '';
    return path === '' ? undefined : readFileSync(path, 'utf8');
  }

  #error(field: string, what: string): KubeconfigError {
    return new KubeconfigError(`user "${this.#user}": auth-provider.config.${field}: ${what}`);
  }
}

function bearer(token: string): Credential {
  return { authorization: `Bearer ${token}` };
}

/** Milliseconds since the epoch; 0 when the token cannot be read, so that it is refreshed. Nobody relies on it being genuine. */
function expiryOf(token: string): number {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')) as { exp?: unknown };
    return typeof claims.exp === 'number' ? claims.exp * 1000 : 0;
  } catch {
    return 0;
  }
}
