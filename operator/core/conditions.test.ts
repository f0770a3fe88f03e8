import { describe, expect, it } from 'vitest';
import type { Condition } from '../../crds/v1alpha1/index.ts';
import { minutes } from '../../test/fixtures/facts.ts';
import { rfc3339, says, withStatements } from './conditions.ts';

const at = (minute: number, generation = 1) => ({ now: minutes(minute), generation });
const old: Condition = {
  type: 'Approved',
  status: 'Unknown',
  reason: 'Reviewing',
  message: 'Waiting.',
  lastTransitionTime: '2026-03-02T09:00:00Z',
  observedGeneration: 1,
};

describe('conditions', () => {
  it('keep the time of their last change while only the words change', () => {
    const [now] = withStatements([old], [says('Approved', 'Unknown', 'NobodyAsked', 'Other words.')], at(5, 2));
    expect(now).toEqual({ ...old, reason: 'NobodyAsked', message: 'Other words.', observedGeneration: 2 });
  });

  it('take a new time when their status changes', () => {
    const [now] = withStatements([old], [says('Approved', 'True', 'Approved', 'Yes.')], at(5));
    expect(now?.lastTransitionTime).toBe('2026-03-02T09:05:00Z');
  });

  it('are kept when nobody says anything of them, whoever wrote them', () => {
    const theirs = { ...old, type: 'SomebodyElses' };
    expect(withStatements([theirs], [says('Ready', 'True', 'Approved', 'Yes.')], at(5)).find((c) => c.type === 'SomebodyElses')).toEqual(
      theirs,
    );
  });

  it('come in one order, whatever it was before', () => {
    const statements = [
      says('Ready', 'True', 'Approved', ''),
      says('Approved', 'True', 'Approved', ''),
      says('Valid', 'True', 'Accepted', ''),
    ];
    const once = withStatements([], statements, at(5));
    expect(once.map((c) => c.type)).toEqual(['Valid', 'Approved', 'Ready']);
    expect(withStatements([...once].reverse(), statements.slice(1), at(5))).toEqual(once);
  });

  it('are cut to what a message may have, never inside a character', () => {
    const message = (text: string) => withStatements([], [says('Ready', 'True', 'Approved', text)], at(5))[0]?.message;
    expect(message('x'.repeat(2_000))).toBe('x'.repeat(1_024));
    expect(message(`${'x'.repeat(1_023)}😀`)).toBe('x'.repeat(1_023));
    expect(message(`${'x'.repeat(1_022)}😀`)).toBe(`${'x'.repeat(1_022)}😀`);
  });
});

describe('a time', () => {
  it.each([
    [minutes(0), '2026-03-02T09:00:00Z'],
    [minutes(0) + 999, '2026-03-02T09:00:00Z'],
    [Number.MAX_SAFE_INTEGER, '9999-12-31T23:59:59Z'],
    [Infinity, '9999-12-31T23:59:59Z'],
  ])('%d is written %s', (ms, text) => {
    expect(rfc3339(ms)).toBe(text);
  });
});
