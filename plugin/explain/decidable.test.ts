import { describe, expect, it } from 'vitest';
import { IgnoredBecause } from '../../crds/v1alpha1/reasons.ts';
import { approvedConditions, condition, decision, exampleRequest, rejectedConditions, stage } from '../example.ts';
import { obstacleTo, type Verdict } from './decidable.ts';
import { effectOf } from './effect.ts';
import { ignoredText, notesOf } from './notes.ts';

const override = { by: ['ann', 'ben'], ticket: 'INC-1', at: '2026-11-21T09:00:00Z' };
const standing = { runs: 5, until: '2026-12-01T00:00:00Z', covers: 'CronJob nightly', content: `v1:sha256:${'c'.repeat(64)}`, uses: [] };
const allowing = {
  kind: 'ApprovalPolicy' as const,
  namespace: 'payments',
  name: 'tiers',
  uid: 'u',
  generation: 1,
  asSubmitted: true,
  onRefusal: 'Fail' as const,
};
const reassign = (change: Partial<NonNullable<Verdict['reassign']>> = {}): Verdict => ({
  verdict: 'Reassign',
  reassign: { stage: 'finance', from: 'cfo@corp', to: 'deputy@corp', ...change },
});
const waiting = exampleRequest({ status: { conditions: [...approvedConditions, condition('Released', 'False', 'Frozen')] } });
const satisfied = { stages: [stage({ state: 'Satisfied' })] };
const frozen = exampleRequest({ status: { ...satisfied, conditions: [...approvedConditions, condition('Released', 'False', 'Frozen')] } });
const withdrawn = exampleRequest({
  status: { phase: 'Expired', conditions: [...approvedConditions, condition('Released', 'False', 'ApprovalExpired')] },
});

const cases: readonly (readonly [string, ReturnType<typeof exampleRequest>, Verdict, RegExp | undefined])[] = [
  ['an approval of what is open', exampleRequest(), { verdict: 'Approve' }, undefined],
  [
    'an approval of what has no digest',
    exampleRequest({ status: { subjectDigest: undefined } }),
    { verdict: 'Approve' },
    /has not digested it yet/,
  ],
  [
    'an approval of what is settled',
    exampleRequest({ status: { conditions: rejectedConditions } }),
    { verdict: 'Approve' },
    /there is nothing left to decide/,
  ],
  ['an approval of what a stricter policy holds back', waiting, { verdict: 'Approve' }, undefined],
  ['an approval of what waits for the time alone', frozen, { verdict: 'Approve' }, /nothing left to decide/],
  ['a rejection of what waits for the time alone', frozen, { verdict: 'Reject' }, undefined],
  ['a rejection of what was approved and has come to a no', withdrawn, { verdict: 'Reject' }, /is Expired already/],
  ['an override of what was approved and has come to a no', withdrawn, { verdict: 'Override' }, /is Expired already/],
  ['an approval of a draft', exampleRequest({ spec: { draft: true } }), { verdict: 'Approve' }, /is a draft/],
  ['an override of what is open', exampleRequest(), { verdict: 'Override' }, undefined],
  ['an override of what is approved and frozen', waiting, { verdict: 'Override' }, undefined],
  [
    'an override of what was refused',
    exampleRequest({ status: { conditions: rejectedConditions } }),
    { verdict: 'Override' },
    /nothing left to decide/,
  ],
  ['a review of what was not overridden', exampleRequest(), { verdict: 'Review' }, /was not overridden/],
  ['a review that is owed', exampleRequest({ status: { override } }), { verdict: 'Review' }, undefined],
  [
    'a review that is done',
    exampleRequest({ status: { override: { ...override, reviewedBy: 'cat' } } }),
    { verdict: 'Review' },
    /was reviewed by cat already/,
  ],
  ['a revocation of nothing', exampleRequest(), { verdict: 'Reject', revokes: true }, /carries no standing approval/],
  ['a revocation', exampleRequest({ status: { standing } }), { verdict: 'Reject', revokes: true }, undefined],
  [
    'a second revocation',
    exampleRequest({ status: { standing: { ...standing, revokedBy: 'cat' } } }),
    { verdict: 'Reject', revokes: true },
    /ended by cat already/,
  ],
  ['a reassignment', exampleRequest(), reassign(), undefined],
  ['a reassignment in no stage', exampleRequest(), reassign({ stage: 'legal' }), /has no stage "legal"; it has finance, security/],
  [
    'a reassignment of somebody who is not asked',
    exampleRequest(),
    reassign({ from: 'bob' }),
    /does not ask "bob" by name; it asks cfo@corp/,
  ],
  [
    'a reassignment in a stage that is over',
    exampleRequest({ status: { stages: [stage({ state: 'Satisfied' })] } }),
    reassign(),
    /asks nobody any more \(Satisfied\)/,
  ],
  ['a reassignment to the same', exampleRequest(), reassign({ to: 'cfo@corp' }), /are the same person/],
  [
    'a standing approval that no policy allows',
    exampleRequest({ status: { policies: [allowing] } }),
    { verdict: 'Approve', standing: { runs: 1, duration: '1d' } },
    /ApprovalPolicy payments\/tiers allows no standing approval/,
  ],
  [
    'a standing approval of more runs than allowed',
    exampleRequest({ status: { policies: [{ ...allowing, standing: { maxRuns: 5, maxDuration: '7d' } }] } }),
    { verdict: 'Approve', standing: { runs: 6, duration: '1d' } },
    /allows at most --standing 5\/7d; 6\/1d is more/,
  ],
  [
    'a standing approval for longer than allowed',
    exampleRequest({ status: { policies: [{ ...allowing, standing: { maxRuns: 5, maxDuration: '7d' } }] } }),
    { verdict: 'Approve', standing: { runs: 5, duration: '169h' } },
    /5\/169h is more/,
  ],
  [
    'a standing approval as allowed',
    exampleRequest({ status: { policies: [{ ...allowing, standing: { maxRuns: 5, maxDuration: '7d' } }] } }),
    { verdict: 'Approve', standing: { runs: 5, duration: '168h' } },
    undefined,
  ],
];

