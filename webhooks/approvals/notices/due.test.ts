import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ChannelRef, NoticeEvent, ResolvedStage } from '../../../crds/v1alpha1/index.ts';
import { digestB, minutes } from '../../../test/fixtures/facts.ts';
import { at, conditionOf, known, openStage, settled, vote } from '../../../test/fixtures/knownRequests.ts';
import { ApproverDirectory, type KnownApprover } from '../callers/directory.ts';
import { mostRecipients, noticesDue, type NoticeFacts, type Teller } from './due.ts';

const approver = (username: string, groups: string[] = [], more: Partial<KnownApprover> = {}): KnownApprover => ({
  name: username,
  username,
  groups,
  mail: `${username}.example`,
  slackId: undefined,
  ...more,
});

function directoryOf(people: readonly KnownApprover[]): ApproverDirectory {
  const indices = new Map<string, (person: KnownApprover) => readonly string[]>();
  return new ApproverDirectory({
    values: () => people,
    addIndex: (name, valuesOf) => void indices.set(name, valuesOf),
    byIndex: (name, value) => people.filter((person) => indices.get(name)?.(person).includes(value) === true),
  });
}

const people = [
  approver('alice@corp', ['finance']),
  approver('bob@corp', ['finance']),
  approver('carol@corp', ['finance']),
  approver('dave@corp', ['on-call']),
  approver('erin@corp', ['finance'], { mail: undefined }),
];

const mail: Teller = { target: 'mail', tells: 'Person', reaches: ({ mail: address }) => address !== undefined };
const room: Teller = { target: 'room', tells: 'Place', reaches: () => true };
const named: readonly ChannelRef[] = [{ kind: 'NotificationChannel', name: 'mail' }];

const factsOf = (more: Partial<NoticeFacts> = {}): NoticeFacts => ({
  request: known(),
  notifyOf: () => named,
  tellersOf: (_event: NoticeEvent, refs: readonly ChannelRef[]) => (refs.length === 0 ? [] : [mail]),
  directory: directoryOf(people),
  now: minutes(5),
  ...more,
});

/** `event recipient` of each. */
const told = (more: Partial<NoticeFacts> = {}): string[] =>
  noticesDue(factsOf(more))
    .map(({ event, recipient }) => `${event} ${recipient ?? '*'}`)
    .sort();

const withStage = (stage: Partial<ResolvedStage>, status: object = {}): Partial<NoticeFacts> => ({
  request: known({ stages: [openStage(stage)], ...status }),
});

