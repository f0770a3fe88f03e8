import { describe, expect, it } from 'vitest';
import { decision, digestB, group, observation, user } from '../../test/fixtures/facts.ts';
import type { DecisionFacts, Observation, Permissions } from './facts.ts';
import { reassignFault, standInsOf } from './reassign.ts';
import type { AskedStage } from './resolve.ts';

const cfoStage: AskedStage = {
  name: 'cfo',
  asSubmitted: true,
  require: [{ count: 1, from: [user('carla'), group('board')] }],
  separation: { requesterMayApprove: false, distinctAcrossStages: true },
  reassignTo: [user('dan'), group('finance')],
};

/** Rita and Roy have the verb; so has alice, who asked. */
const permissions: Permissions = {
  mayApprove: () => false,
  may: (verb, who) => verb === 'reassign' && ['rita', 'roy', 'alice', 'bill'].includes(who),
};

const reassigned = (by: string, to: string, more: Partial<DecisionFacts> = {}, from = 'carla', stage = 'cfo'): DecisionFacts =>
  decision(by, 'Reassign', { reassign: { stage, from, to }, ...more });

function standIns(decisions: DecisionFacts[], stage: AskedStage = cfoStage, more: Partial<Omit<Observation, 'request'>> = {}) {
  const facts = observation({ permissions, managers: new Map([['carla', 'eve']]), decisions, ...more });
  return (standInsOf([stage], facts).get(stage) ?? []).map((s) => `${s.user} for ${s.for} by ${s.by}${s.isManager ? ', manager' : ''}`);
}

const at = (minute: number) => ({ time: `2026-03-02T09:${String(minute).padStart(2, '0')}:00Z` });

describe('who stands in for whom', () => {
  it.each<[string, DecisionFacts[], string[]]>([
    ['the manager of who is gone', [reassigned('rita', 'eve')], ['eve for carla by rita, manager']],
    ['a user whom the stage allows', [reassigned('rita', 'dan')], ['dan for carla by rita']],
    ['somebody whose groups will show when they vote', [reassigned('rita', 'frank')], ['frank for carla by rita']],
    ['nobody by a word of somebody without the verb', [reassigned('mallory', 'eve')], []],
    ['nobody by a word of nobody', [reassigned('', 'eve')], []],
    ['nobody by a word of who asked', [reassigned('alice', 'eve')], []],
    ['nobody for a user whom the stage does not ask by name', [reassigned('rita', 'eve', {}, 'bob')], []],
    ['nobody in a stage of another name', [reassigned('rita', 'eve', {}, 'carla', 'ceo')], []],
    ['nobody by a word about what would run before', [reassigned('rita', 'eve', { digest: digestB })], []],
    ['nobody by a word about another request of the same name', [reassigned('rita', 'eve', { requestUid: 'older' })], []],
    ['nobody by a comment', [decision('rita', 'Comment')], []],
    [
      'the last who was named',
      [reassigned('rita', 'dan', at(2)), reassigned('roy', 'eve', at(3)), reassigned('rita', 'frank', at(1))],
      ['eve for carla by roy, manager'],
    ],
    ['nobody once it is taken back', [reassigned('rita', 'eve', at(1)), reassigned('roy', 'carla', at(2))], []],
    [
      'still the one before, when the last word names somebody who may not be it, or comes from somebody without the verb',
      [reassigned('rita', 'eve', at(1)), reassigned('mallory', 'carla', at(2))],
      ['eve for carla by rita, manager'],
    ],
    ['nobody for somebody who has approved', [reassigned('rita', 'eve'), decision('carla', 'Approve')], []],
    ['nobody for somebody who has rejected', [reassigned('rita', 'eve'), decision('carla', 'Reject')], []],
    [
      'them still, when who is gone only asked something',
      [reassigned('rita', 'eve'), decision('carla', 'Comment')],
      ['eve for carla by rita, manager'],
    ],
    [
      'them still, when who is gone spoke of what would run before',
      [reassigned('rita', 'eve'), decision('carla', 'Approve', { digest: digestB })],
      ['eve for carla by rita, manager'],
    ],
  ])('%s', (_who, decisions, expected) => {
    expect(standIns(decisions)).toEqual(expected);
    expect(standIns([...decisions].reverse())).toEqual(expected);
  });

  it('only the manager, where the stage names nobody else', () => {
    const { reassignTo: _nobody, ...stage } = cfoStage;
    expect(standIns([reassigned('rita', 'dan')], stage)).toEqual([]);
    expect(standIns([reassigned('rita', 'eve')], stage)).toEqual(['eve for carla by rita, manager']);
  });

  it('nobody whom a list of users alone does not name', () => {
    expect(standIns([reassigned('rita', 'frank')], { ...cfoStage, reassignTo: [user('dan')] })).toEqual([]);
  });

  it('for a user to whom the stage escalates', () => {
    const stage: AskedStage = {
      ...cfoStage,
      require: [{ count: 1, from: [group('board')] }],
      escalation: { from: [user('carla')], count: 1 },
    };
    expect(standIns([reassigned('rita', 'eve')], stage)).toEqual(['eve for carla by rita, manager']);
  });

  it('by the word of who asked, where requesters may approve', () => {
    const stage: AskedStage = { ...cfoStage, separation: { requesterMayApprove: true, distinctAcrossStages: true } };
    expect(standIns([reassigned('alice', 'eve')], stage)).toEqual(['eve for carla by alice, manager']);
  });

  it('not by the word of whom it was asked for', () => {
    const facts = observation({
      permissions,
      managers: new Map([['carla', 'eve']]),
      decisions: [reassigned('bill', 'eve')],
      request: { onBehalfOf: 'bill' },
    });
    expect(standInsOf([cfoStage], facts).get(cfoStage)).toEqual([]);
  });

  it('nobody while it is not known what would run', () => {
    expect(standIns([reassigned('rita', 'eve')], cfoStage, { subject: { exists: true, held: true } })).toEqual([]);
  });
});