describe('what can be said about a request', () => {
  it.each(cases)('%s', (_what, request, said, expected) => {
    if (expected === undefined) expect(obstacleTo(request, said)).toBeUndefined();
    else expect(obstacleTo(request, said)).toMatch(expected);
  });
});

describe('what has come of it', () => {
  const said = (verdict: Verdict['verdict'], more: Partial<Verdict> = {}): Verdict => ({ verdict, ...more });

  it('tells of an override that a second person is wanted, and then that a review is owed', () => {
    const record = decision({ verdict: 'Override' });
    expect(effectOf(exampleRequest(), record, said('Override')).message).toContain('It takes a second person');
    expect(effectOf(exampleRequest({ status: { override } }), record, said('Override')).message).toContain(
      'kubectl approve review wire-4711-0a1b2c3d',
    );
  });

  it('takes a review for one only where it is on record as such', () => {
    const request = exampleRequest({ status: { override } });
    const inVain = decision({ verdict: 'Review', counted: false, ignoredBecause: 'OwnOverride', approver: 'ann' });
    expect(effectOf(request, inVain, said('Review'))).toMatchObject({
      state: 'ignored',
      message: expect.stringContaining('somebody else must'),
    });
    expect(effectOf(request, decision({ verdict: 'Review', approver: 'cat' }), said('Review'))).toMatchObject({
      state: 'counted',
      message: expect.stringContaining('The review is on record'),
    });
  });

  it('takes a revocation for done once the standing approval says who ended it', () => {
    const record = decision({ verdict: 'Reject', counted: false, ignoredBecause: 'Settled', approver: 'cat' });
    expect(effectOf(exampleRequest({ status: { standing } }), record, said('Reject', { revokes: true })).state).toBe('ignored');
    expect(
      effectOf(exampleRequest({ status: { standing: { ...standing, revokedBy: 'cat' } } }), record, said('Reject', { revokes: true }))
        .state,
    ).toBe('counted');
  });

  it('has words for every reason for which a decision does not count', () => {
    for (const reason of Object.values(IgnoredBecause))
      expect(ignoredText({ verdict: 'Approve', ignoredBecause: reason }), reason).not.toBe(`${reason}.`);
  });

  it('notes what is owed and what is covered', () => {
    const policies = [{ ...allowing, violations: ['too much'], fault: 'spec.validations[0]: no such key' }];
    const notes = notesOf(exampleRequest({ status: { override, standing, policies } }));
    expect(notes).toEqual([
      'Breaks ApprovalPolicy payments/tiers: too much',
      'Cannot be evaluated, ApprovalPolicy payments/tiers: spec.validations[0]: no such key',
      expect.stringContaining('Overridden by ann and ben (INC-1) at 2026-11-21 09:00:00Z; a review is owed'),
      expect.stringContaining('5 left; end it with kubectl approve revoke wire-4711-0a1b2c3d'),
    ]);
  });
});
