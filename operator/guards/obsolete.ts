import { guardLabels, type GuardObject } from './objects.ts';

/** What is known of a guard that is stored. */
export interface StoredGuard {
  readonly kind: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

// In this order nothing is refused for lack of a hold: first what refuses stops looking, then what holds stops holding.
const removalOrder = [
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicyBinding',
  'ValidatingAdmissionPolicy',
  'MutatingAdmissionPolicy',
];

/**
 * The stored guards of policies that no policy asks for any more, in the order in which they are to be removed. `wanted` is what all
 * policies together compile to, or, with `of` (see `guardOf`), what this one policy compiles to. The configuration of the hold webhooks is never
 * among them: it is rewritten as a whole.
 */
export function obsolete(wanted: readonly GuardObject[], stored: readonly StoredGuard[], of?: string): StoredGuard[] {
  const keep = new Set(wanted.map((guard) => `${guard.kind}/${guard.metadata.name}`));
  return stored
    .filter((guard) => of === undefined || guard.labels[guardLabels.guardOf] === of)
    .filter((guard) => removalOrder.includes(guard.kind) && !keep.has(`${guard.kind}/${guard.name}`))
    .sort((a, b) => removalOrder.indexOf(a.kind) - removalOrder.indexOf(b.kind));
}
