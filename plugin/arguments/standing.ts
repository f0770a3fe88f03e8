import type { Standing } from '../../crds/v1alpha1/index.ts';
import { durationPattern } from '../../crds/v1alpha1/patterns.ts';
import { UsageError } from '../errors.ts';

const mostRuns = 100;

/** Reads `--standing`: how many further runs, and for how long. @throws UsageError saying what was expected. */
export function standingOf(text: string): Standing {
  const [count = '', duration = '', ...rest] = text.split('/');
  const runs = /^[0-9]{1,3}$/.test(count) ? Number(count) : 0;
  const isDuration = duration.length <= 20 && durationPattern.test(duration) && /[1-9]/.test(duration);
  if (rest.length === 0 && runs >= 1 && runs <= mostRuns && isDuration) return { runs, duration };
  throw new UsageError(
    `--standing is "${text}"; expected RUNS/DURATION, such as 20/7d: how many further runs, 1 to ${mostRuns}, and for how long, at least 1s.`,
  );
}
