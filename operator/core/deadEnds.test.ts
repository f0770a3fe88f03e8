import { describe, expect, it } from 'vitest';
import type { ApproverRef, Stage } from '../../crds/v1alpha1/index.ts';
import { group, observation, policy, stage, user } from '../../test/fixtures/facts.ts';
import { deadEnds } from './deadEnds.ts';
import { plan } from './plan.ts';

/** What is said of a stage that alice's request waits for. */
function said(
  from: ApproverRef[],
  { count = 1, ...more }: Partial<Stage> & { count?: number; requesterMayApprove?: boolean } = {},
): string[] {
  const { requesterMayApprove = false, ...changes } = more;
  const separation = { requesterMayApprove, distinctAcrossStages: true };
  const policies = [policy('tiers', { separation, stages: [stage('cfo', count, from, changes)] })];
  return deadEnds('wire', plan(observation({ policies })).status.stages, ['alice']);
}

const bot = { serviceAccount: { namespace: 'ci', name: 'bot' } };
const escalating = (to: ApproverRef) => ({ timeout: '1h', onTimeout: 'Escalate' as const, escalation: { count: 1, from: [to] } });

describe('a stage in which nobody but who asked is named', () => {
  it('says that nobody else can approve it, and what to do', () => {
    expect(said([user('alice')])).toEqual([
      'Nobody else can approve stage cfo: alice, whom it names, asked for this and may not approve it. ' +
        'Have the stage reassigned (kubectl approve reassign wire --stage cfo --from alice --to …), ' +
        'let ApprovalPolicy tiers name somebody else and ask anew, or have it overridden.',
    ]);
  });

  it('says so in the condition, along with what is waited for', () => {
    const policies = [policy('tiers', { stages: [stage('cfo', 1, [user('alice')])] })];
    const message = plan(observation({ policies })).status.conditions.find((c) => c.type === 'Approved')?.message;
    expect(message).toContain('Waiting for 1 of user alice (stage cfo). Nobody else can approve stage cfo: alice');
  });

  it.each<[string, ApproverRef[], Parameters<typeof said>[1], string | undefined]>([
    ['too few, where others are named but not enough', [user('alice'), user('bob')], { count: 2 }, 'Too few others can approve stage cfo'],
    ['so of what it escalates to as well', [user('alice')], escalating(user('alice')), 'Nobody else can approve stage cfo'],
    ['nothing where somebody else is named', [user('alice'), user('bob')], {}, undefined],
    ['nothing where a service account is', [user('alice'), bot], {}, undefined],
    ['nothing where anybody of a group can', [user('alice'), group('board')], {}, undefined],
    ['nothing where whoever asked may', [user('alice')], { requesterMayApprove: true }, undefined],
    ['nothing where it escalates to others', [user('alice')], escalating(user('bob')), undefined],
    ['nothing where who asked is not named', [user('bob')], {}, undefined],
  ])('says %s', (_what, from, more, expected) => {
    const sentences = said(from, more);
    expect(sentences).toHaveLength(expected === undefined ? 0 : 1);
    expect(sentences[0] ?? '').toContain(expected ?? '');
  });

  it('says nothing once somebody stands in, or nobody is waited for', () => {
    const [asked] = plan(observation({ policies: [policy('tiers', { stages: [stage('cfo', 1, [user('alice')])] })] })).status.stages;
    if (asked === undefined) throw new Error('no stage');
    expect(deadEnds('wire', [{ ...asked, standIns: [{ for: 'alice', user: 'eve', by: 'rita' }] }], ['alice'])).toEqual([]);
    expect(deadEnds('wire', [{ ...asked, state: 'Expired' }], ['alice'])).toEqual([]);
    expect(deadEnds('wire', [{ ...asked, state: 'Waiting' }], ['alice'])).toHaveLength(1);
  });
});
