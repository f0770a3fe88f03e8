import { describe, expect, it } from 'vitest';
import type { AdmissionDeps } from './deps.ts';
import { AdmissionRequest, type Verdict } from './review.ts';
import { validateDelegation } from './validateDelegation.ts';

interface Spec {
  readonly from: string;
  readonly to: string;
  readonly when?: string;
  readonly notBefore?: string;
  readonly notAfter?: string;
}

const named = (name: string, spec: object): object => ({ metadata: { name, namespace: 'payments' }, spec });
const mine = (more: object = {}): object => named('mine', { from: 'alice', to: 'bob', ...more });

/** What is answered, where these are there already. */
function review(object: object | null, more: object = {}, stored: readonly Spec[] = []): Promise<Verdict> | Verdict {
  const client = {
    now: () => Date.parse('2026-03-02T09:00:00Z'),
    listAll: (_type: unknown, { namespace }: { namespace: string }) =>
      stored.map((spec, i) => ({ metadata: { name: i === 0 ? 'first' : `n${i}`, namespace }, spec })),
  } as unknown as AdmissionDeps['client'];
  const request = AdmissionRequest.parse({
    uid: 'u',
    kind: { group: 'countersign.dev', version: 'v1alpha1', kind: 'ApprovalDelegation' },
    namespace: 'payments',
    operation: 'CREATE',
    userInfo: { username: 'alice' },
    object,
    ...more,
  });
  return validateDelegation({ client }).review(request, { path: '/validate/delegations', signal: new AbortController().signal });
}

const faulty = mine({ when: 'context.amount <=\n amounts' });

describe('a delegation under review', () => {
  it.each<[string, object]>([
    ['always', mine()],
    ['where its when is true', mine({ when: 'context.amount <= 1000 && requester.username != "carol"' })],
  ])('is admitted when it holds %s', async (_when, object) => {
    expect(await review(object)).toEqual({ allowed: true });
  });

  it.each<[string, string, string]>([
    ['names what there is not', 'context.amount <=\n amounts', 'spec.when: line 2, column 2: amounts is not known here'],
    ['is no condition', '1 + 1', 'spec.when: line 1, column 1: it gives an int, expected a bool.'],
    ['reads the risk, which only policies know', 'risk.score < 10.0', 'spec.when: line 1, column 1: risk is not known here'],
  ])('is refused when its when %s, and told where', async (_what, when, message) => {
    expect(await review(mine({ when }))).toEqual({ allowed: false, code: 422, message: expect.stringContaining(message) });
  });

  it('is looked at when it is changed, and left alone when what it says is not', async () => {
    expect(await review(faulty, { operation: 'UPDATE', oldObject: mine() })).toMatchObject({ allowed: false });
    expect(await review(faulty, { operation: 'UPDATE', oldObject: faulty })).toEqual({ allowed: true });
    expect(await review(null, { operation: 'DELETE', oldObject: faulty })).toEqual({ allowed: true });
  });

  it('is left to the API server where the schema does not take it', async () => {
    expect(await review(named('mine', { from: 'alice', when: 1 }))).toEqual({ allowed: true });
  });
});

describe('a delegation that closes a circle', () => {
  const circle = ['delegations lead in a circle: alice → bob → carol → alice; each of them may decide for the others, once'];
  const back: Spec[] = [
    { from: 'bob', to: 'carol' },
    { from: 'carol', to: 'alice', notBefore: '2027-01-01T00:00:00Z', when: 'operation == "pay"' },
  ];

  it('is admitted with a warning that names it, whenever and for whatever the others hold', async () => {
    expect(await review(mine(), {}, back)).toEqual({ allowed: true, warnings: circle });
  });

  it('is not warned of what is over, itself included', async () => {
    const over = { notAfter: '2026-03-02T09:00:00Z' };
    expect(await review(mine(), {}, [back[0]!, { from: 'carol', to: 'alice', ...over }])).toEqual({ allowed: true });
    expect(await review(mine(over), {}, back)).toEqual({ allowed: true });
  });

  it('is not warned of the circles of others, nor of what it said itself before', async () => {
    const others = [
      { from: 'dan', to: 'alice' },
      { from: 'alice', to: 'dan' },
    ];
    expect(await review(mine(), {}, others)).toEqual({ allowed: true });
    const before = { operation: 'UPDATE', oldObject: named('first', { from: 'alice', to: 'bob' }) };
    const after = named('first', { from: 'alice', to: 'bob', reason: 'ill' });
    expect(await review(after, before, [{ from: 'bob', to: 'alice' }])).toEqual({ allowed: true });
  });
});
