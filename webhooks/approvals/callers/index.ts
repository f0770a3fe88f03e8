import type { BearerTokens } from './bearerTokens.ts';
import { issuerOf } from './bearerTokens.ts';
import type { Caller, Proof } from './caller.ts';
import type { Person } from './claims.ts';
import { refuseForged } from './forgery.ts';
import type { KubernetesTokens } from './kubernetesTokens.ts';
import type { Session, Sessions } from './session.ts';
import { badCredentials, type Headers } from './unauthorized.ts';

export interface CallersOptions {
  readonly kubernetes: Pick<KubernetesTokens, 'personOf'>;
  /** Absent where no identity provider is configured. */
  readonly bearer?: Pick<BearerTokens, 'issuer' | 'personOf'> | undefined;
  /** Absent where nobody signs in with a browser. */
  readonly sessions?: Sessions | undefined;
  /** Where browsers find the service: `https://approvals.example.com`. */
  readonly origin: string;
}

/** A token68, as RFC 7235 has it, and no longer than any token is. */
const bearer = /^bearer +([A-Za-z0-9\-._~+/]{1,16384}=*)$/i;

/** Says who calls. */
export class Callers {
  readonly #options: CallersOptions;

  constructor(options: CallersOptions) {
    this.#options = options;
  }

  /**
   * Who calls, by a token or else by the session's cookie; undefined without either, and with a cookie that is no good any more.
   * Whatever comes with a cookie and writes must pass `refuseForgery` too. @throws Problem 401 for a bad token, 503 when nobody can tell.
   */
  async callerOf(headers: Headers): Promise<Caller | undefined> {
    const authorization = headers['authorization'];
    if (authorization !== undefined) return this.#byToken(authorization);
    const session = await this.sessionOf(headers);
    return session === undefined ? undefined : callerFor(session.person, 'Session');
  }

  /** The session that the cookie is of. */
  async sessionOf(headers: Headers): Promise<Session | undefined> {
    return this.#options.sessions?.of(headers);
  }

  /**
   * To be asked before anything is written for a caller whose proof is `Session`: whether they meant it. `formToken` is the field of that name in a
   * form; the header of that name is read too. @throws Problem 403.
   */
  async refuseForgery(headers: Headers, formToken?: string): Promise<void> {
    const { sessions, origin } = this.#options;
    const session = await this.sessionOf(headers);
    if (sessions === undefined || session === undefined) throw badCredentials();
    refuseForged(sessions, session, headers, origin, formToken);
  }

  async #byToken(authorization: string | string[]): Promise<Caller> {
    const token = typeof authorization === 'string' ? bearer.exec(authorization)?.[1] : undefined;
    if (token === undefined) throw badCredentials();
    const { bearer: provider, kubernetes } = this.#options;
    // What a token says of its issuer decides only whom we ask; whoever is asked believes none of it.
    if (provider !== undefined && issuerOf(token) === provider.issuer) return callerFor(await provider.personOf(token), 'BearerToken');
    return callerFor(await kubernetes.personOf(token), 'KubernetesToken');
  }
}

const callerFor = ({ username, groups }: Person, proof: Proof): Caller => ({ username, groups, via: 'Web', proof });

export type { Headers } from './unauthorized.ts';
