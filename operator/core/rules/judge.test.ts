import { describe, expect, it } from 'vitest';
import type { ApprovalPolicySpec } from '../../../crds/v1alpha1/index.ts';
import { observation, stage, user, withRules } from '../../../test/fixtures/facts.ts';
import { observed } from './compile.ts';
import { judge, type Judged, type Judgement } from './judge.ts';
import { judgedOf } from './variables.ts';

const weights = { criticality: 0.4, magnitude: 0.3, blastRadius: 0.2, historicalFailureRate: 0.1 };

/** What a policy says of alice's request for an amount of 500. */
function says(changes: Partial<ApprovalPolicySpec>, of: Partial<Judged> = {}): Judgement {
  const facts = observation({ spec: { context: { amount: 500 } } });
  return judge(withRules(changes), { ...judgedOf(facts, facts.request.requester), ...of });
}

const asks = stage('finance', 1, [user('bob')]);
const risky = { criticality: '80', magnitude: '60', blastRadius: '50', historicalFailureRate: '10' };

describe('what a policy says of a request', () => {
  it('is nothing but its stages where it has no rules', () => {
    expect(says({ stages: [asks] })).toEqual({ violations: [], applies: [true] });
  });

  it('is which stages it asks for', () => {
    const stages = [
      asks,
      stage('cfo', 1, [user('cfo')], { when: 'context.amount > 1000' }),
      stage('any', 1, [user('x')], { when: 'context.amount > 100' }),
    ];
    expect(says({ stages }).applies).toEqual([true, false, true]);
  });

  it('is the first of its rules by which it agrees', () => {
    const autoApprove = [
      { name: 'tiny', when: 'context.amount < 10' },
      { name: 'small', when: 'context.amount <= 500' },
      { name: 'any', when: 'true' },
    ];
    expect(says({ autoApprove }).autoApproves).toBe('small');
    expect(says({ autoApprove: autoApprove.slice(0, 1) }).autoApproves).toBeUndefined();
  });

  it('is every rule that is broken, with the words of the policy', () => {
    const validations = [
      { expression: 'context.amount < 100', message: 'too much' },
      { expression: 'true', message: 'never said' },
      { expression: "requester.username == 'root'", message: 'not by you' },
    ];
    expect(says({ validations }).violations).toEqual(['too much', 'not by you']);
  });
});

describe('the risk', () => {
  it('is the sum of weight times factor', () => {
    const { risk } = says({ risk: { ...risky, weights } });
    // 0.4·80 + 0.3·60 + 0.2·50 + 0.1·10
    expect(risk).toEqual({ score: 61, factors: { criticality: 80, magnitude: 60, blastRadius: 50, historicalFailureRate: 10 } });
  });

  it.each<[string, Partial<NonNullable<ApprovalPolicySpec['risk']>>, number]>([
    ['is 0 for factors that are left out', { criticality: '50' }, 20],
    ['takes what was observed for the rate of failures', { historicalFailureRate: observed }, 3.3],
    ['may follow from what is asked', { magnitude: 'context.amount / 10 > 40 ? 100 : 0' }, 30],
    ['is written in tenths', { criticality: '33.333' }, 13.3],
  ])('%s', (_what, factors, score) => {
    expect(says({ risk: { ...factors, weights } }, { observedFailureRate: 33.33 }).risk?.score).toBe(score);
  });

  it('is never more than 100, whatever the weights add up to', () => {
    const all = { criticality: '100', magnitude: '100', blastRadius: '100', historicalFailureRate: '100' };
    expect(says({ risk: { ...all, weights: { ...weights, criticality: 0.4000009 } } }).risk?.score).toBe(100);
  });

  it.each(['101', '-1', '0.0 / 0.0', '100.1'])('of %s is none: the policy cannot be applied', (criticality) => {
    const { fault, risk } = says({ risk: { criticality, weights } });
    expect(fault).toMatch(/^spec\.risk\.criticality: .*/);
    expect(risk).toBeUndefined();
  });

  it('is known to the other rules, and 0 where the policy has none', () => {
    const rules = {
      autoApprove: [{ name: 'calm', when: 'risk.score < 62.0 && risk.criticality == 80.0' }],
      validations: [{ expression: 'risk.magnitude < 61.0', message: 'm' }],
      stages: [stage('s', 1, [user('bob')], { when: 'risk.score > 90.0' })],
    };
    expect(says({ ...rules, risk: { ...risky, weights } })).toMatchObject({ autoApproves: 'calm', violations: [], applies: [false] });
    expect(says({ autoApprove: [{ name: 'calm', when: 'risk.score == 0.0' }] }).autoApproves).toBe('calm');
  });
});

