import { describe, expect, it } from 'vitest';
import { selects, type LabelRequirement, type LabelSelector } from './selector.ts';

const labels = { app: 'wire', tier: 'gold', empty: '' };
const only = (key: string, operator: LabelRequirement['operator'], values?: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }],
});

describe('a label selector, as Kubernetes has it', () => {
  it.each<[string, boolean, LabelSelector | undefined]>([
    ['one that is absent selects everything', true, undefined],
    ['an empty one selects everything', true, {}],
    ['empty parts select everything', true, { matchLabels: {}, matchExpressions: [] }],
    ['matchLabels needs the value', true, { matchLabels: { app: 'wire' } }],
    ['another value is not it', false, { matchLabels: { app: 'other' } }],
    ['matchLabels needs all of them', false, { matchLabels: { app: 'wire', tier: 'silver' } }],
    ['an absent label has no value, not even an empty one', false, { matchLabels: { missing: '' } }],
    ['an empty value is a value', true, { matchLabels: { empty: '' } }],
    ['In with the value', true, only('app', 'In', ['x', 'wire'])],
    ['In without the value', false, only('app', 'In', ['x'])],
    ['In on an absent label', false, only('missing', 'In', ['', 'undefined'])],
    ['In with an empty value', true, only('empty', 'In', [''])],
    ['NotIn with the value', false, only('app', 'NotIn', ['x', 'wire'])],
    ['NotIn without the value', true, only('app', 'NotIn', ['x'])],
    ['NotIn on an absent label selects', true, only('missing', 'NotIn', ['x'])],
    ['NotIn with an empty value on an empty label', false, only('empty', 'NotIn', [''])],
    ['NotIn with an empty value on an absent label selects', true, only('missing', 'NotIn', [''])],
    ['Exists', true, only('app', 'Exists')],
    ['Exists on an empty value', true, only('empty', 'Exists')],
    ['Exists on an absent label', false, only('missing', 'Exists')],
    ['DoesNotExist', false, only('app', 'DoesNotExist')],
    ['DoesNotExist on an empty value', false, only('empty', 'DoesNotExist')],
    ['DoesNotExist on an absent label', true, only('missing', 'DoesNotExist')],
    ['In without values selects nothing', false, only('app', 'In')],
    ['labels and expressions must both hold', false, { matchLabels: { app: 'wire' }, ...only('tier', 'In', ['silver']) }],
    [
      'all expressions must hold',
      false,
      {
        matchExpressions: [
          { key: 'app', operator: 'Exists' },
          { key: 'tier', operator: 'DoesNotExist' },
        ],
      },
    ],
    ['keys are compared as they are written', false, only('App', 'Exists')],
    ['values are compared as they are written', false, only('app', 'In', ['Wire'])],
  ])('%s', (_what, selected, selector) => {
    expect(selects(selector, labels)).toBe(selected);
  });

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('a label called %s is absent until somebody sets it', (key) => {
    expect(selects(only(key, 'Exists'), {})).toBe(false);
    expect(selects(only(key, 'DoesNotExist'), {})).toBe(true);
    expect(selects(only(key, 'Exists'), JSON.parse(`{"${key}": "x"}`) as Record<string, string>)).toBe(true);
  });
});
