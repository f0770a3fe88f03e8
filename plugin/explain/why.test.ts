import { describe, expect, it } from 'vitest';
import { approvedConditions, condition, decision, exampleRequest, rejectedConditions, security, stage } from '../example.ts';
import { palette } from '../output/palette.ts';
import { nobodyDelegated } from './deputies.ts';
import { explain } from './why.ts';
import { explanationText, stageText } from './whyText.ts';

const plain = palette(false, {});
const now = Date.parse('2026-11-21T10:00:00Z');

describe('explain', () => {
  it('counts the votes that are missing and says who can give them', () => {
    const { headline, stages, expiresAt } = explain(exampleRequest());
    expect(headline).toBe('Waiting for 3 more approvals.');
    expect(stages.map((s) => s.missing)).toEqual([
      [{ count: 2, from: ['group finance', 'user cfo@corp'] }],
      [{ count: 1, from: ['anybody whom RBAC allows the verb approve on approvalpolicies/tiers'] }],
    ]);
    expect(expiresAt).toBe('2026-11-23T09:00:01Z');
  });

  it('says who fits but is not counted: the requester, and whoever fills another place of the same policy', () => {
    const finance = stage({ approvals: 1, require: [{ count: 2, from: [{ group: 'finance' }], approvedBy: ['bob@corp'] }] });
    const { stages } = explain(exampleRequest({ status: { stages: [finance, security] } }));
    expect(stages[1]?.excluded).toEqual([
      'alice@corp, who asked for it, may not approve it',
      'bob@corp already fills a place in stage finance',
    ]);
  });

  it('does not exclude the requester, nor approvers of other stages, where the policy allows it', () => {
    const separation = { requesterMayApprove: true, distinctAcrossStages: false };
    const finance = stage({
      separation,
      approvals: 2,
      state: 'Satisfied',
      require: [{ count: 2, from: [{ group: 'finance' }], approvedBy: ['bob@corp', 'carol@corp'] }],
    });
    const { stages, headline } = explain(exampleRequest({ status: { stages: [finance, { ...security, separation, state: 'Active' }] } }));
    expect(stages[1]?.excluded).toEqual([]);
    expect(stages[0]?.missing).toEqual([]);
    expect(headline).toBe('Waiting for 1 more approval.');
  });

  it('wants as few votes as are enough, once a stage has escalated', () => {
    const escalated = stage({
      state: 'Escalated',
      required: 1,
      require: [{ count: 3, from: [{ group: 'finance' }], approvedBy: ['bob@corp'] }],
      onTimeout: 'Escalate',
      escalation: { from: [{ group: 'on-call' }], count: 1 },
    });
    const { headline, stages } = explain(exampleRequest({ status: { stages: [escalated] } }));
    expect(headline).toBe('Waiting for 1 more approval.');
    expect(stages[0]?.missing).toEqual([
      { count: 2, from: ['group finance'] },
      { count: 1, from: ['group on-call'], escalated: true },
    ]);
  });

  it('wants nobody any more where an override has left a stage open, and says so', () => {
    const override = { by: ['ann', 'ben'], ticket: 'INC-1', at: '2026-11-21T09:10:00Z' };
    const { stages } = explain(
      exampleRequest({ status: { phase: 'Completed', override, stages: [stage()], conditions: approvedConditions } }),
    );
    expect(stages[0]).toMatchObject({ overridden: true, missing: [], excluded: [] });
    expect(stages[0] && stageText(stages[0], now, plain)).toMatch(/^Stage finance: set aside by the override, 0\/2 /);
  });

  it('tells why votes do not count', () => {
    const ignored = decision({ counted: false, ignoredBecause: 'DigestChanged' });
    const comment = decision({ verdict: 'Comment', counted: false, ignoredBecause: 'Comment' });
    expect(explain(exampleRequest({ status: { decisions: [ignored, comment] } })).notes).toEqual([
      'Approve by bob@corp does not count: what is asked for was changed after they saw it; they must decide again.',
    ]);
  });

  it.each([
    [
      'the outcome once it is approved',
      { phase: 'Approved' as const, conditions: approvedConditions },
      'Approved by bob@corp, carol@corp.',
      'approved',
    ],
    [
      'the outcome once it is rejected',
      { phase: 'Rejected' as const, conditions: rejectedConditions },
      'Rejected by bob@corp: not this quarter',
      'refused',
    ],
    [
      'that no policy applies',
      {
        stages: [],
        conditions: [
          condition('PolicyMatched', 'False', 'NoPolicy'),
          condition('Approved', 'Unknown', 'NoPolicy', 'No policy applies; it holds.'),
        ],
      },
      'No policy applies; it holds.',
      'open',
    ],
    [
      'what is wrong with it',
      { conditions: [condition('Valid', 'False', 'InvalidSpec', 'It holds until this is mended: x')] },
      'It holds until this is mended: x',
      'open',
    ],
  ])('tells %s', (_what, status, headline, outcome) => {
    expect(explain(exampleRequest({ status }))).toMatchObject({ headline, outcome });
  });

  it('tells that approved work is held all the same, and why', () => {
    const conditions = [
      ...approvedConditions,
      condition('Released', 'False', 'Held', 'It was approved, but has been changed since; it stays held.'),
    ];
    expect(explain(exampleRequest({ status: { conditions } })).notes).toEqual([
      'Not released: It was approved, but has been changed since; it stays held.',
    ]);
  });

  it('tells of delegations that lead in a circle or are too many to follow, as long as anybody may decide', () => {
    const delegated = { ...nobodyDelegated, cyclesAndCuts: () => ({ cycles: [['bob', 'carol\u001b', 'bob']], cut: ['dave'] }) };
    expect(explain(exampleRequest(), delegated).notes).toEqual([
      'Delegations lead in a circle: bob → carol\\u001b → bob; each decides for the others, once.',
      'More delegations lead to dave than are followed: at most chains of 8 delegations, and 64 people for each.',
    ]);
    expect(explain(exampleRequest({ status: { conditions: rejectedConditions } }), delegated).notes).toEqual([]);
  });

  it('tells of delegations that do not count because of who wrote them, as long as anybody may decide', () => {
    const uncounted = [
      { name: 'away', from: 'bob@corp', author: 'alice@corp' },
      { name: 'old', from: 'carol@corp', author: '' },
    ];
    const delegated = { ...nobodyDelegated, uncounted: () => uncounted };
    expect(explain(exampleRequest(), delegated).notes).toEqual([
      'Delegation away does not count for this request: alice@corp, who asked for it, wrote it in the name of bob@corp.',
      'Delegation old does not count for this request: nobody knows who wrote it.',
    ]);
    expect(explain(exampleRequest({ status: { conditions: rejectedConditions } }), delegated).notes).toEqual([]);
  });

  it('tells of only some of very many circles', () => {
    const cycles = Array.from({ length: 7 }, (_, i) => [`a${i}`, `b${i}`, `a${i}`]);
    const { notes } = explain(exampleRequest(), { ...nobodyDelegated, cyclesAndCuts: () => ({ cycles, cut: [] }) });
    expect(notes).toHaveLength(6);
    expect(notes.at(-1)).toBe('Delegations lead in 2 more circles.');
  });

  it('says which stages are asked since it was submitted, where others were asked then', () => {
    const askedBy = (...stages: ReturnType<typeof stage>[]) =>
      explain(exampleRequest({ status: { stages } })).stages.map((s) => s.askedBy.endsWith(', as it is now'));
    expect(askedBy(stage(), stage({ asSubmitted: false }))).toEqual([false, true]);
    expect(askedBy(stage({ asSubmitted: false }), stage({ asSubmitted: false }))).toEqual([false, false]);
  });

  it('does not take silence for a yes', () => {
    const silent = exampleRequest();
    expect(explain({ ...silent, status: undefined }).headline).toBe('The operator has not looked at it yet; it holds until it has.');
  });
});