describe('why a reassignment is of no effect', () => {
  const faults = (...decisions: DecisionFacts[]) => {
    const facts = observation({ permissions, managers: new Map([['carla', 'eve']]), decisions });
    return decisions.filter((d) => d.verdict === 'Reassign').map((d) => reassignFault(d, [cfoStage], facts) ?? 'counts');
  };

  it.each<[string, DecisionFacts[], string[]]>([
    ['it is of some', [reassigned('rita', 'eve')], ['counts']],
    ['its author lacks the verb', [reassigned('mallory', 'eve')], ['NotAllowed']],
    ['its author asked for it', [reassigned('alice', 'eve')], ['Requester']],
    ['there is no such stage', [reassigned('rita', 'eve', {}, 'carla', 'ceo')], ['NotAllowed']],
    ['the stage does not ask who is gone', [reassigned('rita', 'eve', {}, 'bob')], ['NotAllowed']],
    ['somebody said otherwise later', [reassigned('rita', 'dan', at(1)), reassigned('roy', 'eve', at(2))], ['Superseded', 'counts']],
    ['it was taken back, which counts', [reassigned('rita', 'eve', at(1)), reassigned('roy', 'carla', at(2))], ['Superseded', 'counts']],
    [
      'what came later is of none itself',
      [reassigned('rita', 'eve', at(1)), reassigned('mallory', 'dan', at(2))],
      ['counts', 'NotAllowed'],
    ],
    ['who was thought gone has decided', [reassigned('rita', 'eve'), decision('carla', 'Approve')], ['NotGone']],
  ])('%s', (_why, decisions, expected) => {
    expect(faults(...decisions)).toEqual(expected);
  });

  it('it names somebody whom a list of users alone does not', () => {
    const decision = reassigned('rita', 'frank');
    const facts = observation({ permissions, decisions: [decision] });
    expect(reassignFault(decision, [{ ...cfoStage, reassignTo: [user('dan')] }], facts)).toBe('NotAllowed');
  });
});