describe('a policy that cannot be applied', () => {
  it.each<[string, Partial<ApprovalPolicySpec>, RegExp]>([
    [
      'an expression does not compile',
      { validations: [{ expression: '1 +', message: 'm' }] },
      /^spec\.validations\[0\]\.expression: line 1/,
    ],
    [
      'a validation fails',
      { validations: [{ expression: 'context.absent > 1', message: 'm' }] },
      /^spec\.validations\[0\]\.expression: .*absent/,
    ],
    [
      'a rule by which it agrees fails',
      { autoApprove: [{ name: 'small', when: 'context.absent > 1' }] },
      /^spec\.autoApprove, rule small: /,
    ],
    ['the condition of a stage fails', { stages: [{ ...asks, when: 'context.absent > 1' }] }, /^spec\.stages, when of stage finance: /],
    ['a risk fails', { risk: { criticality: 'context.absent', weights } }, /^spec\.risk\.criticality: /],
  ])('says why, and asks for every stage, when %s', (_what, changes, fault) => {
    const judged = says({ stages: [asks], ...changes });
    expect(judged.fault).toMatch(fault);
    expect(judged).toMatchObject({ violations: [], applies: [true] });
    expect(judged.autoApproves).toBeUndefined();
  });

  it('agrees to nothing though an earlier rule would have: a later part fails', () => {
    const changes = { autoApprove: [{ name: 'all', when: 'true' }], stages: [{ ...asks, when: 'context.absent > 1' }] };
    expect(says(changes)).toMatchObject({ fault: expect.stringContaining('finance') });
    expect(says(changes).autoApproves).toBeUndefined();
  });
});

describe('what requesters must say', () => {
  const request = { reason: { required: true }, ticket: { required: true, pattern: '^CHG-[0-9]+$' } };

  it.each<[string, Partial<Judged>, RegExp[]]>([
    ['nothing is said', { reason: undefined, ticket: undefined }, [/^spec\.reason is missing/, /^spec\.ticket is missing/]],
    ['only blanks are said', { reason: '  ', ticket: 'CHG-1' }, [/^spec\.reason is missing/]],
    ['the ticket is of another form', { reason: 'payday', ticket: 'soon' }, [/^spec\.ticket was "soon"/]],
    ['all is said', { reason: 'payday', ticket: 'CHG-1' }, []],
  ])('is a violation when it is not there: %s', (_what, said, expected) => {
    expect(says({ request }, said).violations).toEqual(expected.map((message): unknown => expect.stringMatching(message)));
  });
});

describe('images that are named by a tag alone', () => {
  const unpinnedImages = ['tool:1', 'other:2'];

  it.each<[string, Partial<ApprovalPolicySpec>, number]>([
    ['refused where the policy says so', { pin: true, unpinnedImages: 'Refuse' }, 1],
    ['noted where it says so', { pin: true, unpinnedImages: 'Note' }, 0],
    ['of no interest to a policy that pins nothing', { pin: false, unpinnedImages: 'Refuse' }, 0],
  ])('are %s', (_what, changes, count) => {
    const { violations } = says(changes, { unpinnedImages });
    expect(violations).toHaveLength(count);
    if (count > 0) expect(violations[0]).toMatch(/tool:1, other:2.*@sha256/);
  });

  it('are none where every image is named by its digest', () => {
    expect(says({ pin: true, unpinnedImages: 'Refuse' }, { unpinnedImages: [] }).violations).toEqual([]);
  });
});
