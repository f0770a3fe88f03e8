import { describe, expect, it } from 'vitest';
import { approvedConditions, condition, exampleRequest } from '../example.ts';
import { palette } from '../output/palette.ts';
import { nobodyDelegated } from './deputies.ts';
import { description } from './description.ts';
import { notesOf } from './notes.ts';

const standing = { runs: 9, until: '2026-12-01T00:00:00Z', covers: 'CronJob nightly', content: `v1:sha256:${'c'.repeat(64)}`, uses: [] };
const uses = (...names: string[]) => names.map((request) => ({ request, uid: `uid-${request}`, at: '2026-11-22T00:00:00Z' }));
const what = 'Standing approval of 9 further runs of CronJob nightly until 2026-12-01 00:00:00Z';

describe('the notes on a standing approval', () => {
  it.each<[string, object, string]>([
    ['how much of it is left', { standing }, `${what}: 9 left; end it with kubectl approve revoke wire-4711-0a1b2c3d.`],
    ['which runs used it', { standing: { ...standing, uses: uses('a', 'b') } }, `${what}, used by a, b: 7 left; `],
    [
      'the last of many runs',
      { standing: { ...standing, uses: uses('a', 'b', 'c', 'd', 'e', 'f', 'g') } },
      `${what}, used by 2 earlier and c, d, e, f, g: 2 left; `,
    ],
    ['who ended it', { standing: { ...standing, uses: uses('a'), revokedBy: 'cat' } }, `${what}, used by a: revoked by cat.`],
    ['under which one a run was approved', { approvedUnder: 'first-1' }, 'Covered by the standing approval of first-1.'],
  ])('say %s', (_what, status, note) => {
    const request = exampleRequest({ status });
    expect(notesOf(request)).toEqual([expect.stringContaining(note)]);
    const subject = { access: 'gone', documents: [], jobSpec: undefined, createdAt: undefined, digest: undefined } as never;
    const described = { request, subject, doubt: undefined, precedent: { kind: 'none' }, delegated: nobodyDelegated } as const;
    expect(description(described, Date.parse('2026-11-22T10:00:00Z'), palette(false, {}))).toContain(`- ${note}`);
  });
});

describe('the notes on what is approved and held', () => {
  it('say why it is not released, and nothing once that has come to a no, which is the headline', () => {
    const held = condition('Released', 'False', 'Frozen', 'It waits.');
    expect(notesOf(exampleRequest({ status: { conditions: [...approvedConditions, held] } }))).toEqual(['Not released: It waits.']);
    const withdrawn = condition('Released', 'False', 'ApprovalExpired', 'Nobody used it.');
    expect(notesOf(exampleRequest({ status: { conditions: [...approvedConditions, withdrawn] } }))).toEqual([]);
  });
});
