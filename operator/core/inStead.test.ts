import { describe, expect, it } from 'vitest';
import {
  decision,
  delegation,
  digestB,
  group,
  later,
  minutes,
  observation,
  policy,
  settle,
  stage,
  user,
} from '../../test/fixtures/facts.ts';
import { compile } from './cel/index.ts';
import type { DecisionFacts, DelegationSeen, Observation, Permissions } from './facts.ts';
import { plan } from './plan.ts';

/** Alice asked; carla is asked by name, finance as a group. */

const when = (source: string): Pick<DelegationSeen, 'when'> => {
  const compiled = compile(source, { scope: 'delegation', result: 'bool' });
  return { when: 'run' in compiled ? compiled : 'faulty' };
};

const permissions: Permissions = { mayApprove: () => false, may: (verb, who) => verb === 'reassign' && who === 'rita' };
const toEve = decision('rita', 'Reassign', { reassign: { stage: 'money', from: 'carla', to: 'eve' } });

type Changes = Partial<Omit<Observation, 'request'>>;

const asks = (count: number, ...from: Parameters<typeof stage>[2]): Changes => ({
  policies: [policy('tiers', { stages: [stage('money', count, from)] })],
});

function after(decisions: DecisionFacts[], changes: Changes) {
  const { status } = plan(observation({ permissions, managers: new Map([['carla', 'eve']]), decisions, ...changes }));
  const approved = status.conditions.find((c) => c.type === 'Approved');
  return {
    approved: approved?.status,
    reason: approved?.reason,
    message: approved?.message,
    stages: status.stages,
    decisions: status.decisions,
  };
}

describe('a decision in the stead of whoever delegated', () => {
  const carla = asks(1, user('carla'));

  it('fills their place, and names both', () => {
    const seen = after([decision('dan')], { ...carla, delegations: [delegation('carla', 'dan')] });
    expect(seen.approved).toBe('True');
    expect(seen.decisions).toMatchObject([{ approver: 'dan', onBehalfOf: 'carla', counted: true }]);
  });

  it('fills it through a chain', () => {
    const delegations = [delegation('carla', 'dan'), delegation('dan', 'erin')];
    expect(after([decision('erin')], { ...carla, delegations }).decisions).toMatchObject([{ approver: 'erin', onBehalfOf: 'carla' }]);
  });

  it('is in the own name where its author qualifies', () => {
    const seen = after([decision('dan')], { ...asks(1, user('carla'), user('dan')), delegations: [delegation('carla', 'dan')] });
    expect(seen.decisions).toMatchObject([{ approver: 'dan', counted: true }]);
    expect(seen.decisions[0]).not.toHaveProperty('onBehalfOf');
  });

  it.each<[string, DecisionFacts[], DelegationSeen[]]>([
    ['by nobody in particular', [decision('dan')], []],
    ['before there was a delegation', [decision('dan')], [delegation('carla', 'dan', { createdAt: new Date(minutes(2)).toISOString() })]],
    ['after it had ended', [decision('dan')], [delegation('carla', 'dan', { notAfter: new Date(minutes(1)).toISOString() })]],
    ['on a request that its condition excludes', [decision('dan')], [delegation('carla', 'dan', when("operation == 'refund'"))]],
    ['under a condition that fails', [decision('dan')], [delegation('carla', 'dan', when('context.amount < 10'))]],
    ['under a condition that does not compile', [decision('dan')], [delegation('carla', 'dan', when('context.amount <'))]],
    ['by who asked for it', [decision('alice')], [delegation('carla', 'alice')]],
    ['by somebody whom who asked for it has named', [decision('dan')], [delegation('carla', 'alice'), delegation('alice', 'dan')]],
  ])('does not count when given %s', (_when, decisions, delegations) => {
    expect(after(decisions, { ...carla, delegations })).toMatchObject({ approved: 'Unknown', decisions: [{ counted: false }] });
  });

  it('does not count by what who asked for it wrote in their name, and that is said', () => {
    const delegations = [delegation('carla', 'dan', { author: 'alice' })];
    const seen = after([decision('dan')], { ...carla, delegations });
    expect(seen).toMatchObject({ approved: 'Unknown', decisions: [{ counted: false, ignoredBecause: 'DelegatedByRequester' }] });
    expect(seen.message).toContain(
      'What dan said does not count: the delegation by which they would decide was written by who asked for this',
    );
    expect(after([decision('dan')], { ...carla, delegations: [delegation('carla', 'dan', { author: 'dora' })] }).approved).toBe('True');
  });

  it('does not count through a chain of which who asked for it wrote one link, nor as a no', () => {
    const delegations = [delegation('carla', 'dan', { author: 'alice' }), delegation('dan', 'erin')];
    expect(after([decision('erin')], { ...carla, delegations }).decisions).toMatchObject([{ ignoredBecause: 'DelegatedByRequester' }]);
    expect(after([decision('erin', 'Reject')], { ...carla, delegations }).approved).toBe('Unknown');
    // Who is in no chain at all is told otherwise.
    expect(after([decision('frank')], { ...carla, delegations }).decisions).toMatchObject([{ ignoredBecause: 'NotQualified' }]);
  });

  it('counts while it lasts, also once the delegation has ended', () => {
    const delegations = [delegation('carla', 'dan', { notAfter: new Date(minutes(2)).toISOString() })];
    expect(after([decision('dan')], { ...carla, delegations, now: minutes(60) }).approved).toBe('True');
  });

  it('counts when its author says so again, now that somebody has delegated to them', () => {
    const delegations = [delegation('carla', 'dan', { createdAt: new Date(minutes(2)).toISOString() })];
    const again = decision('dan', 'Approve', { time: new Date(minutes(3)).toISOString() });
    expect(after([decision('dan'), again], { ...carla, delegations }).approved).toBe('True');
  });

  it('counts where its condition is true', () => {
    expect(after([decision('dan')], { ...carla, delegations: [delegation('carla', 'dan', when("operation == 'wire'"))] }).approved).toBe(
      'True',
    );
  });

  it('fills the place of a group that the delegation knows its author of, and of no other', () => {
    const delegations = [delegation('carla', 'dan', { groups: ['finance'] })];
    expect(after([decision('dan')], { ...asks(1, group('finance')), delegations }).approved).toBe('True');
    expect(after([decision('dan')], { ...asks(1, group('board')), delegations }).approved).toBe('Unknown');
  });

  it('makes one person of two who stand for the same, and of one who stands for two', () => {
    const two = asks(2, user('carla'), user('chris'));
    expect(
      after([decision('dan'), decision('erin')], { ...two, delegations: [delegation('carla', 'dan'), delegation('carla', 'erin')] })
        .approved,
    ).toBe('Unknown');
    expect(after([decision('carla'), decision('dan')], { ...two, delegations: [delegation('carla', 'dan')] }).approved).toBe('Unknown');
    expect(after([decision('dan')], { ...two, delegations: [delegation('carla', 'dan'), delegation('chris', 'dan')] }).approved).toBe(
      'Unknown',
    );
    const each = [delegation('carla', 'dan'), delegation('chris', 'erin')];
    expect(after([decision('dan'), decision('erin')], { ...two, delegations: each }).approved).toBe('True');
  });

  it('lets nobody be counted for who asked, nor in a circle twice', () => {
    expect(after([decision('dan')], { ...asks(1, user('alice')), delegations: [delegation('alice', 'dan')] }).approved).toBe('Unknown');
    const circle = [delegation('carla', 'chris'), delegation('chris', 'carla')];
    expect(after([decision('chris')], { ...asks(2, user('carla'), user('chris')), delegations: circle }).approved).toBe('Unknown');
  });

  it('rejects like theirs, and counts as one with theirs', () => {
    const delegations = [delegation('carla', 'dan')];
    expect(after([decision('dan', 'Reject')], { ...carla, delegations })).toMatchObject({ approved: 'False', reason: 'Rejected' });
    const twoNoes: Changes = {
      policies: [policy('tiers', { stages: [stage('money', 1, [user('carla'), user('chris')], { rejections: 2 })] })],
      delegations,
    };
    expect(after([decision('dan', 'Reject'), decision('carla', 'Reject')], twoNoes).approved).toBe('Unknown');
    expect(after([decision('dan', 'Reject'), decision('chris', 'Reject')], twoNoes).approved).toBe('False');
  });
});