describe('explanationText', () => {
  it('reads as a page', () => {
    const request = exampleRequest({ status: { stages: [stage({ deadline: '2026-11-21T12:30:00Z' })] } });
    expect(explanationText(request, explain(request), now, plain)).toBe(
      [
        'wire-4711-0a1b2c3d (Job wire-4711, operation wire-transfer)',
        'Waiting for 2 more approvals.',
        '',
        'Stage finance: Active, 0/2 (asked by ApprovalPolicy payments/tiers)',
        '  missing 2 of: group finance, or user cfo@corp',
        '  not counted here: alice@corp, who asked for it, may not approve it',
        '  by 2026-11-21 12:30:00Z (in 150m); then it expires',
        '',
        'Unless it is settled before, it expires in 47h (2026-11-23 09:00:01Z).',
        'Next deadline: 2026-11-21 12:30:00Z (in 150m): the time of stage finance is over, and it expires.',
        '',
      ].join('\n'),
    );
  });

  it('spends one line on a stage that asks nobody', () => {
    const request = exampleRequest({ status: { stages: [stage({ state: 'Skipped', required: 0 })] } });
    expect(explanationText(request, explain(request), now, plain)).toContain(
      '\nStage finance: Skipped, nobody is asked (by the rules of ApprovalPolicy payments/tiers)\n\n',
    );
  });

  it('cannot be made to say something else by what the requester wrote', () => {
    const request = exampleRequest({ spec: { operation: 'x\u001b[2J\nApproved by root' } });
    expect(explanationText(request, explain(request), now, plain).split('\n')[0]).toBe(
      'wire-4711-0a1b2c3d (Job wire-4711, operation x\\u001b[2J\\nApproved by root)',
    );
  });
});
