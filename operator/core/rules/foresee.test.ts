import { describe, expect, it } from 'vitest';
import type { ApprovalPolicySpec } from '../../../crds/v1alpha1/index.ts';
import { observation, policy } from '../../../test/fixtures/facts.ts';
import { evaluate } from '../evaluate.ts';
import { foreseenViolations, type Admitted } from './foresee.ts';

const spec = { operation: 'refund', context: { amount: 100 }, reason: 'wrong parcel' };
const metadata = { namespace: 'payments', name: 'r', labels: { team: 'shop' } };

const admitted = (changes: Partial<Admitted> = {}): Admitted => ({
  kind: 'ApprovalRequest',
  namespace: 'payments',
  labels: metadata.labels,
  says: { ...spec },
  object: { metadata, spec },
  approvalRequest: { metadata, spec },
  requester: { username: 'alice', groups: ['dev'] },
  namespaceObject: { metadata: { name: 'payments', labels: { tier: 'prod' } } },
  ...changes,
});

/** The same as the operator sees it later. */
const asked = (of: Admitted, policies: ReturnType<typeof policy>[]) =>
  observation({
    policies,
    namespaceObject: of.namespaceObject,
    subject: { exists: true, held: false, digest: `v1:sha256:${'a'.repeat(64)}`, object: of.object },
    request: { governs: false, requester: of.requester, labels: of.labels, onBehalfOf: of.onBehalfOf, name: 'r' },
    spec: { ...of.says, subject: { external: { system: 'shop', id: '1' } } },
  });

const matchOurs: ApprovalPolicySpec['match'] = [{ apiGroups: ['countersign.dev'], kinds: ['GovernedJob', 'ApprovalRequest'] }];
const rule = (expression: string): ApprovalPolicySpec['validations'] => [{ expression, message: 'never so' }];
const foreseen = (changes: Partial<ApprovalPolicySpec>, of: Admitted = admitted()): string[] =>
  foreseenViolations(of, [policy('p', { match: matchOurs, ...changes })]).map(({ message }) => message);

describe('what is refused as it is admitted', () => {
  it.each<[string, Partial<ApprovalPolicySpec>]>([
    ['a rule about what is asked', { validations: rule('context.amount < 100') }],
    ['about what is done', { validations: rule("operation != 'refund'") }],
    ['about who asks', { validations: rule("requester.username != 'alice' || !('dev' in requester.groups)") }],
    ['about the object itself', { validations: rule("object.metadata.labels.team == 'bank'") }],
    ['about the namespace', { validations: rule("namespaceObject.metadata.labels.tier == 'test'") }],
    ['about the request', { validations: rule("approvalRequest.spec.reason == ''") }],
    ['about the risk', { validations: rule('risk.score < 10'), risk: { criticality: '80', weights: weights(1) } }],
    ['about no risk at all', { validations: rule('risk.score > 0') }],
    ['where a rule of match fits', { match: [{ ...matchOurs[0]!, when: 'context.amount > 10' }], validations: rule('false') }],
  ])('breaks %s, as the operator will find', (_what, changes) => {
    expect(foreseen(changes)).toEqual(['never so']);
    const { verdict, policies } = evaluate(asked(admitted(), [policy('p', { match: matchOurs, ...changes })]));
    expect(verdict).toBe('PolicyViolation');
    expect(policies[0]?.violations).toEqual(['never so']);
  });

  it('lacks what the policy wants to be told', () => {
    expect(foreseen({ request: { ticket: { required: true, pattern: '^CHG-' } } })).toEqual([expect.stringMatching(/^spec\.ticket /)]);
  });

  it('is asked for in the name of somebody, by whom the policy does not trust; the rules look at who really asks', () => {
    const of = admitted({ onBehalfOf: 'carol' });
    expect(foreseen({ validations: rule("requester.username == 'alice'") }, of)).toEqual([
      expect.stringContaining('on-behalf-of names carol, but alice may not ask for others'),
    ]);
  });

  it('is judged as theirs where the policy does trust', () => {
    const separation = { requesterMayApprove: false, distinctAcrossStages: true, trustedSubmitters: [{ user: 'alice' }] };
    const of = admitted({ onBehalfOf: 'carol' });
    expect(foreseen({ separation, validations: rule("requester.username == 'carol'") }, of)).toEqual([]);
    expect(foreseen({ separation, validations: rule("requester.username == 'alice'") }, of)).toEqual(['never so']);
  });

  it('names a policy that would not speak of it by itself', () => {
    const of = admitted({ says: { ...spec, policyRef: { kind: 'ApprovalPolicy', name: 'p' } } });
    const elsewhere = { match: [{ apiGroups: ['batch'], kinds: ['Job'] }] as ApprovalPolicySpec['match'], validations: rule('false') };
    expect(foreseen(elsewhere, of)).toEqual(['never so']);
    expect(foreseen(elsewhere)).toEqual([]);
  });
});