describe('what people are told of an open stage', () => {
  it.each<[string, Partial<NoticeFacts>, string[]]>([
    ['by name and by group, but not who asked, nor who has no address', {}, ['StageOpened bob@corp', 'StageOpened carol@corp']],
    [
      'not again once they have voted on what it is now',
      { request: known({ decisions: [vote('bob@corp'), vote('carol@corp', { digest: digestB })] }) },
      ['StageOpened carol@corp'],
    ],
    [
      'though they have commented',
      { request: known({ decisions: [vote('bob@corp', { verdict: 'Comment' })] }) },
      ['StageOpened bob@corp', 'StageOpened carol@corp'],
    ],
    [
      'who asked as well, where the policy lets them approve',
      withStage({ separation: { requesterMayApprove: true, distinctAcrossStages: true } }),
      ['StageOpened alice@corp', 'StageOpened bob@corp', 'StageOpened carol@corp'],
    ],
    [
      'not who asked in the name of somebody else',
      { request: known({}, { requester: { username: 'alice@corp', groups: [], submittedBy: 'bob@corp' } }) },
      ['StageOpened carol@corp'],
    ],
    [
      'who stands in, in place of who is gone',
      withStage({
        standIns: [{ for: 'bob@corp', user: 'dave@corp', by: 'boss@corp' }],
        require: [{ count: 1, from: [{ user: 'bob@corp' }], approvedBy: [] }],
      }),
      ['StageOpened dave@corp'],
    ],
    ['nobody while the stage waits', withStage({ state: 'Waiting' }), []],
    ['nobody once the stage is satisfied', withStage({ state: 'Satisfied' }), []],
    ['nobody of a draft', { request: known({ phase: 'Draft' }) }, []],
    ['nobody where no channel is named', { notifyOf: () => [] }, []],
    ['nobody of what is older than a day', { now: minutes(24 * 60) }, []],
    [
      'those of the escalation, once it has escalated',
      withStage({ state: 'Escalated', escalatedAt: at(4), deadline: at(4), escalation: { from: [{ group: 'on-call' }], count: 1 } }),
      ['Escalated dave@corp', 'StageOpened bob@corp', 'StageOpened carol@corp'],
    ],
    ['a place once, whoever is asked', { tellersOf: () => [room] }, ['StageOpened *']],
  ])('%s', (_what, more, expected) => {
    expect(told(more)).toEqual(expected);
  });

  it('goes to those again whose yes counts in one stage by a channel that is too weak for another, of that other alone', () => {
    const byMail = openStage({ minimumChannel: 'Email' });
    const other = openStage({ name: 'treasury', policy: { kind: 'ClusterApprovalPolicy', name: 'surer', generation: 1 } });
    const request = known({ stages: [byMail, other], decisions: [vote('bob@corp', { via: 'Email' })] });
    const toBob = noticesDue(factsOf({ request })).filter(({ recipient }) => recipient === 'bob@corp');
    expect(toBob.map(({ stage }) => stage)).toEqual(['ClusterApprovalPolicy//surer/treasury']);
  });

  it('is a reminder once half of the time is over, until then and after the deadline not, and none when time is short', () => {
    const reminded = (deadline: number, now: number): boolean =>
      told({ ...withStage({ deadline: at(deadline) }), now: minutes(now) }).includes('Reminder bob@corp');
    expect([reminded(60, 29), reminded(60, 30), reminded(60, 59)]).toEqual([false, true, true]);
    expect(reminded(9, 8)).toBe(false);
    expect(told({ request: known({ expiresAt: at(60), decisions: [vote('bob@corp')] }), now: minutes(30) })).toEqual([
      'Reminder carol@corp',
      'StageOpened carol@corp',
    ]);
  });

  it('goes to so many at most, and a vote has nobody else told; how many more are asked is noted once', () => {
    const many = Array.from({ length: mostRecipients + 50 }, (_, i) => approver(`p${String(i).padStart(4, '0')}@corp`, ['finance']));
    const facts = (votes: string[]): Partial<NoticeFacts> => ({
      ...withStage(
        { require: [{ count: 2, from: [{ group: 'finance' }], approvedBy: [] }] },
        { decisions: votes.map((name) => vote(name)) },
      ),
      directory: directoryOf(many),
    });
    const persons = (votes: string[]): string[] => told(facts(votes)).filter((line) => line.includes('@corp'));
    expect(persons([])).toHaveLength(mostRecipients);
    expect(persons(['p0000@corp'])).toHaveLength(mostRecipients - 1);
    const leftOut = (given: Partial<NoticeFacts>): unknown[] =>
      noticesDue(factsOf(given)).flatMap((due) => (due.leftOut === undefined ? [] : [[due.event, due.recipient, due.leftOut]]));
    expect(leftOut({ ...facts([]), now: minutes(1_000) })).toEqual([['StageOpened', null, 50]]);
    expect(leftOut({ ...facts([]), directory: directoryOf(many.slice(50)) })).toEqual([]);
  });

  it('is told anew once what is asked for has changed', () => {
    const before = noticesDue(factsOf()).map(({ key }) => key);
    const after = noticesDue(factsOf({ request: known({ subjectDigest: digestB }) })).map(({ key }) => key);
    expect(after).toHaveLength(before.length);
    expect(after.filter((key) => before.includes(key))).toEqual([]);
  });

  it('tells stages of one name of two policies apart', () => {
    const other = openStage({ policy: { kind: 'ClusterApprovalPolicy', name: 'money', generation: 1 } });
    expect(told({ request: known({ stages: [openStage(), other] }) })).toHaveLength(4);
  });
});

