import type { Workload } from './contract.ts';
import { job } from './job.ts';

export type { HeldFacts, RawObject, Workload } from './contract.ts';

/** Every kind that can be held. Watches, guards and RBAC follow this list. */
export const workloads: readonly Workload[] = [job];

/** The workload of a kind. @throws RangeError for a kind that is not in the list. */
export function workloadOf(kind: string): Workload {
  const found = workloads.find((w) => w.type.kind === kind);
  if (found === undefined) throw new RangeError(`${kind} cannot be held; expected ${workloads.map((w) => w.type.kind).join(', ')}.`);
  return found;
}
