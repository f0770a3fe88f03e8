import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { PolicyFacts } from '../../operator/core/facts.ts';
import { createMetrics } from '../../operator/telemetry/metrics.ts';
import { policy } from '../../test/fixtures/facts.ts';
import { AdmissionRequest } from './review.ts';
import { violationOf } from './violations.ts';

const rule = (message: string, expression = 'context.amount <= 1000'): PolicyFacts =>
  policy('limits', {
    match: [{ apiGroups: ['countersign.dev'], kinds: ['GovernedJob', 'ApprovalRequest'] }],
    validations: [{ expression, message }],
  });

interface Known {
  readonly cached?: PolicyFacts[];
  /** As the API server has it; null once it is gone. */
  readonly stored?: PolicyFacts | null;
  readonly namespace?: boolean;
}

async function refusalOf(more: object, { cached = [rule('too much')], stored = cached[0] ?? null, namespace = true }: Known = {}) {
  const registry = new Registry();
  const metrics = createMetrics(registry);
  const deps = {
    metrics,
    policiesFor: () => cached,
    readPolicy: () => Promise.resolve(stored ?? undefined),
    namespaceObject: (name: string) => (namespace ? { metadata: { name, labels: {} } } : undefined),
  };
  const verdict = await violationOf(reviewOf(more), deps);
  const counted = (await registry.getMetricsAsJSON()).find(({ name }) => name === 'policy_violations_total')?.values ?? [];
  return {
    message: verdict?.allowed === false ? verdict.message : undefined,
    counted: counted.map(({ labels, value }) => ({ ...labels, value })),
  };
}

const reviewOf = (more: object): AdmissionRequest =>
  AdmissionRequest.parse({
    uid: 'u',
    kind: { group: 'countersign.dev', version: 'v1alpha1', kind: 'ApprovalRequest' },
    namespace: 'payments',
    operation: 'CREATE',
    userInfo: { username: 'alice' },
    object: asking(5000),
    ...more,
  });

const asking = (amount: number, more: object = {}, metadata: object = {}): object => ({
  metadata: { name: 'r', annotations: { 'countersign.dev/requester': 'alice' }, ...metadata },
  spec: { operation: 'refund', context: { amount }, ...more },
});
const planned = (amount: number, status: object = {}): object => ({
  metadata: { name: 'g', annotations: { 'countersign.dev/requester': 'alice' } },
  spec: { operation: 'refund', parameters: { amount }, jobTemplate: {} },
  status,
});
const governedJob = { kind: { group: 'countersign.dev', version: 'v1alpha1', kind: 'GovernedJob' } };
const message = 'ApprovalPolicy limits: too much';
/** With a pre-action. */
const preparing = (image: string): object => {
  const spec = { template: { spec: { containers: [{ name: 'main', image }] } } };
  return { metadata: {}, spec: { operation: 'refund', jobTemplate: {}, preActions: [{ name: 'a', jobTemplate: { spec } }] } };
};

describe('what breaks a rule', () => {
  it.each<[string, object]>([
    ['is created', {}],
    ['is created as a GovernedJob', { ...governedJob, object: planned(5000) }],
    ['is edited so', { operation: 'UPDATE', object: asking(5000), oldObject: asking(5) }],
    ['is no draft any more', { operation: 'UPDATE', object: asking(5000), oldObject: asking(5000, { draft: true }) }],
    ['is tried out', { dryRun: true }],
  ])('is refused in the words of the policy as it %s', async (_what, more) => {
    expect((await refusalOf(more)).message).toBe(message);
  });

  it('is refused where a pre-action names its image by a tag alone: it would run before the operator judges', async () => {
    const match = [{ apiGroups: ['countersign.dev' as const], kinds: ['GovernedJob' as const] }];
    const cached = [policy('limits', { match, pin: true, unpinnedImages: 'Refuse' })];
    const refusal = async (image: string) => (await refusalOf({ ...governedJob, object: preparing(image) }, { cached })).message;
    expect(await refusal('tool:1')).toContain('ApprovalPolicy limits: images are named by a tag alone, which may change: tool:1');
    expect(await refusal(`tool@sha256:${'0'.repeat(64)}`)).toBeUndefined();
  });

  it('is counted once, but not where it was only tried out', async () => {
    expect((await refusalOf({})).counted).toEqual([{ policy_type: 'validation', function_name: 'refund', value: 1 }]);
    expect((await refusalOf({ dryRun: true })).counted).toEqual([]);
  });

  it.each<[string, object]>([
    ['a draft', { object: asking(5000, { draft: true }) }],
    ['cancelled', { operation: 'UPDATE', object: asking(5000, { cancelled: true }), oldObject: asking(5000) }],
    ['only labelled', { operation: 'UPDATE', object: asking(5000, {}, { labels: { a: 'b' } }), oldObject: asking(5000) }],
    [
      'on its way out',
      { operation: 'UPDATE', object: asking(5000, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' }), oldObject: asking(5) },
    ],
    [
      'over',
      { ...governedJob, operation: 'UPDATE', object: planned(5000, { completedAt: '2026-01-01T00:00:00Z' }), oldObject: planned(5) },
    ],
    ['deleted', { operation: 'DELETE', object: null, oldObject: asking(5000) }],
  ])('is let in where it is %s', async (_what, more) => {
    expect((await refusalOf(more)).message).toBeUndefined();
  });
});

describe('what the cache says', () => {
  it('is looked up before anybody is refused: a rule that was loosened or is gone refuses nobody', async () => {
    expect((await refusalOf({}, { stored: rule('too much', 'true') })).message).toBeUndefined();
    expect((await refusalOf({}, { stored: null })).message).toBeUndefined();
    expect((await refusalOf({}, { cached: [rule('as it was')], stored: rule('as it is now') })).message).toBe(
      'ApprovalPolicy limits: as it is now',
    );
  });

  it('refuses nobody while the namespace is not known', async () => {
    expect((await refusalOf({}, { namespace: false })).message).toBeUndefined();
  });
});
