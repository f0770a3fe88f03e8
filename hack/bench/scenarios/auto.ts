import type { Bench } from '../bench.ts';
import { autoPolicy } from '../objects.ts';
import { cost } from './cost.ts';
import { burst } from './burst.ts';

/** Held and released under a policy that asks nobody, against the bare pair that keeps no record of anything. */
export async function auto(bench: Bench, n: number): Promise<void> {
  const namespace = await bench.namespace(autoPolicy);
  const spent = cost(bench);
  const { creationMs, longestMs, ...rates } = await burst(bench, namespace, n);
  const more = { creationMs, longestMs, heldOverCreation: longestMs / creationMs, ...spent() };
  bench.report.add({ scenario: 'auto', n, ...rates, limitPerSecond: bench.report.rate('limit.pair', n) ?? null, more });
  await bench.remove(namespace);
}
