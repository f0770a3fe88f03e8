/** What a run measures and how large; every setting is an environment variable, so that `make bench` needs no flags. */
export interface Settings {
  /** How many Jobs a burst has, smallest first. BENCH_N, such as 500,2000. */
  readonly sizes: readonly number[];
  /** How many Jobs are held when the operator is restarted. BENCH_HELD. */
  readonly held: number;
  /** How many Jobs are decided unhurriedly, ten a second. BENCH_UNHURRIED. */
  readonly unhurried: number;
  /** How often creation with and without guards alternates. BENCH_ROUNDS. */
  readonly rounds: number;
  /** For how many seconds the approval service is asked and told decisions, at an even pace. BENCH_APPROVALS_SECONDS. */
  readonly approvalsSeconds: number;
  /** How many decisions a second it is told, one rate after the other: the last is that of the bar. BENCH_DECISIONS_PER_SECOND, such as 10,50. */
  readonly decisionsPerSecond: readonly number[];
  /** How many requests a second it is asked, likewise. BENCH_REQUESTS_PER_SECOND, such as 25,100. */
  readonly requestsPerSecond: readonly number[];
  /** How many wait at the approval service at a time. BENCH_WAITERS. */
  readonly waiters: number;
  /** Parts of a run to do, all when empty. BENCH_ONLY, such as limit,auto. */
  readonly only: readonly string[];
  /** Connections of the bare clients and of whoever creates and decides. BENCH_CONNECTIONS. */
  readonly connections: number;
  /** Where the operator leaves CPU profiles; absent: it makes none. BENCH_PROFILE. */
  readonly profileDir: string | undefined;
}

/** @throws RangeError that names the variable, what it was and what was expected. */
export function readSettings(environment: Readonly<Record<string, string | undefined>>): Settings {
  const count = (name: string, fallback: number): number => whole(name, environment[name] ?? String(fallback));
  const rising = (name: string, fallback: string): number[] =>
    (environment[name] ?? fallback)
      .split(',')
      .map((text) => whole(name, text))
      .sort((a, b) => a - b);
  return {
    sizes: rising('BENCH_N', '500,2000'),
    held: count('BENCH_HELD', 10_000),
    unhurried: count('BENCH_UNHURRIED', 200),
    rounds: count('BENCH_ROUNDS', 4),
    approvalsSeconds: count('BENCH_APPROVALS_SECONDS', 20),
    decisionsPerSecond: rising('BENCH_DECISIONS_PER_SECOND', '10,50'),
    requestsPerSecond: rising('BENCH_REQUESTS_PER_SECOND', '25,100'),
    waiters: count('BENCH_WAITERS', 5_000),
    only: (environment['BENCH_ONLY'] ?? '').split(',').filter((name) => name !== ''),
    connections: count('BENCH_CONNECTIONS', 32),
    profileDir: environment['BENCH_PROFILE'],
  };
}

function whole(name: string, text: string): number {
  const value = Number(text.trim());
  if (!Number.isInteger(value) || value < 1 || value > 100_000)
    throw new RangeError(`${name} is "${text}"; expected a whole number from 1 to 100000`);
  return value;
}