describe('a decision by who stands in for somebody gone', () => {
  const carla = asks(1, user('carla'));

  it('fills the place, and the stage says who said so', () => {
    const seen = after([toEve, decision('eve')], carla);
    expect(seen.approved).toBe('True');
    expect(seen.stages).toMatchObject([{ standIns: [{ for: 'carla', user: 'eve', by: 'rita' }] }]);
  });

  it('does not count without somebody having said so, nor for somebody else', () => {
    expect(after([decision('eve')], carla).approved).toBe('Unknown');
    expect(after([toEve, decision('dan')], carla).approved).toBe('Unknown');
    expect(after([toEve, decision('eve')], asks(1, user('chris'))).approved).toBe('Unknown');
  });

  it('does not count by what was said before it was changed there and back, nor is somebody back who spoke before', () => {
    const at = (minute: number) => ({ time: new Date(minutes(minute)).toISOString() });
    const early = [{ ...toEve, ...at(1) }];
    const facts = observation({ permissions, managers: new Map([['carla', 'eve']]), decisions: early, ...carla, now: minutes(2) });
    const changed = later(settle(facts), { now: minutes(3), subject: { ...facts.subject, digest: digestB } });
    const back = later(changed, { now: minutes(4), subject: facts.subject });
    const saying = (...decisions: DecisionFacts[]) => plan(later(back, { now: minutes(6), decisions })).status;
    expect(saying(...early, decision('eve', 'Approve', at(5)))).toMatchObject({
      phase: 'Reviewing',
      decisions: [{ ignoredBecause: 'DigestChanged' }, { ignoredBecause: 'NotQualified' }],
    });
    const again = [{ ...toEve, name: 'again', uid: 'again', ...at(5) }, decision('eve', 'Approve', at(5))];
    expect(saying(...early, ...again).phase).toBe('Approved');
    expect(saying(decision('carla', 'Reject', at(1)), ...again).phase).toBe('Approved');
  });

  it('rejects', () => {
    expect(after([toEve, decision('eve', 'Reject')], carla)).toMatchObject({ approved: 'False', reason: 'Rejected' });
  });

  it('makes no two of who is gone and came back, nor of those who stand for them in two ways', () => {
    const two = asks(2, user('carla'), user('chris'));
    expect(after([toEve, decision('eve'), decision('carla')], two).approved).toBe('Unknown');
    expect(after([toEve, decision('eve'), decision('dan')], { ...two, delegations: [delegation('carla', 'dan')] }).approved).toBe(
      'Unknown',
    );
    expect(after([toEve, decision('eve'), decision('chris')], two).approved).toBe('True');
  });

  it('does not count when it is who asked', () => {
    const facts = { ...carla, managers: new Map([['carla', 'alice']]) };
    const toAlice = decision('rita', 'Reassign', { reassign: { stage: 'money', from: 'carla', to: 'alice' } });
    expect(after([toAlice, decision('alice')], facts).approved).toBe('Unknown');
  });
});
