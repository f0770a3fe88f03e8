import { describe, expect, it } from 'vitest';
import type { Person } from '../../operator/core/eligibility.ts';
import { annotations } from '../../crds/v1alpha1/index.ts';
import { at, known, openStage, settled, vote } from '../../test/fixtures/knownRequests.ts';
import { minutes } from '../../test/fixtures/facts.ts';
import { knownDelegation, sorted } from './delegations.ts';
import type { KnownRequest } from './requests.ts';
import { waitingFor, waitsFor } from './waitingFor.ts';

const dan: Person = { username: 'dan@corp', groups: ['system:authenticated'] };
const cfo = (more: object = {}): KnownRequest =>
  known({ stages: [openStage({ require: [{ count: 1, from: [{ user: 'carla@corp' }], approvedBy: [] }], ...more })] });

/** A delegation from carla to dan, by herself. */
const toDan = (spec: object = {}, author: Person = { username: 'carla@corp', groups: ['board'] }) =>
  knownDelegation({
    metadata: {
      namespace: 'payments',
      name: 'on-leave',
      creationTimestamp: at(0),
      annotations: { [annotations.requester]: author.username, [annotations.requesterGroups]: author.groups.join('\n') },
    },
    spec: { from: 'carla@corp', to: 'dan@corp', ...spec },
  } as never);

function waiting(request: KnownRequest, person: Person, delegations = [toDan()], groups: readonly string[] = []) {
  const asked: string[][] = [];
  const directory = { byUsername: () => ({ name: 'a', username: 'carla@corp', groups, mail: undefined, slackId: undefined }) };
  const permissionsOf = ({ people }: { people: readonly Person[] }) => {
    asked.push(people.map(({ username }) => username));
    return Promise.resolve({ mayApprove: (username: string) => username === 'carla@corp', may: () => false });
  };
  const deps = {
    client: { now: () => minutes(10) },
    known: { delegations: { in: (namespace: string) => sorted(namespace === 'payments' ? delegations : [], directory, minutes(10)) } },
    permissionsOf,
  };
  return { does: waitsFor(request, person, deps as never), asked };
}

describe('what waits for somebody', () => {
  it('is what asks them', async () => {
    expect(await waiting(known(), { username: 'bob@corp', groups: [] }).does).toBe(true);
    expect(await waiting(known(), { username: 'erin@corp', groups: ['finance'] }).does).toBe(true);
    expect(await waiting(known(), dan).does).toBe(false);
  });

  it('is what asks those in whose stead they may decide', async () => {
    expect(await waiting(cfo(), dan).does).toBe(true);
    expect(await waiting(cfo(), dan, []).does).toBe(false);
    expect(await waiting({ ...cfo(), namespace: 'lending' }, dan).does).toBe(false);
  });

  it('is what asks a group of theirs, or lets them approve', async () => {
    const board = cfo({ require: [{ count: 1, from: [{ group: 'board' }], approvedBy: [] }] });
    expect(await waiting(board, dan).does).toBe(true);
    const byOther = [toDan({}, { username: 'admin@corp', groups: ['board'] })];
    expect(await waiting(board, dan, byOther).does).toBe(false);
    expect(await waiting(board, dan, byOther, ['board']).does).toBe(true);
    const permission = cfo({ require: [{ count: 1, from: [{ permission: 'approve' }], approvedBy: [] }] });
    const { does, asked } = waiting(permission, dan);
    expect([await does, asked]).toEqual([true, [['dan@corp', 'carla@corp']]]);
  });

  it('is what a stage asks that finds their yes too weak, though it counts in another; the same for those in whose stead they may decide', async () => {
    const require = [{ count: 1, from: [{ user: 'carla@corp' }], approvedBy: [] }];
    const byMail = openStage({ require, minimumChannel: 'Email' });
    const other = openStage({ require, policy: { kind: 'ClusterApprovalPolicy', name: 'surer', generation: 1 } });
    const said = (approver: string, more: object, ...stages: (typeof other)[]): KnownRequest =>
      known({ stages, decisions: [vote(approver, { via: 'Email', ...more })] });
    for (const [approver, more] of [
      ['carla@corp', {}],
      ['dan@corp', {}],
      ['erin@corp', { onBehalfOf: 'carla@corp' }],
    ] as const) {
      expect(await waiting(said(approver, more, byMail, other), dan).does).toBe(true);
      expect(await waiting(said(approver, more, byMail), dan).does).toBe(false);
    }
  });

  it('may be what a condition would keep from them, which is not looked at here', async () => {
    expect(await waiting(cfo(), dan, [toDan({ when: 'context.amount < 1' })]).does).toBe(true);
  });

  it.each<[string, KnownRequest, object]>([
    ['the delegation is over', cfo(), { notAfter: at(9) }],
    ['it begins later', cfo(), { notBefore: at(11) }],
    ['she has decided herself', { ...cfo(), status: { ...cfo().status!, decisions: [vote('carla@corp')] } }, {}],
    [
      'somebody else has for her',
      { ...cfo(), status: { ...cfo().status!, decisions: [vote('erin@corp', { onBehalfOf: 'carla@corp' })] } },
      {},
    ],
    ['they have decided', { ...cfo(), status: { ...cfo().status!, decisions: [vote('dan@corp')] } }, {}],
    ['it is decided', { ...cfo(), status: { ...cfo().status!, conditions: settled(true, 'Approved') } }, {}],
    ['she asked for it', { ...cfo(), requester: { username: 'carla@corp', groups: [] } }, {}],
    ['they asked for it', { ...cfo(), requester: { username: 'dan@corp', groups: [] } }, {}],
  ])('is not what asks those for whom they may decide once %s', async (_why, request, spec) => {
    expect(await waiting(request, dan, [toDan(spec)]).does).toBe(false);
  });

  it('is found out of many requests by following what was handed on once for each who asked, and not at all where nobody did', async () => {
    let read = 0;
    class Counted<V> extends Map<string, V> {
      override get(key: string): V | undefined {
        if (key === 'dan@corp') read += 1;
        return super.get(key);
      }
    }
    const answer = (delegations: Parameters<typeof sorted>[0]) => {
      const { byFrom, byTo } = sorted(delegations, { byUsername: () => undefined }, minutes(10));
      const made = { byFrom, byTo: new Counted(byTo) };
      const permissionsOf = () => Promise.resolve({ mayApprove: () => false, may: () => false });
      const deps = { client: { now: () => minutes(10) }, known: { delegations: { in: () => made } }, permissionsOf };
      return waitingFor(dan, deps as never);
    };
    const byOther = { ...cfo(), requester: { username: 'gina@corp', groups: [] } };
    const requests = [...Array.from({ length: 50 }, cfo), byOther, byOther];
    const waits = answer([toDan()]);
    expect(await Promise.all(requests.map(waits))).toEqual(requests.map(() => true));
    expect(read).toBe(2);
    await Promise.all(requests.map(answer([])));
    expect(read).toBe(2);
  });

  it('is not what was handed on by whoever asked', async () => {
    const byRequester = [toDan({}, { username: 'alice@corp', groups: [] })];
    expect(await waiting(cfo(), dan, byRequester).does).toBe(false);
  });
});
