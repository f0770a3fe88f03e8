import { Meter, stepsPerLook } from './cel/meter.ts';

/** By what is divided, and what is said to whoever has spent theirs. */
export interface Sharing<Thing> {
  readonly whose: (thing: Thing) => string;
  /** A clause, such as `it takes more than 20 steps: say less`. */
  readonly spent: (steps: number, thing: Thing) => string;
}

/**
 * What running the expressions and patterns of each thing may cost, of what one look may take for all of them. Everybody has the same share, and divides it
 * among what is theirs: so nobody keeps what others wrote from being looked at by writing much, and what becomes of a thing does not hang on which was
 * looked at before. Each has its meter once: looking at one twice is paid for twice.
 */
export function sharesOf<Thing>(things: readonly Thing[], { whose, spent }: Sharing<Thing>): (thing: Thing) => Meter {
  const counts = new Map<string, number>();
  for (const thing of things) counts.set(whose(thing), (counts.get(whose(thing)) ?? 0) + 1);
  return (thing) => {
    const steps = Math.floor(stepsPerLook / Math.max(1, counts.size) / (counts.get(whose(thing)) ?? 1));
    return new Meter(undefined, { steps, spent: () => spent(steps, thing) });
  };
}
