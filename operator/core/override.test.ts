import { describe, expect, it } from 'vitest';
import {
  conditionOf,
  decision,
  digestA,
  digestB,
  later,
  minutes,
  observation,
  policy,
  settle,
  stage,
  user,
} from '../../test/fixtures/facts.ts';
import type { DecisionFacts, Observation, Permissions } from './facts.ts';
import { mostUnreviewed } from './override.ts';
import { plan } from './plan.ts';

/** Eve, Mia and Oda have the verb, and bob is whom the policy asks. */
const permissions: Permissions = {
  mayApprove: () => false,
  may: (verb, who) => verb === 'override' && ['eve', 'mia', 'oda', ''].includes(who),
};

const at = (minute: number) => ({ time: new Date(minutes(minute)).toISOString().replace('.000Z', 'Z') });
const overrides = (who: string, more: Partial<DecisionFacts> = {}) => decision(who, 'Override', { ticket: 'INC-1', ...more });
const both = [overrides('eve', at(1)), overrides('mia', at(2))];
const reviews = (who: string, more: Partial<DecisionFacts> = {}) => decision(who, 'Review', { ...at(4), ...more });
const facts = (decisions: DecisionFacts[], changes: Parameters<typeof observation>[0] = {}) =>
  observation({ permissions, decisions, ...changes });

/** Who overrode, and why each decision is ignored, if it is. */
function outcomeOf(of: Observation) {
  const { status, after } = plan(of);
  return {
    by: status.override?.by,
    released: after.some((effect) => effect.kind === 'release'),
    because: status.decisions.map((d) => d.ignoredBecause ?? 'counts'),
  };
}

const frozen = { freeze: [{ name: 'always', schedule: '0 0 * * *', duration: '23h59m', timeZone: 'UTC' }] };
const closed = { releaseWindows: [{ name: 'newYear', schedule: '0 0 1 1 *', duration: '1h', timeZone: 'UTC' }] };
const asks = (more: object = {}) => [policy('tiers', { stages: [stage('finance', 1, [user('bob')])], ...more })];

