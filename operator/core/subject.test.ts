import { describe, expect, it } from 'vitest';
import type { ApprovalRequestSpec, Pin } from '../../crds/v1alpha1/index.ts';
import { observation } from '../../test/fixtures/facts.ts';
import { digestPattern } from './digest.ts';
import { governedJobContent, governedJobName, requestDigest, requestName } from './subject.ts';

const spec: ApprovalRequestSpec = { ...observation().request.spec, context: { amount: 1 }, reason: 'why', ticket: 'CHG-1' };
const digest = (changes: Partial<ApprovalRequestSpec> = {}, namespace = 'payments', content: string | undefined = 'v1:sha256:c') =>
  requestDigest(namespace, { spec: { ...spec, ...changes } }, content);
const resource = spec.subject.resource!;

describe('the digest of a request', () => {
  it.each<[string, string]>([
    ['the operation', digest({ operation: 'other' })],
    ['the context', digest({ context: { amount: 2 } })],
    ['the context being there at all', digest({ context: undefined })],
    ['the reason', digest({ reason: 'because' })],
    ['the ticket', digest({ ticket: 'CHG-2' })],
    ['the name of its subject', digest({ subject: { resource: { ...resource, name: 'other' } } })],
    ['the uid of its subject', digest({ subject: { resource: { ...resource, uid: 'other' } } })],
    ['the kind of its subject', digest({ subject: { resource: { ...resource, kind: 'GovernedJob' } } })],
    ['the namespace', digest({}, 'other')],
    ['what would run', digest({}, 'payments', 'v1:sha256:d')],
    ['its subject being outside the cluster', digest({ subject: { external: { system: 'temporal', id: 'run-9' } } })],
  ])('changes with %s', (_what, other) => {
    expect(other).toMatch(digestPattern);
    expect(other).not.toBe(digest());
  });

  it.each<[string, Partial<ApprovalRequestSpec>]>([
    ['the time it may wait', { timeout: '48h' }],
    ['being a draft', { draft: true }],
    ['being cancelled', { cancelled: true }],
    ['the policy it names', { policyRef: { kind: 'ApprovalPolicy', name: 'p' } }],
    ['the stages it adds', { stages: [{ name: 's', rejections: 1, require: [{ count: 1, from: [{ user: 'bob' }] }] }] }],
  ])('does not change with %s', (_what, changes) => {
    expect(digest(changes)).toBe(digest());
  });

  it('changes with for whom it is asked', () => {
    const of = (onBehalfOf?: string) => requestDigest('payments', { spec, onBehalfOf }, 'v1:sha256:c');
    expect(new Set([of(), of('alice'), of('bob')]).size).toBe(3);
    expect(of()).toBe(digest());
  });

  it('changes with what is pinned, whatever order it is listed in', () => {
    const [one, two] = ['1', '2'].map((digit) => `v1:sha256:${digit.repeat(64)}`);
    const pin = (kind: Pin['kind'], name: string, more: Partial<Pin> = {}): Pin => ({ kind, name, state: 'Pinned', content: one, ...more });
    const of = (...pins: Pin[]): string => requestDigest('payments', { spec }, 'v1:sha256:c', pins);
    const all = [
      of(),
      of(pin('ConfigMap', 'a')),
      of(pin('ConfigMap', 'a', { content: two })),
      of(pin('ConfigMap', 'b')),
      of(pin('Secret', 'a')),
      of(pin('Secret', 'a'), pin('ConfigMap', 'a')),
      of({ kind: 'ConfigMap', name: 'a', state: 'Absent' }),
      of({ kind: 'Secret', name: 'a', state: 'NotCovered' }),
    ];
    expect(new Set(all).size).toBe(all.length);
    expect(of(pin('ConfigMap', 'a'), pin('Secret', 'a'))).toBe(of(pin('Secret', 'a'), pin('ConfigMap', 'a')));
    expect(of()).toBe(digest());
  });

  it('changes with what approvers are asked: an answer to another question is worth nothing', () => {
    const question = { name: 'sure', question: 'is it less than 100?', type: 'Boolean', required: true } as const;
    expect(new Set([digest(), digest({ questions: [question] }), digest({ questions: [{ ...question, question: 'is it?' }] })]).size).toBe(
      3,
    );
    expect(digest({ questions: [] })).toBe(digest());
  });

  it('of something outside the cluster changes with each thing said of it', () => {
    const external = { system: 'temporal', id: 'run-9', url: 'https://temporal/run-9' };
    const of = (changes: object) =>
      requestDigest('payments', { spec: { ...spec, subject: { external: { ...external, ...changes } } } }, undefined);
    expect(new Set([of({}), of({ system: 'other' }), of({ id: 'run-8' }), of({ url: 'https://elsewhere' })]).size).toBe(4);
  });

  it('is refused when the context is larger than api.md allows, counted in bytes', () => {
    const text = (length: number) => ({ context: { text: 'é'.repeat(length) } });
    expect(digest(text(32_000))).toMatch(digestPattern);
    expect(() => digest(text(33_000))).toThrow(expect.objectContaining({ code: 'Undigestible' }));
  });
});

describe('what would run of a GovernedJob', () => {
  const governed = { parameters: { amount: 1 }, jobTemplate: { metadata: { labels: { a: 'b' } }, spec: { backoffLimit: 1 } } };
  const job = { name: 'nightly-1', uid: 'job-uid', content: 'v1:sha256:c' };

  it.each([
    ['the parameters', { ...governed, parameters: { amount: 2 } }, job],
    ['parameters that are not there', { jobTemplate: governed.jobTemplate }, job],
    ['the template', { ...governed, jobTemplate: { spec: { backoffLimit: 2 } } }, job],
    ['the very Job', governed, { ...job, uid: 'other' }],
    ['what is stored of the Job', governed, { ...job, content: 'v1:sha256:d' }],
  ])('changes with %s', (_what, changed, of) => {
    expect(governedJobContent(changed, of)).not.toBe(governedJobContent(governed, job));
  });

  it('gives the Job a name of its own, the same for the same template', () => {
    const name = (of: { parameters?: unknown; jobTemplate: unknown }, uid = 'u') => governedJobName('nightly', uid, of);
    expect(name(governed)).toMatch(/^nightly-[0-9a-f]{8}$/);
    expect(name({ ...governed })).toBe(name(governed));
    expect(new Set([name(governed), name(governed, 'v'), name({ ...governed, parameters: {} }), name({ jobTemplate: {} })]).size).toBe(4);
  });
});

describe('names that the operator gives', () => {
  const uid = '0a1b2c3d-0000-4000-8000-000000000000';

  it.each([
    ['wire-4711', 'wire-4711-0a1b2c3d'],
    ['a', 'a-0a1b2c3d'],
    ['x'.repeat(63), `${'x'.repeat(54)}-0a1b2c3d`],
    [`${'x'.repeat(53)}-y.z`, `${'x'.repeat(53)}-0a1b2c3d`],
    [`${'x'.repeat(52)}.-y`, `${'x'.repeat(52)}-0a1b2c3d`],
  ])('%s becomes %s, which is a name', (name, expected) => {
    const made = requestName(name, uid);
    expect(made).toBe(expected);
    expect(made.length).toBeLessThanOrEqual(63);
    expect(made).toMatch(/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/);
    expect(governedJobName(name, uid, { jobTemplate: {} }).length).toBeLessThanOrEqual(63);
  });
});
