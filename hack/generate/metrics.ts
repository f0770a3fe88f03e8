import { Registry } from 'prom-client';
import { createMetrics } from '../../operator/telemetry/metrics.ts';

/** What prom-client knows of a metric; its types leave the labels out. */
interface Declared {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly labelNames: readonly string[];
}

/** The reference of all metrics, as Markdown. */
export function metrics(): string {
  const registry = new Registry();
  createMetrics(registry);
  const declared = registry.getMetricsAsArray() as unknown as readonly Declared[];
  const ours = declared.filter(({ name }) => !/^(process|nodejs)_/.test(name));
  const rows = ours.map(({ name, help, type, labelNames }) => {
    const labels = labelNames.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
  });
  return `${[
    '<!-- Written by hack/generate.ts from operator/telemetry/metrics.ts. Change it there, then run: make generate -->',
    '',
    '# Metrics',
    '',
    "What they are good for is said in [observability](../concepts/observability.md). Those of Node itself (`process_…`, `nodejs_…`) are prom-client's.",
    '',
    '| metric | type | labels | what it is |',
    '|---|---|---|---|',
    ...rows,
  ].join('\n')}\n`;
}