describe('what the requester is told', () => {
  const ended = (conditions: object[], phase: string): Partial<NoticeFacts> => ({
    request: known({ phase, conditions, stages: [openStage({ state: 'Satisfied' })] } as never),
  });

  it.each<[string, Partial<NoticeFacts>, string[]]>([
    ['yes', ended(settled(true, 'Approved'), 'Approved'), ['Approved alice@corp']],
    ['no', ended(settled(false, 'Rejected'), 'Rejected'), ['Rejected alice@corp']],
    ['that a policy refuses it', ended(settled(false, 'PolicyViolation'), 'Rejected'), ['Rejected alice@corp']],
    ['that time is over', ended(settled(false, 'Expired'), 'Expired'), ['Expired alice@corp']],
    ['that it is cancelled', ended(settled(false, 'Cancelled'), 'Cancelled'), ['Cancelled alice@corp']],
    ['that its subject is gone', ended(settled(false, 'SubjectGone'), 'Cancelled'), ['Cancelled alice@corp']],
    [
      'that it was done',
      ended([...settled(true, 'Approved'), conditionOf('Completed', 'True', 'Succeeded', 3)], 'Completed'),
      ['Approved alice@corp', 'Completed alice@corp'],
    ],
    [
      'that it failed',
      ended([...settled(true, 'Approved'), conditionOf('Completed', 'True', 'Failed', 3)], 'Completed'),
      ['Approved alice@corp', 'Failed alice@corp'],
    ],
    [
      'that an approval went unused',
      ended([...settled(true, 'Approved'), conditionOf('Released', 'False', 'ApprovalExpired', 3)], 'Expired'),
      ['Approved alice@corp', 'Expired alice@corp'],
    ],
    ['nothing while others are asked', { request: known({ decisions: [vote('bob@corp'), vote('carol@corp')] }) }, []],
    ['nothing of what is a day old', { ...ended(settled(true, 'Approved'), 'Approved'), now: minutes(24 * 60 + 2) }, []],
  ])('%s', (_what, more, expected) => {
    expect(told(more)).toEqual(expected);
  });
});

describe('the keys', () => {
  const shuffled = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 });

  it('are the same for the same facts in any order', () => {
    fc.assert(
      fc.property(shuffled, fc.boolean(), fc.integer({ min: 1, max: 120 }), (order, escalated, minute) => {
        const from = [{ user: 'bob@corp' }, { group: 'finance' }, { group: 'on-call' }, { user: 'zoe@corp' }, { user: 'carol@corp' }];
        const inOrder = <T>(list: readonly T[]): T[] => order.map((i) => list[i]).filter((each) => each !== undefined);
        const keys = (arrange: <T>(list: readonly T[]) => T[]): string[] => {
          const escalation = { from: arrange(from.slice(2)), count: 1 };
          const state = escalated ? { state: 'Escalated' as const, escalatedAt: at(1), escalation } : {};
          const stages = ['a', 'b', 'c', 'd', 'e'].map((name) =>
            openStage({ name, ...state, deadline: at(100), require: [{ count: 1, from: arrange(from), approvedBy: [] }] }),
          );
          return noticesDue(
            factsOf({
              request: known({ stages: arrange(stages), decisions: arrange(['carol@corp', 'x', 'y', 'z', 'w'].map((name) => vote(name))) }),
              directory: directoryOf(arrange(people)),
              tellersOf: () => [mail, room],
              now: minutes(minute),
            }),
          ).map(({ key }) => key);
        };
        const plain = keys((list) => [...list]);
        expect(plain.length).toBeGreaterThan(10);
        expect(keys(inOrder)).toEqual(plain);
        expect(new Set(plain).size).toBe(plain.length);
      }),
    );
  });

  it('only grow as time goes by, and stay what they were', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000 }), fc.integer({ min: 0, max: 100 }), (now, later) => {
        const keysAt = (minute: number): string[] =>
          noticesDue(factsOf({ ...withStage({ deadline: at(500) }), now: minutes(minute) })).map(({ key }) => key);
        expect(keysAt(now + later)).toEqual(expect.arrayContaining(keysAt(now)));
      }),
    );
  });
});
