import { describe, expect, it } from 'vitest';
import { at, known, vote } from '../../../test/fixtures/knownRequests.ts';
import type { KnownRequest } from '../requests.ts';
import { documentOf, html } from './html.ts';
import { requestPage, type RequestShown } from './requestPages.ts';

/** The page of a request that somebody looks at who is signed in. */
function shown(request: KnownRequest, username: string, more: Partial<RequestShown> = {}): string {
  const viewer = { username, formToken: 'of-the-session' };
  const subject = { access: 'outside' } as const;
  const facts = { subject, past: { kind: 'none' }, now: Date.parse(at(5)), formId: 'f1', isAsked: false } as const;
  return documentOf(html`<main>${requestPage({ request, viewer, ...facts, ...more }).body}</main>`).replace(/\s+/g, ' ');
}

const stoodIn = /in whose stead|will be refused/;

describe('what the page of a request says to whoever it does not wait for', () => {
  it.each([
    ['approved it', vote('bob@corp'), 'You have approved this already, and need not say it again.'],
    ['rejected it', vote('bob@corp', { verdict: 'Reject' }), 'You have rejected this already, and need not say it again.'],
    [
      'approved it in vain',
      vote('bob@corp', { counted: false, ignoredBecause: 'PlaceTaken' }),
      'You have approved this already. That does not count, for the reason that is given above',
    ],
  ])('is that they have %s, where they have', (_what, said, says) => {
    const page = shown(known({ decisions: [said] }), 'bob@corp');
    expect(page).toContain(says);
    expect(page).not.toMatch(stoodIn);
  });

  it('is that they asked for it, themselves or in another’s name, or that this is not known of anybody', () => {
    const submitted = known({}, { requester: { username: 'alice@corp', groups: [], submittedBy: 'ci@corp' } });
    for (const name of ['alice@corp', 'ci@corp'])
      expect(shown(submitted, name)).toContain('You asked for this yourself: no open stage takes your approval');
    expect(shown(known({}, { requester: { username: '', groups: [] } }), 'bob@corp')).toContain('It is not known who asked for this');
  });

  it('is that nobody asks them, where they have said nothing and nobody does', () => {
    expect(shown(known(), 'carol@corp')).toContain('No open stage asks you, nor anybody in whose stead you may decide.');
    // Of what they said about other content nobody takes notice.
    const before = vote('carol@corp', { digest: 'v1:sha256:0', counted: false, ignoredBecause: 'DigestChanged' });
    expect(shown(known({ decisions: [before] }), 'carol@corp')).toMatch(stoodIn);
  });

  it('is nothing to whoever it does wait for', () => {
    expect(shown(known(), 'bob@corp', { isAsked: true })).not.toMatch(/You asked for this|You have|No open stage|It is not known who/);
  });
});
