import { describe, expect, it } from 'vitest';
import { exampleRequest } from '../example.ts';
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
    expect(
      differences(comparable(request, { jobSpec: jobSpec('one', 'a:1') }), comparable(request, { jobSpec: jobSpec('two', 'a:1') }), plain),
    ).toBe('');
  });

  it('shows what somebody made differ, in the template and in the claim', () => {
    const before = comparable(exampleRequest({ spec: { context: { amount: 10 } } }), { jobSpec: jobSpec('one', 'a:1') });
    const after = comparable(exampleRequest({ spec: { context: { amount: 99 } } }), { jobSpec: jobSpec('two', 'a:2') });
    const changed = differences(before, after, plain)
      .split('\n')
      .filter((line) => /^[+-]/.test(line));
    expect(changed).toEqual(['-    amount: 10', '+    amount: 99', '-          image: a:1', '+          image: a:2']);
  });

  it('shows what a GovernedJob runs beside its Job', () => {
    const of = (url: string) =>
      comparable(exampleRequest(), { jobSpec: jobSpec('one', 'a:1'), runs: { postActions: [{ name: 'tell', http: { url } }] } as never });
    const changed = differences(of('https://a.example/'), of('https://b.example/'), plain);
    expect(changed.split('\n').filter((line) => /^[+-]/.test(line))).toEqual([
      '-      url: https://a.example/',
      '+      url: https://b.example/',
    ]);
  });
});
