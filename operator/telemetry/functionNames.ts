/** How many different names become label values before all others are counted as `other`. */
const defaultLimit = 200;

/** Bounds the label function_name: operations are named by users, and each new label value costs memory in every scraper. */
export class FunctionNames {
  readonly #seen = new Set<string>();
  readonly #limit: number;

  constructor(limit: number = defaultLimit) {
    this.#limit = limit;
  }

  /** The label value for an operation: its own name, `none` when it has none, `other` when too many are known already. */
  label(operation: string | undefined): string {
    if (operation === undefined || operation === '') return 'none';
    if (this.#seen.has(operation)) return operation;
    if (this.#seen.size >= this.#limit) return 'other';
    this.#seen.add(operation);
    return operation;
  }
}
