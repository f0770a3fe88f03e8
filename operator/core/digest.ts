import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { CountersignError } from './errors.ts';

/**
 * What a digest is taken of: what would run and what is claimed about it. `content` is the digest of what would run (`contentDigest` of the
 * projection in operator/workloads), so that large manifests need not be kept; something outside the cluster has none, and its identity says `external`.
 */
export interface Claim {
  readonly subject: SubjectIdentity & { readonly content?: string };
  readonly operation: string;
  /** For whom it was asked. */
  readonly onBehalfOf?: string;
  readonly context?: unknown;
  readonly reason?: string;
  readonly ticket?: string;
  /** What would run refers to these, by kind and name: the digest of their contents, or why there is none. */
  readonly pins?: Readonly<Record<string, string>>;
  readonly questions?: readonly unknown[];
}

export type SubjectIdentity =
  | { readonly apiVersion: string; readonly kind: string; readonly namespace: string; readonly name: string; readonly uid: string }
  | { readonly external: { readonly system: string; readonly id: string; readonly url?: string | undefined } };

/** `v1:sha256:` and 64 hexadecimal digits. */
export const digestPattern = /^v1:sha256:[0-9a-f]{64}$/;

/**
 * The digest of a claim: SHA-256 over its RFC 8785 canonical JSON, in hexadecimal after `v1:sha256:`.
 * @throws CountersignError `Undigestible` when the claim holds what JSON cannot carry without loss: an integer beyond 2^53, a lone surrogate, NaN.
 */
export const digestOf = (claim: Claim): string => hash(claim);

/** The digest of what would run, by the same rules. @throws CountersignError `Undigestible`. */
export const contentDigest = (content: object): string => hash(content);

function hash(value: object): string {
  refuseUnsafe(value, '', 0);
  return `v1:sha256:${createHash('sha256').update(canonicalJson(value)).digest('hex')}`;
}

/** RFC 8785 canonical JSON. @throws CountersignError `Undigestible` for values that JSON cannot carry. */
export function canonicalJson(value: unknown): string {
  try {
    const text = canonicalize(value);
    if (text === undefined) throw new TypeError('undefined is not JSON');
    return text;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CountersignError('Undigestible', `The subject cannot be digested: ${why}; expected plain JSON.`, { cause });
  }
}

/** Deeper than anybody writes, and shallower than where the stack ends. */
const deepest = 1_000;

// JSON.parse rounds integers beyond 2^53, so two different manifests would have one digest.
function refuseUnsafe(value: unknown, path: string, depth: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    throw new CountersignError(
      'Undigestible',
      `${path.slice(1)}: ${value} is beyond 2^53, where numbers lose digits; write it as a string, or use a smaller number.`,
    );
  }
  if (value === null || typeof value !== 'object') return;
  if (depth > deepest) throw new CountersignError('Undigestible', `It is nested more than ${deepest} levels deep; nest it less.`);
  for (const [key, child] of Object.entries(value)) refuseUnsafe(child, `${path}.${key}`, depth + 1);
}
