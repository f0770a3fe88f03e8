/** How many steps one run of an expression, or one try of a pattern, may take. One step is about one operation or eight characters. */
export const stepsPerRun = 100_000;

/**
 * How many steps all runs for one purpose may take together in one look at a request: the rules of all policies, say, or all delegations. However many
 * expressions people write, such a look takes a bounded time, in which nothing else is looked at.
 */
export const stepsPerLook = 5 * stepsPerRun;

const alone: Allowance = {
  steps: stepsPerRun,
  spent: () => `it takes more than ${stepsPerRun} steps: let it look at less, or at less at once`,
};

/** Ends a run that costs too much. Unlike a Failure nothing in the expression can absorb it. */
export class BudgetExceeded extends Error {}

/** What a meter is for: a single run when left out. */
export interface Allowance {
  readonly steps: number;
  /** What is said once it is spent, as a clause: whose it was, and what to do. */
  readonly spent: () => string;
}

/** Counts what running costs, before it is spent: for one run, and for what several runs have between them. */
export class Meter {
  readonly #allowance: Allowance;
  readonly #within: Meter | undefined;
  #left: number;

  /** Within another one, whatever it is charged is charged there too. */
  constructor(within?: Meter, allowance: Allowance = alone) {
    this.#within = within;
    this.#allowance = allowance;
    this.#left = allowance.steps;
  }

  /** @throws BudgetExceeded when less is left. */
  charge(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new BudgetExceeded(this.#allowance.spent());
    this.#within?.charge(steps);
  }

  /** What handling this many characters or bytes costs. */
  chargeText(length: number): void {
    this.charge(1 + length / 8);
  }

  /** What was spent so far. */
  get spent(): number {
    return this.#allowance.steps - this.#left;
  }

  /** Why nothing more can be paid for; undefined while something can. */
  get exceeded(): string | undefined {
    return this.#left < 0 ? this.#allowance.spent() : this.#within?.exceeded;
  }
}
