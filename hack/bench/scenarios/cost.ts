import type { Bench } from '../bench.ts';
import { cpuSeconds, forgetPeak, peakMegabytes } from '../processes.ts';

/** Begins to count what the operator uses; the returned function says what it was. */
export function cost({ operator }: Bench): () => { operatorCpuSeconds: number; operatorPeakMb: number } {
  forgetPeak(operator.pid);
  const before = cpuSeconds(operator.pid);
  return () => ({ operatorCpuSeconds: cpuSeconds(operator.pid) - before, operatorPeakMb: peakMegabytes(operator.pid) });
}