describe('an override', () => {
  it.each<[string, DecisionFacts[], string[], Parameters<typeof observation>[0]?]>([
    ['takes two people with the verb, each with a ticket', both, ['eve', 'mia']],
    ['is nothing by one person', [overrides('eve')], []],
    ['is nothing by one person twice', [overrides('eve', at(1)), overrides('eve', at(2))], []],
    ['is nothing when the second has not the verb', [overrides('eve'), overrides('bob')], []],
    ['is nothing when nobody knows who the second is', [overrides('eve'), overrides('')], []],
    ['is nothing when one names no ticket', [overrides('eve'), overrides('mia', { ticket: undefined })], []],
    ['is nothing when a ticket is blank', [overrides('eve'), overrides('mia', { ticket: '  ' })], []],
    ['is nothing when one saw something else', [overrides('eve'), overrides('mia', { digest: digestB })], []],
    ['is nothing when one meant an older request of that name', [overrides('eve'), overrides('mia', { requestUid: 'older' })], []],
    ['is nothing with an approval beside it', [overrides('eve'), decision('mia')], []],
    ['is nothing once one of them says no', [...both, decision('eve', 'Reject', at(3))], []],
    ['is nothing when one said no in the same second', [...both, decision('mia', 'Reject', at(2))], []],
    ['is one all the same when one of them had said no before', [decision('eve', 'Reject', at(0)), ...both], ['eve', 'mia']],
    ['is of the first two of three', [...both, overrides('oda', at(3))], ['eve', 'mia']],
    ['comes before a freeze', both, ['eve', 'mia'], { policies: asks(frozen) }],
    ['comes before a release window that is closed', both, ['eve', 'mia'], { policies: asks(closed) }],
    ['comes before the no of whom the policy asks', [decision('bob', 'Reject', at(0)), ...both], ['eve', 'mia']],
    [
      'comes before a validation that fails',
      both,
      ['eve', 'mia'],
      { policies: asks({ validations: [{ expression: 'false', message: 'no' }] }) },
    ],
    ['comes before everything where no policy applies', both, ['eve', 'mia'], { policies: [] }],
    ['is nothing while one of them is owed a review', both, [], { reviewsOwed: [{ namespace: 'other', by: ['mia', 'oda'] }] }],
    ['does not mind a review that is owed of others', both, ['eve', 'mia'], { reviewsOwed: [{ namespace: 'other', by: ['oda'] }] }],
    ['is nothing while both are', both, [], { reviewsOwed: [{ namespace: 'payments', by: ['eve', 'mia'] }] }],
  ])('%s', (_what, decisions, by, changes) => {
    const { by: who = [], released } = outcomeOf(facts(decisions, changes));
    expect(who).toEqual(by);
    expect(released).toBe(by.length > 0);
  });

  it('is nothing in a namespace where very many wait for their review, and is something in any other', () => {
    const owed = Array.from({ length: mostUnreviewed }, () => ({ namespace: 'payments', by: ['x', 'y'] }));
    expect(outcomeOf(facts(both, { reviewsOwed: owed }))).toEqual({
      by: undefined,
      released: false,
      because: ['ReviewOwed', 'ReviewOwed'],
    });
    expect(outcomeOf(facts(both, { reviewsOwed: owed.slice(1) })).released).toBe(true);
    expect(outcomeOf(facts(both, { reviewsOwed: owed.map((o) => ({ ...o, namespace: 'other' })) })).released).toBe(true);
  });

  it('says of each that does not count why', () => {
    const decisions = [
      overrides('bob'),
      overrides('oda', { ticket: ' ' }),
      overrides('eve', { digest: digestB }),
      overrides('mia', { requestUid: 'older' }),
    ];
    expect(outcomeOf(facts(decisions)).because).toEqual(['NotAllowed', 'TicketMissing', 'DigestChanged', 'UidChanged']);
    expect(
      outcomeOf(facts([overrides('eve', at(1))], { now: minutes(9), spec: { timeout: '30s' }, request: { createdAt: minutes(0) } }))
        .because,
    ).toEqual(['counts']);
  });

  it('comes too late once the time of the request is over', () => {
    const begun = settle(facts([], { now: minutes(0), spec: { timeout: '90s' } }));
    const late = plan({ ...begun, now: minutes(3), decisions: both });
    expect(late.status).toMatchObject({ phase: 'Expired', decisions: [{ counted: true }, { counted: false, ignoredBecause: 'Late' }] });
    expect(late.status.override).toBeUndefined();
  });

  it('does not count for what was changed and then changed back', () => {
    const begun = settle(facts([overrides('eve', at(1))], { now: minutes(1) }));
    const changed = later(begun, { now: minutes(2), subject: { ...begun.subject, digest: digestB } });
    const back = later(changed, { now: minutes(3), subject: { ...begun.subject, digest: digestA } });
    const again = later(back, { now: minutes(4), decisions: [overrides('eve', at(1)), overrides('mia', at(4))] });
    expect(outcomeOf(again)).toEqual({ by: undefined, released: false, because: ['DigestChanged', 'counts'] });
  });

  it('is not on record where it overrode nothing, as the request was cancelled', () => {
    const { status, after } = plan(facts(both, { spec: { cancelled: true } }));
    expect(status).toMatchObject({ phase: 'Cancelled' });
    expect(status.override).toBeUndefined();
    expect(after).toEqual([expect.objectContaining({ kind: 'refuse' })]);
  });

  it('says who, and by what ticket, and that a review is owed', () => {
    const planned = plan(facts(both));
    expect(planned.status.override).toEqual({ by: ['eve', 'mia'], ticket: 'INC-1', at: at(2).time });
    expect(conditionOf(planned, 'Approved')).toBe('True Overridden');
    expect(conditionOf(planned, 'Reviewed')).toBe('False ReviewOwed');
    const message = (type: string) => planned.status.conditions.find((c) => c.type === type)?.message;
    expect(message('Approved')).toBe('Overridden by eve, mia, ticket INC-1.');
    expect(message('Reviewed')).toContain('Somebody else must review the override by eve and mia (INC-1)');
  });

  it('by one person is told of while a second is wanted', () => {
    const { status } = plan(facts([overrides('eve')]));
    expect(status.conditions.find((c) => c.type === 'Approved')?.message).toBe(
      'Waiting for 1 of user bob (stage finance). eve overrides (INC-1); that takes a second person with the verb override.',
    );
    expect(status.conditions.some((c) => c.type === 'Reviewed')).toBe(false);
  });
});

