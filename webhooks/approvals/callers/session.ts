import { randomBytes } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { parseCookie, stringifySetCookie } from 'cookie';
import type { JWTPayload } from 'jose';
import { Problem } from '../http/problem.ts';
import type { Person } from './claims.ts';
import type { Seals } from './seals.ts';
import { headerOf, type Headers } from './unauthorized.ts';

/** A browser takes it over TLS alone, sends it to this host alone, and lets no other host of the domain set it. */
const sessionCookie = '__Host-countersign';
const flowCookie = '__Host-countersign-sign-in';

/** What a browser keeps of a cookie, its name and attributes included. */
const mostCookieBytes = 4_096;
const mostGroupBytes = 512 * 1_024;
const flowSeconds = 600;

/** A sign-in that is under way, as the browser keeps it until it comes back from the identity provider. */
export interface Flow {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly returnTo: string;
}

/** Somebody who is signed in. */
export interface Session {
  readonly person: Person;
  /** Its own, for form tokens that are good for this session alone. */
  readonly id: string;
}

export interface SessionsOptions {
  readonly seals: Seals;
  /** How long somebody stays signed in, in seconds. What the provider takes back is good for so much longer. */
  readonly seconds: number;
}

/** Who is signed in, with no store of sessions: the browser brings it along, sealed. */
export class Sessions {
  readonly #seals: Seals;
  readonly #seconds: number;

  constructor({ seals, seconds }: SessionsOptions) {
    this.#seals = seals;
    this.#seconds = seconds;
  }

  /** The Set-Cookie headers that begin a session. @throws Problem 431 for more groups than a browser can keep. */
  async begin({ username, groups }: Person): Promise<string[]> {
    const id = randomBytes(16).toString('base64url');
    const packed = deflateRawSync(JSON.stringify(groups)).toString('base64url');
    const cookie = cookieOf(
      sessionCookie,
      await this.#seals.seal('session', { sub: username, groups: packed, jti: id }, this.#seconds),
      this.#seconds,
    );
    if (Buffer.byteLength(cookie) > mostCookieBytes) {
      throw new Problem(
        431,
        'too-many-groups',
        `You are in ${groups.length} groups, which is more than a browser keeps for us. Have the identity provider send only the groups that approve something, or use a token with the API.`,
      );
    }
    return [cookie, cookieOf(flowCookie, '', 0)];
  }

  /** The Set-Cookie headers that end it. */
  end(): string[] {
    return [cookieOf(sessionCookie, '', 0), cookieOf(flowCookie, '', 0)];
  }

  /** Who is signed in; undefined without a cookie, and with one that is forged, altered or too old: that is the same as not being signed in. */
  async of(headers: Headers): Promise<Session | undefined> {
    const text = cookiesOf(headers)[sessionCookie];
    return text === undefined || text === '' ? undefined : sessionOf(await this.#seals.open('session', text));
  }

  /** The Set-Cookie header by which the browser remembers a sign-in under way. */
  async remember(flow: Flow): Promise<string> {
    return cookieOf(flowCookie, await this.#seals.seal('sign-in', { ...flow }, flowSeconds), flowSeconds);
  }

  /** The sign-in that is under way in this browser. */
  async flowOf(headers: Headers): Promise<Flow | undefined> {
    const text = cookiesOf(headers)[flowCookie];
    const flow = text === undefined ? undefined : await this.#seals.open('sign-in', text);
    return flow === undefined ? undefined : (flow as unknown as Flow);
  }

  /** What every form of this session carries. */
  formToken({ id }: Session): string {
    return this.#seals.token(id);
  }

  isFormToken({ id }: Session, token: string): boolean {
    return this.#seals.isToken(id, token);
  }
}

const cookiesOf = (headers: Headers): Record<string, string | undefined> => parseCookie(headerOf(headers, 'cookie') ?? '');

/** Lax and not Strict: the provider sends people back to us, and mail leads them here. Nothing is ever changed by a GET. */
const cookieOf = (name: string, value: string, seconds: number): string =>
  stringifySetCookie({ name, value, path: '/', httpOnly: true, secure: true, sameSite: 'lax', maxAge: seconds });

function sessionOf(payload: JWTPayload | undefined): Session | undefined {
  const { sub, jti, groups } = payload ?? {};
  if (sub === undefined || jti === undefined || typeof groups !== 'string') return undefined;
  const unpacked = inflateRawSync(Buffer.from(groups, 'base64url'), { maxOutputLength: mostGroupBytes }).toString('utf8');
  return { person: { username: sub, groups: JSON.parse(unpacked) as string[] }, id: jti };
}
