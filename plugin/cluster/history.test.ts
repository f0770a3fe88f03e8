import { expect, it } from 'vitest';
import { digest, exampleRequest } from '../example.ts';
import type { Request } from '../request.ts';
import { precedentAmong } from './history.ts';
import type { Subject } from './subject.ts';

const approved = ['Approved', 'Settled'].map((type) => ({
  type,
  status: 'True' as const,
  reason: 'Approved',
  message: '',
  lastTransitionTime: '2026-11-21T09:10:00Z',
}));
const past: Request = { ...exampleRequest({ status: { conditions: approved } }), uid: 'uid-of-the-one-before' };

/** What a request of the same work is compared with where this is stored of the one before. */
const before = (stored: Partial<Subject>) =>
  precedentAmong([past], exampleRequest(), () => Promise.resolve({ access: 'read', documents: [], jobSpec: {}, ...stored }));

it('The last approved run is what is stored of it as long as that has the digest that was approved', async () => {
  expect(await before({ digest })).toMatchObject({ kind: 'found', request: past, subject: { digest } });
});

it.each<[string, Partial<Subject>]>([
  ['was changed since', { digest: `v1:sha256:${'b'.repeat(64)}` }],
  ['lost its Job, and whose spec is nothing that anybody approved', { fault: 'its Job does not exist, or not yet.' }],
  ['may not be read', { access: 'forbidden', fault: 'you may not read it' }],
])('Work that %s is nothing to be the same as', async (_what, stored) => {
  expect(await before(stored)).toEqual({ kind: 'gone', request: past });
});
