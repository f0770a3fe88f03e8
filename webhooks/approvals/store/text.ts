import { createHash } from 'node:crypto';
import { Problem } from '../http/problem.ts';

/**
 * Refuses what no database could give back as it was: PostgreSQL takes no NUL, and half of a surrogate pair would become another character on
 * the way, by which two different texts could become one.
 */
export function refuseUnstorable(values: readonly unknown[]): void {
  for (const value of values) {
    if (typeof value !== 'string') continue;
    const nul = value.indexOf('\0');
    if (nul >= 0) throw unstorable(value, `the character NUL (U+0000) at position ${nul}`);
    if (!value.isWellFormed()) throw unstorable(value, 'half of a surrogate pair, which is no character');
  }
}

const unstorable = (value: string, what: string): Problem =>
  new Problem(422, 'text-not-storable', `A text of ${value.length} characters holds ${what}: leave it out.`);

/** What somebody outside said, made fit to be kept: no NUL, whole characters, not longer than `longest`. */
export function storable(text: string, longest: number): string {
  const cut = text.length <= longest ? text : `${text.slice(0, longest - 1)}…`;
  return cut.toWellFormed().replaceAll('\0', '\uFFFD');
}

/** The SHA-256 in hex of these parts; no other parts have the same. */
export function hashOf(...parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    const bytes = typeof part === 'string' ? Buffer.from(part) : part;
    hash.update(`${bytes.length}:`).update(bytes);
  }
  return hash.digest('hex');
}
