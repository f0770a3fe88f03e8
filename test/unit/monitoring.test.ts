import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createMetrics } from '../../operator/telemetry/metrics.ts';

const config = join(import.meta.dirname, '../../config');
const dashboard = JSON.parse(readFileSync(join(config, 'dashboards/countersign.json'), 'utf8')) as {
  panels: { title: string; targets: { expr: string }[] }[];
};
const rules = parse(readFileSync(join(config, 'alerts/countersign.yaml'), 'utf8')) as {
  groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[];
};

/** Names of metrics in a PromQL expression: ours all have one of these beginnings. */
const metricNames = (expression: string): string[] =>
  expression.match(/\b(countersign|governance|approval|policy)_[a-z_]+/g)?.map((name) => name.replace(/_bucket$/, '')) ?? [];

const registry = new Registry();
createMetrics(registry);
const declared = (await registry.getMetricsAsJSON()).map((metric) => metric.name);

describe('what is shown and alerted on', () => {
  const uses = [
    ...dashboard.panels.flatMap((panel) => panel.targets.map((target) => [`panel ${panel.title}`, target.expr] as const)),
    ...rules.groups.flatMap((group) => group.rules.map((rule) => [`alert ${rule.alert}`, rule.expr] as const)),
  ];

  it.each(uses)('%s reads metrics that the operator declares', (_name, expression) => {
    expect(declared).toEqual(expect.arrayContaining(metricNames(expression)));
  });

  it('shows every metric that the operator declares', () => {
    const shown = dashboard.panels.flatMap((panel) => panel.targets.flatMap((target) => metricNames(target.expr)));
    expect(declared.filter((name) => !shown.includes(name))).toEqual([]);
  });

  it('says for each alert what is wrong and what it means', () => {
    for (const rule of rules.groups.flatMap((group) => group.rules))
      expect(rule.annotations, rule.alert).toMatchObject({ summary: expect.any(String), description: expect.any(String) });
  });
});
