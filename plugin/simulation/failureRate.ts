import { failureRateOf, lastRuns, runOf } from '../../operator/core/failureRate.ts';
import type { Request } from '../request.ts';

/** How often the operation failed before, in per cent, as the operator counts it. */
export function failureRate(requests: readonly Request[], namespace: string, operation: string): number {
  const same = requests.filter((r) => r.namespace === namespace && r.stored.spec.operation === operation);
  return failureRateOf(lastRuns(same.flatMap((r) => runOf(r.uid, r.stored.status) ?? [])));
}
