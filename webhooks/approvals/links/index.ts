import { createHash, randomBytes } from 'node:crypto';
import type { Store } from '../store/index.ts';
import { keepLink, type Link } from '../store/links.ts';
import { hashOf } from '../store/text.ts';

/** What a link is made for. */
export interface LinkFor extends Omit<Link, 'expiresAt' | 'mailHash'> {
  /** The address that it is sent to. */
  readonly mail: string;
}

export interface LinksOptions {
  readonly store: Store;
  /** Where people find the service: `https://approvals.example.com`. */
  readonly origin: string;
  /** How long a link is good for, in milliseconds. */
  readonly lifeMs: number;
  readonly now?: () => number;
}

/** Makes the links that go out by mail. Only the hash of what is in them is kept, so one is made anew each time that a mail is sent. */
export class Links {
  readonly #options: LinksOptions;

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  /** The address of a new link, which whoever has it may use once. @throws StoreUnavailable */
  async mint({ mail, ...made }: LinkFor): Promise<string> {
    const { store, origin, lifeMs, now = Date.now } = this.#options;
    const token = randomBytes(32).toString('base64url');
    await keepLink(store, token, { ...made, mailHash: mailHash(mail), expiresAt: now() + lifeMs }, now());
    return `${origin}/l/${token}`;
  }
}

/** By which it is known whether an address is the one that a link was sent to. */
export const mailHash = (mail: string): string => hashOf(mail.toLowerCase());

/** A token as links have it: 32 bytes. */
export const isToken = (text: string): boolean => /^[A-Za-z0-9_-]{43}$/.test(text);

/** What a decision by a link is named after: the same for every try, so that there is one decision whatever breaks in between. Tells nothing of the token. */
export const decisionKey = (token: string): string => createHash('sha256').update(`decision by ${token}`).digest('base64url');
