import { describe, expect, it } from 'vitest';
import { known } from '../../../test/fixtures/knownRequests.ts';
import { comparisonSection, type Past } from './comparison.ts';
import { documentOf, html } from './html.ts';
import type { SubjectSeen } from './subject.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const seen = (env: readonly string[]): SubjectSeen => ({
  access: 'read',
  jobSpec: { template: { spec: { containers: [{ name: 'main', image: 'app:1', env: env.map((name) => ({ name })) }] } } },
});
const before = { ...known(), name: 'the-one-before', uid: 'uid-0' };
const found = (subject: SubjectSeen, skipped = 0): Past => ({ kind: 'found', request: before, subject, skipped });
const shown = (past: Past, subject = seen(['a', 'c'])): string =>
  documentOf(html`<div>${comparisonSection({ request: known(), subject, past, now })}</div>`);

describe('the comparison with the last approved run', () => {
  it('marks what is new and what is gone with signs, not by colour alone, and leads to that run', () => {
    const page = shown(found(seen(['b', 'c']), 2));
    expect(page).toContain('<a href="/requests/uid-0">the-one-before</a>');
    expect(page).toMatch(/<del>- +&quot;name&quot;: &quot;b&quot;<\/del>\s*<ins>\+ +&quot;name&quot;: &quot;a&quot;<\/ins>/);
    expect(page).toContain('What ran in 2 later ones is not stored any more as it was approved, or you may not read it.');
  });

  it('says that nothing differs, that there was none, and that it is not stored any more', () => {
    expect(shown(found(seen(['a', 'c'])))).toContain('The same as');
    expect(shown({ kind: 'none' })).toContain('Nothing like it was approved before');
    expect(shown({ kind: 'gone', request: before })).toContain('what ran is not stored any more');
  });

  it('says nothing of a run that whoever looks may not read, and nothing at all beside work that they may not read', () => {
    expect(shown({ kind: 'forbidden' })).toMatch(/You may not read the request that was approved before/);
    expect(shown(found(seen(['b'])), { access: 'forbidden' })).not.toContain('the-one-before');
  });

  it('shows no list of changes that nobody would read, and takes no time to find it', () => {
    const many = (prefix: string) => seen(Array.from({ length: 5_000 }, (_none, i) => `${prefix}${i}`));
    const page = shown(found(many('a')), many('b'));
    expect(page).toContain('Too much differs to be shown line by line');
    expect(page).not.toContain('<ins>');
  });
});
