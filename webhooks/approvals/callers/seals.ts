import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { decodeProtectedHeader, EncryptJWT, jwtDecrypt, type JWTPayload } from 'jose';
import { CountersignError } from '../../../operator/core/errors.ts';

/** What a sealed text is for; what is sealed for one purpose cannot be opened for another. */
export type Purpose = 'session' | 'sign-in' | 'form';

const keyBytes = 32;

/**
 * Reads keys as a Secret has them: base64 of 32 random bytes on each line. The first seals, all of them open, so that a new key is put in front of the
 * old one and the old one taken away a day later. @throws CountersignError `InvalidConfiguration`.
 */
export function parseSealKeys(text: string): Buffer[] {
  const lines = text.split('\n').flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  const keys = lines.map((line) => Buffer.from(line, 'base64'));
  const wrong = keys.findIndex((key) => key.length !== keyBytes);
  if (keys.length > 0 && wrong === -1) return keys;
  const was = keys.length === 0 ? 'is empty' : `has ${keys[wrong]?.length ?? 0} bytes on line ${wrong + 1}`;
  throw new CountersignError(
    'InvalidConfiguration',
    `The session key ${was}; expected base64 of ${keyBytes} random bytes on each line, the newest first: openssl rand -base64 ${keyBytes}`,
  );
}

/** Seals what a browser keeps for us: nobody else can read or make it. Nothing is stored here, so every replica with the same keys can open it. */
export class Seals {
  readonly #keys: readonly Uint8Array[];
  readonly #now: () => number;

  /** @param keys the first seals, all of them open. */
  constructor(keys: readonly Uint8Array[], now: () => number = Date.now) {
    this.#keys = keys;
    this.#now = now;
  }

  /** An encrypted and authenticated text that opens for so many seconds. */
  async seal(purpose: Purpose, payload: JWTPayload, seconds: number): Promise<string> {
    const key = derived(this.#first, purpose);
    const issuedAt = Math.floor(this.#now() / 1000);
    return new EncryptJWT(payload)
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', kid: idOf(key) })
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + seconds)
      .encrypt(key);
  }

  /** What was sealed for this purpose; undefined of anything else, and of what is too old. */
  async open(purpose: Purpose, text: string): Promise<JWTPayload | undefined> {
    try {
      const { kid } = decodeProtectedHeader(text);
      const key = this.#keys.map((k) => derived(k, purpose)).find((k) => idOf(k) === kid);
      if (key === undefined) return undefined;
      const { payload } = await jwtDecrypt(text, key, {
        keyManagementAlgorithms: ['dir'],
        contentEncryptionAlgorithms: ['A256GCM'],
        requiredClaims: ['exp'],
        currentDate: new Date(this.#now()),
      });
      return payload;
    } catch {
      return undefined;
    }
  }

  /** A token that only we can make of this text. */
  token(text: string): string {
    return macOf(derived(this.#first, 'form'), text);
  }

  /** Whether it is the token of this text, by any of the keys. */
  isToken(text: string, token: string): boolean {
    const given = Buffer.from(token);
    return this.#keys.some((key) => {
      const made = Buffer.from(macOf(derived(key, 'form'), text));
      return made.length === given.length && timingSafeEqual(made, given);
    });
  }

  get #first(): Uint8Array {
    const [first] = this.#keys;
    if (first === undefined) throw new CountersignError('InvalidConfiguration', 'There is no session key; expected one or two.');
    return first;
  }
}

const derived = (key: Uint8Array, purpose: Purpose): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', key, new Uint8Array(), `countersign ${purpose}`, keyBytes));

const idOf = (key: Uint8Array): string => createHash('sha256').update(key).digest('base64url').slice(0, 11);

const macOf = (key: Uint8Array, text: string): string => createHmac('sha256', key).update(text).digest('base64url');
