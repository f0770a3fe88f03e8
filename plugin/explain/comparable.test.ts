import { describe, expect, it } from 'vitest';
import { isPrecedent } from '../cluster/history.ts';
import { approvedConditions, exampleRequest } from '../example.ts';
import { palette } from '../output/palette.ts';
import { comparable } from './comparable.ts';
import { differences } from './diff.ts';

const plain = palette(false, {});

const jobSpec = (uid: string, image: string) => ({
  suspend: uid === 'one',
  selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
  template: {
    metadata: {
      labels: {
        app: 'wire',
        'controller-uid': uid,
        'batch.kubernetes.io/controller-uid': uid,
        'job-name': uid,
        'batch.kubernetes.io/job-name': uid,
      },
    },
    spec: { containers: [{ name: 'main', image }] },
  },
});

describe('comparing two runs', () => {
  it('finds no difference in what every Job has of its own', () => {
    const request = exampleRequest();
    expect(differences(comparable(request, jobSpec('one', 'a:1')), comparable(request, jobSpec('two', 'a:1')), plain)).toBe('');
  });

  it('shows what somebody made differ, in the template and in the claim', () => {
    const before = comparable(exampleRequest({ spec: { context: { amount: 10 } } }), jobSpec('one', 'a:1'));
    const after = comparable(exampleRequest({ spec: { context: { amount: 99 } } }), jobSpec('two', 'a:2'));
    const changed = differences(before, after, plain)
      .split('\n')
      .filter((line) => /^[+-]/.test(line));
    expect(changed).toEqual(['-    amount: 10', '+    amount: 99', '-          image: a:1', '+          image: a:2']);
  });
});

describe('isPrecedent', () => {
  const other = (change: Parameters<typeof exampleRequest>[0], createdAt = '2026-11-20T09:00:00Z') => ({
    ...exampleRequest(change),
    uid: 'other',
    createdAt,
  });
  const approved = { status: { conditions: approvedConditions } };
  const anotherName = { apiVersion: 'batch/v1' as const, kind: 'Job' as const, name: 'another' };

  it('takes an approved run of the same operation, or of the same name', () => {
    expect(isPrecedent(other({ ...approved, spec: { subject: { resource: anotherName } } }), exampleRequest())).toBe(true);
    expect(isPrecedent(other({ ...approved, spec: { operation: 'else' } }), exampleRequest())).toBe(true);
  });

  it('takes neither other work, nor what was not approved, nor what came later, nor itself', () => {
    expect(isPrecedent(other({ ...approved, spec: { operation: 'else', subject: { resource: anotherName } } }), exampleRequest())).toBe(
      false,
    );
    expect(isPrecedent(other({}), exampleRequest())).toBe(false);
    expect(isPrecedent(other(approved, '2026-11-22T09:00:00Z'), exampleRequest())).toBe(false);
    expect(isPrecedent(exampleRequest(approved), exampleRequest(approved))).toBe(false);
  });
});
