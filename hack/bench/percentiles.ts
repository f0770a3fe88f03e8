/** The smallest of the values that `share` of them do not exceed; NaN without values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** The two that every row has. */
export const latencies = (values: readonly number[]): { p50Ms: number; p99Ms: number } => ({
  p50Ms: percentile(values, 0.5),
  p99Ms: percentile(values, 0.99),
});