describe('an override of what was approved and still waits', () => {
  const approved = settle(facts([decision('bob', 'Approve', at(1))], { policies: asks(frozen), now: minutes(2) }));

  it('lets it go although it is frozen, and is owed a review as any other', () => {
    expect(plan(approved).after).toEqual([]);
    const one = later(approved, { decisions: [...approved.decisions, overrides('eve', at(3))], now: minutes(3) });
    expect(outcomeOf(one)).toEqual({ by: undefined, released: false, because: ['counts', 'counts'] });
    const two = later(one, { decisions: [...one.decisions, overrides('mia', at(4))], now: minutes(4) });
    expect(outcomeOf(two)).toEqual({ by: ['eve', 'mia'], released: true, because: ['counts', 'counts', 'counts'] });
    expect(conditionOf(plan(two), 'Approved')).toBe('True Overridden');
    expect(conditionOf(plan(two), 'Reviewed')).toBe('False ReviewOwed');
  });

  it('is good although the time in which people could approve is over', () => {
    const late = { spec: { timeout: '150s' }, policies: asks(frozen) };
    const before = settle(facts([decision('bob', 'Approve', at(1))], { ...late, now: minutes(2) }));
    const overridden = later(before, {
      decisions: [...before.decisions, overrides('eve', at(8)), overrides('mia', at(9))],
      now: minutes(9),
    });
    expect(outcomeOf(overridden).released).toBe(true);
  });

  it('lets a stricter policy not pass in silence: it is on record', () => {
    const strict = policy('stricter', { stages: [stage('board', 1, [user('carol')])] });
    const overridden = later({ ...approved, policies: [...asks(frozen), strict] }, { decisions: [...approved.decisions, ...both] });
    expect(outcomeOf(overridden)).toMatchObject({ by: ['eve', 'mia'], released: true });
  });

  it('opens no window any more once one of them takes it back, though the people whom the policy asks agree', () => {
    const overridden = settle(facts(both, { policies: asks(closed), now: minutes(3) }));
    expect(conditionOf(plan(overridden), 'Approved')).toBe('True Overridden');
    const agreed = [...both, decision('eve', 'Reject', at(4)), decision('bob', 'Approve', at(4))];
    expect(outcomeOf(later(overridden, { decisions: agreed, now: minutes(5) })).released).toBe(false);
  });

  it('does nothing once the work was let go', () => {
    const released = {
      ...approved,
      subject: { ...approved.subject, held: false, released: { digest: digestA, request: 'wire-12345678' } },
    };
    const tooLate = [overrides('eve', at(3)), overrides('mia', at(4))];
    expect(outcomeOf(later(released, { decisions: [...approved.decisions, ...tooLate] }))).toEqual({
      by: undefined,
      released: false,
      because: ['counts', 'Settled', 'Settled'],
    });
  });
});

describe('the review of an override', () => {
  const overridden = settle(facts(both, { now: minutes(3) }));
  const after = (...decisions: DecisionFacts[]) => plan({ ...overridden, now: minutes(5), decisions: [...both, ...decisions] }).status;

  it.each<[string, DecisionFacts, string | undefined]>([
    ['is by somebody else with the verb', reviews('oda'), undefined],
    ['is by somebody whom a stage asks', reviews('bob'), undefined],
    ['is not by the first who overrode', reviews('eve'), 'OwnOverride'],
    ['is not by the second who overrode', reviews('mia'), 'OwnOverride'],
    ['is not by somebody who may do neither', reviews('mallory'), 'NotQualified'],
    ['is not of something else', reviews('oda', { digest: digestB }), 'DigestChanged'],
    ['is not of another request', reviews('oda', { requestUid: 'older' }), 'UidChanged'],
    ['does not come before it', reviews('oda', at(0)), 'NotOverridden'],
  ])('%s', (_what, review, fault) => {
    const status = after(review);
    const record = status.decisions.find((d) => d.name === review.name);
    expect(record).toMatchObject(fault === undefined ? { counted: true } : { counted: false, ignoredBecause: fault });
    expect(status.override?.reviewedBy).toBe(fault === undefined ? review.approver : undefined);
    expect(status.conditions.find((c) => c.type === 'Reviewed')?.status).toBe(fault === undefined ? 'True' : 'False');
  });

  it('by nobody is none, and is not listed', () => {
    const status = after(reviews(''));
    expect(status.override?.reviewedBy).toBeUndefined();
    expect(status.decisions.map((d) => d.approver)).toEqual(['eve', 'mia']);
  });

  it('is the first, in whatever order they are found', () => {
    const [first, second] = [reviews('bob', at(4)), reviews('oda', at(5))];
    for (const order of [
      [first, second],
      [second, first],
    ]) {
      const status = after(...order);
      expect(status.override).toMatchObject({ reviewedBy: 'bob', reviewedAt: at(4).time });
      expect(status.decisions.find((d) => d.approver === 'oda')).toMatchObject({ counted: false, ignoredBecause: 'ReviewedBefore' });
    }
  });

  it('stays what it was taken for, when its author may no longer review', () => {
    const review = reviews('oda');
    const reviewed = later({ ...overridden, decisions: [...both, review] }, { permissions: { mayApprove: () => false, may: () => false } });
    const { status } = plan(reviewed);
    expect(status.override?.reviewedBy).toBe('oda');
    expect(status.decisions.find((d) => d.name === review.name)).toMatchObject({ counted: true });
  });

  it('of what nobody overrode is none', () => {
    expect(plan(facts([reviews('oda')])).status.decisions).toMatchObject([{ counted: false, ignoredBecause: 'NotOverridden' }]);
  });
});
