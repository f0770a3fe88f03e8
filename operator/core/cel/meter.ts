/** How many steps one run of an expression may take. One step is about one operation or eight characters. */
export const stepsPerRun = 100_000;

/** Ends a run that costs too much. Unlike a Failure nothing in the expression can absorb it. */
export class BudgetExceeded extends Error {
  constructor() {
    super(`it takes more than ${stepsPerRun} steps: let it look at less, or at less at once`);
  }
}

/** Counts what one run costs, before it is spent. */
export class Meter {
  #left = stepsPerRun;

  /** @throws BudgetExceeded when less is left. */
  charge(steps: number): void {
    this.#left -= steps;
    if (this.#left < 0) throw new BudgetExceeded();
  }

  /** What handling this many characters or bytes costs. */
  chargeText(length: number): void {
    this.charge(1 + length / 8);
  }

  /** What was spent so far. */
  get spent(): number {
    return stepsPerRun - this.#left;
  }
}
