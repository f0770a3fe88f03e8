/** Something that is wrong with a policy, whatever the cluster looks like. */
export interface Fault {
  /** The field, such as `spec.stages[1].when`. */
  readonly path: string;
  /** What it was, what was expected and what to do. */
  readonly message: string;
}
