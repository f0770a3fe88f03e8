import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditMark, markedPolicy, policyMark } from './marks.ts';

const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
const subdomain = fc.stringMatching(/^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/);

/** What Kubernetes takes as an annotation's name. */
const qualifiedName = /^policy\.countersign\.dev\/[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

describe('the mark that a policy leaves on what it holds', () => {
  it('names the namespace and the policy', () => {
    expect(policyMark({ kind: 'ApprovalPolicy', namespace: 'payments', name: 'wires' })).toBe('policy.countersign.dev/payments.wires');
  });

  it('names a cluster-scoped policy so that no namespaced one can be called the same', () => {
    expect(policyMark({ kind: 'ClusterApprovalPolicy', name: 'wires' })).toBe('policy.countersign.dev/cluster_.wires');
  });

  it('keeps a name of exactly 63 characters as it is', () => {
    const name = 'x'.repeat(63 - 'payments.'.length);
    expect(policyMark({ kind: 'ApprovalPolicy', namespace: 'payments', name })).toBe(`policy.countersign.dev/payments.${name}`);
  });

  it('shortens longer names to 63 characters and keeps two that begin alike apart', () => {
    const long = 'x'.repeat(200);
    const [one, two] = ['a', 'b'].map((end) => policyMark({ kind: 'ApprovalPolicy', namespace: 'payments', name: long + end }));
    expect(one).toMatch(/^policy\.countersign\.dev\/payments\.x{45}-[0-9a-f]{8}$/);
    expect(two).not.toBe(one);
  });

  it('is always a name that Kubernetes takes', () => {
    fc.assert(
      fc.property(label, subdomain, (namespace, name) => {
        expect(policyMark({ kind: 'ApprovalPolicy', namespace, name })).toMatch(qualifiedName);
        expect(policyMark({ kind: 'ClusterApprovalPolicy', name })).toMatch(qualifiedName);
      }),
    );
  });

  it('is another than that of an audit, which names the policy in the same way', () => {
    const long = 'x'.repeat(200);
    expect(auditMark({ kind: 'ApprovalPolicy', namespace: 'payments', name: 'wires' })).toBe('audit.countersign.dev/payments.wires');
    expect(auditMark({ kind: 'ClusterApprovalPolicy', name: long }).split('/')[1]).toBe(
      policyMark({ kind: 'ClusterApprovalPolicy', name: long }).split('/')[1],
    );
  });

  it.each([
    { kind: 'ApprovalPolicy', namespace: 'payments', name: 'wires.eu' },
    { kind: 'ClusterApprovalPolicy', name: 'wires.eu' },
  ] as const)('tells which policy left it: $kind $name', (policy) => {
    expect(markedPolicy(policyMark(policy))).toEqual(policy);
  });

  it('tells what it can of a policy whose name was cut', () => {
    const cut = markedPolicy(policyMark({ kind: 'ApprovalPolicy', namespace: 'payments', name: 'x'.repeat(200) }));
    expect(cut).toMatchObject({ namespace: 'payments', name: expect.stringMatching(/^x{45}-/) });
    expect(markedPolicy(policyMark({ kind: 'ApprovalPolicy', namespace: 'n'.repeat(63), name: 'wires' }))).toMatchObject({
      name: expect.stringMatching(/^n{54}-/),
    });
  });

  it('cannot be built for a namespaced policy without its namespace', () => {
    expect(() => policyMark({ kind: 'ApprovalPolicy', name: 'wires' })).toThrow(/wires has no namespace/);
  });
});