describe('what is left to the operator', () => {
  const never = rule('false');
  it.each<[string, Partial<ApprovalPolicySpec>]>([
    ['a rule that is kept', { validations: rule('context.amount <= 100') }],
    ['a policy that only audits', { enforcement: 'Audit', validations: never }],
    ['a policy that speaks of other things', { match: [{ ...matchOurs[0]!, operations: ['wire'] }], validations: never }],
    ['a policy for other labels', { match: [{ ...matchOurs[0]!, objectSelector: { matchLabels: { team: 'bank' } } }], validations: never }],
    ['a match that is not true', { match: [{ ...matchOurs[0]!, when: 'context.amount > 1000' }], validations: never }],
    ['a match that fails', { match: [{ ...matchOurs[0]!, when: 'context.customer.vip' }], validations: never }],
    [
      'a match that hangs on the time',
      { match: [{ ...matchOurs[0]!, when: "now > timestamp('2020-01-01T00:00:00Z')" }], validations: never },
    ],
    ['a rule that hangs on the time', { validations: rule("now < timestamp('2020-01-01T00:00:00Z')") }],
    ['a rule that fails', { validations: rule('context.customer.vip') }],
    ['a rule that is broken beside one that fails', { validations: [...rule('context.customer.vip')!, ...never!] }],
    [
      'a risk that hangs on how earlier runs ended',
      { validations: rule('risk.score < 10'), risk: { criticality: '80', historicalFailureRate: 'Observed', weights: weights(1) } },
    ],
    [
      'a risk that hangs on the time',
      { validations: rule('risk.score < 10'), risk: { criticality: 'now.getFullYear() > 2020 ? 80 : 0', weights: weights(1) } },
    ],
    ['a policy of which something does not compile', { validations: never, autoApprove: [{ name: 'x', when: 'context.' }] }],
  ])('%s', (_what, changes) => {
    expect(foreseen(changes)).toEqual([]);
  });

  it('a rule about the request of a GovernedJob, which is still to be made', () => {
    const { approvalRequest: _none, ...rest } = admitted({ kind: 'GovernedJob' });
    expect(foreseen({ validations: rule('approvalRequest.spec.operation == "x"') }, rest)).toEqual([]);
    expect(foreseen({ validations: rule('operation == "x"') }, rest)).toEqual(['never so']);
  });

  it('a rule about the Job of a GovernedJob, which is still to be created', () => {
    const of = admitted({ kind: 'GovernedJob', says: { ...spec, policyRef: { kind: 'ApprovalPolicy', name: 'p' } } });
    const match: ApprovalPolicySpec['match'] = [{ apiGroups: ['batch'], kinds: ['Job'] }];
    expect(foreseen({ match, validations: rule("object.metadata.labels.team == 'bank'") }, of)).toEqual([]);
    expect(foreseen({ match, validations: rule('context.amount < 100') }, of)).toEqual(['never so']);
  });

  it('a rule about who asks, where nobody knows', () => {
    const nobody = admitted({ requester: { username: '', groups: [] } });
    expect(foreseen({ validations: rule("requester.username == 'bob'") }, nobody)).toEqual([]);
  });
});

function weights(criticality: number) {
  return { criticality, magnitude: 0, blastRadius: 0, historicalFailureRate: 0 };
}
