import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { ConditionType, IgnoredBecause, kinds, Reason, requestPhases, verdicts } from '../../crds/v1alpha1/index.ts';
import { createMetrics } from '../../operator/telemetry/metrics.ts';

const docs = join(import.meta.dirname, '../../docs');
const read = (path: string): string => readFileSync(join(docs, path), 'utf8');

/** What is under a heading, up to the next one of its level. */
function section(page: string, heading: string): string {
  const found = read(page)
    .split(/^## /m)
    .find((part) => part.startsWith(`${heading}\n`));
  if (found === undefined) throw new Error(`${page} has no heading "${heading}"`);
  return found;
}

const isRule = (line = ''): boolean => /^\| *-/.test(line);
/** The rows of the tables in a text, without their heads. */
const rows = (text: string): string[] =>
  text.split('\n').filter((line, at, lines) => line.startsWith('| ') && !isRule(line) && !isRule(lines[at + 1]));
const words = (cell = ''): string[] => cell.match(/[A-Z][A-Za-z]+/g) ?? [];
const firstCells = (text: string): string[] => rows(text).flatMap((row) => words(row.split('|')[1]));

const metrics = new Registry();
createMetrics(metrics);
const declared = (await metrics.getMetricsAsJSON()).map(({ name }) => name);
const pages = readdirSync(docs, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'));

describe('the pages name', () => {
  it('every CRD where they say how to remove everything', () => {
    const named = /kubectl delete crd (.*)/.exec(read('operations/uninstall.md'))?.[1]?.split(' ') ?? [];
    expect(named.sort()).toEqual(kinds.map(({ resource }) => `${resource.plural}.${resource.group}`).sort());
  });

  it('every phase and every condition of a request', () => {
    expect(firstCells(section('concepts/lifecycle.md', 'Phases')).sort()).toEqual([...requestPhases].sort());
    expect(firstCells(section('concepts/lifecycle.md', 'Conditions')).sort()).toEqual(Object.values(ConditionType).sort());
  });

  it('no reason of a condition that there is not', () => {
    const named = rows(section('concepts/lifecycle.md', 'Conditions')).flatMap(
      (row) =>
        row
          .split('|')
          .slice(2)
          .join('|')
          .match(/`[A-Z][A-Za-z]+`/g) ?? [],
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.map((name) => name.slice(1, -1)).filter((name) => !(name in Reason) && !(name in ConditionType))).toEqual([]);
  });

  it('every verdict, and every reason not to count one', () => {
    const page = read('concepts/requests-and-decisions.md');
    expect(words(/verdict: (.*)/.exec(page)?.[1])).toEqual([...verdicts]);
    expect(firstCells(page).sort()).toEqual(Object.values(IgnoredBecause).sort());
  });

  it('only metrics that there are', () => {
    const named = pages.flatMap((page) => read(page).match(/\bcountersign_[a-z_]+/g) ?? []);
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => !declared.includes(name))).toEqual([]);
  });
});
