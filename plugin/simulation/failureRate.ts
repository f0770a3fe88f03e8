import { conditionOf, type Request } from '../request.ts';

/** As many runs as the operator counts. */
const mostRuns = 100;

/** How often the operation failed before, in per cent, as the operator counts it: by the rule of succession over the last runs that ended. */
export function failureRate(requests: readonly Request[], namespace: string, operation: string): number {
  const ends = requests
    .filter((r) => r.namespace === namespace && r.stored.spec.operation === operation)
    .flatMap((request) => {
      const end = conditionOf(request, 'Completed');
      return end?.status === 'True' && (end.reason === 'Succeeded' || end.reason === 'Failed') ? [end] : [];
    })
    .sort((a, b) => Date.parse(a.lastTransitionTime) - Date.parse(b.lastTransitionTime))
    .slice(-mostRuns);
  return (100 * (ends.filter((end) => end.reason === 'Failed').length + 1)) / (ends.length + 2);
}
