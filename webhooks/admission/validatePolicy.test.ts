import { describe, expect, it } from 'vitest';
import { AdmissionRequest, type Verdict } from './review.ts';
import { validatePolicy } from './validatePolicy.ts';

const match = [{ apiGroups: ['countersign.dev'], kinds: ['ApprovalRequest'] }];
const review = async (object: object | null, more: object = {}): Promise<Verdict> =>
  validatePolicy.review(
    AdmissionRequest.parse({
      uid: 'u',
      kind: { group: 'countersign.dev', version: 'v1alpha1', kind: 'ApprovalPolicy' },
      operation: 'CREATE',
      userInfo: { username: 'paula' },
      object,
      ...more,
    }),
    { path: '/validate/policies', signal: new AbortController().signal },
  );
const policy = (spec: object): object => ({ metadata: { name: 'p', namespace: 'payments' }, spec: { match, ...spec } });
const bad = policy({ stages: [{ name: 'a', when: '1', require: [{ count: 2, from: [{ user: 'bob' }] }] }] });

describe('a policy under review', () => {
  it('is admitted when nothing is wrong with it', async () => {
    expect(await review(policy({}))).toEqual({ allowed: true });
  });

  it('is refused with all that is wrong, in one message', async () => {
    expect(await review(bad)).toEqual({
      allowed: false,
      code: 422,
      message: expect.stringMatching(
        /^spec\.stages\[0\]\.when: line 1, column 1: .*; spec\.stages\[0\]\.require\[0\]\.count: was 2, .*\.$/,
      ),
    });
  });

  it('has a message of bounded length, however much is wrong', async () => {
    const validations = Array.from({ length: 32 }, (_, i) => ({ expression: `${'x'.repeat(4_000)}${i}`, message: 'm' }));
    const verdict = await review(policy({ validations }));
    if (verdict.allowed) throw new Error('it was admitted');
    expect(verdict.message).toContain('and 22 more');
    expect(verdict.message.length).toBeLessThan(5_000);
  });

  it('of the cluster may select namespaces, of a namespace it may not', async () => {
    const selects = { metadata: { name: 'p' }, spec: { match: [{ ...match[0], namespaceSelector: {} }] } };
    const kind = { group: 'countersign.dev', version: 'v1alpha1', kind: 'ClusterApprovalPolicy' };
    expect(await review(selects, { kind })).toEqual({ allowed: true });
    expect(await review(selects)).toMatchObject({ allowed: false });
  });

  it('is looked at when it is changed, and left alone when its rules are not', async () => {
    expect(await review(bad, { operation: 'UPDATE', oldObject: policy({}) })).toMatchObject({ allowed: false });
    expect(await review(bad, { operation: 'UPDATE', oldObject: bad })).toEqual({ allowed: true });
    expect(await review(null, { operation: 'DELETE', oldObject: bad })).toEqual({ allowed: true });
  });

  it('is left to the API server where the schema does not take it', async () => {
    expect(await review({ metadata: {}, spec: { match: 'everything' } })).toEqual({ allowed: true });
    expect(await review({ metadata: {} })).toEqual({ allowed: true });
  });
});
