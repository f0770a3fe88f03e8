import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { cpus, loadavg } from 'node:os';

/** One measurement, as a line of bench.jsonl. Null: does not apply. */
export interface Row {
  readonly scenario: string;
  readonly n: number;
  readonly jobsPerSecond: number | null;
  /** What bare clients reach with the same in the same run. */
  readonly limitPerSecond: number | null;
  /** jobsPerSecond / limitPerSecond. */
  readonly ratio: number | null;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** What belongs to this scenario alone, such as operatorCpuSeconds. */
  readonly more?: Readonly<Record<string, number | string>>;
}

type Given = Partial<Row> & Pick<Row, 'scenario' | 'n'>;

const columns = ['scenario', 'n', 'Jobs/s', 'limit/s', 'ratio', 'p50 ms', 'p99 ms', 'more'] as const;

/** Writes each row to a file as it comes, and a table for people at the end. */
export class Report {
  readonly #file: string;
  readonly #log: (line: string) => void;
  readonly #rows: Row[] = [];

  constructor(file: string, log: (line: string) => void) {
    this.#file = file;
    this.#log = log;
  }

  add(given: Given): void {
    const jobsPerSecond = given.jobsPerSecond ?? null;
    const limitPerSecond = given.limitPerSecond ?? null;
    const ratio = given.ratio ?? (jobsPerSecond === null || limitPerSecond === null ? null : jobsPerSecond / limitPerSecond);
    const { scenario, n, p50Ms = null, p99Ms = null, more } = given;
    const row: Row = { scenario, n, jobsPerSecond, limitPerSecond, ratio, p50Ms, p99Ms, ...(more === undefined ? {} : { more }) };
    this.#rows.push(row);
    const flat = { ...row, more: undefined, ...more, load: round(loadavg()[0] ?? 0), cores: cpus().length };
    const line = JSON.stringify(flat, (_key, value: unknown) => (typeof value === 'number' ? round(value) : value));
    this.#write(`${line}\n`);
    this.#log(line);
  }

  #write(line: string): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    if (this.#rows.length === 1) writeFileSync(this.#file, line);
    else appendFileSync(this.#file, line);
  }

  /** The jobs per second of an earlier row; undefined when that part of the run was left out. */
  rate(scenario: string, n: number): number | undefined {
    return this.#rows.find((row) => row.scenario === scenario && row.n === n)?.jobsPerSecond ?? undefined;
  }

  table(): string {
    const number = (value: number | null): string => (value === null ? '' : String(round(value)));
    const lines = this.#rows.map((row) => [
      row.scenario,
      String(row.n),
      number(row.jobsPerSecond),
      number(row.limitPerSecond),
      number(row.ratio),
      number(row.p50Ms),
      number(row.p99Ms),
      Object.entries(row.more ?? {})
        .map(([name, value]) => `${name}=${typeof value === 'number' ? round(value) : value}`)
        .join(' '),
    ]);
    return render([[...columns], ...lines]);
  }
}

/** Three significant digits of what is small; measurements have no more to give. */
export function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}

function render(lines: readonly (readonly string[])[]): string {
  const widths = columns.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  // Words to the left, numbers to the right.
  const isText = (column: number): boolean => column === 0 || column === columns.length - 1;
  return lines
    .map((line) =>
      line
        .map((cell, i) => (isText(i) ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
