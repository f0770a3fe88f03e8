import { describe, expect } from 'vitest';
import { isForbidden } from '../../../operator/kube/client/apiError.ts';
import { test } from '../../fixtures/inNamespace.ts';
import {
  condition,
  governedJob,
  isSuspended,
  job,
  matchGovernedJobs,
  oneOf,
  resources,
  until,
  type StoredRequest,
  type TestNamespace,
} from '../../fixtures/world.ts';
import { bobOf, financeAgrees, heldJob, patch } from './support.ts';

const lasting = { ...financeAgrees, standing: { maxRuns: 3, maxDuration: '1h' } };
const annotations = { 'countersign.dev/operation': 'nightly' };
const run = (name: string, more: Parameters<typeof job>[1] = {}): object => job(name, { metadata: { annotations }, ...more });

const standingOf = (request: StoredRequest) => request.status?.standing;

/** A run that bob agreed to, together with further ones, and that has ended. */
async function agreed(ns: TestNamespace, standing: { runs: number; duration: string }): Promise<StoredRequest> {
  const { asked } = await heldJob(ns, run('first'));
  await ns.decide(await bobOf(ns), 'Approve', [asked], { standing });
  return ns.requestIn('Completed', asked.metadata.name);
}

const sourceOf = (ns: TestNamespace, { metadata }: StoredRequest): Promise<StoredRequest> =>
  ns.get<StoredRequest>(resources.approvalRequests, metadata.name);

/** That people are asked about it, and that it is not covered. */
async function asks(ns: TestNamespace, object: object): Promise<StoredRequest> {
  const { made, asked } = await heldJob(ns, object);
  const open = await ns.requestIn('Reviewing', asked.metadata.name);
  expect(open.status?.approvedUnder).toBeUndefined();
  expect(isSuspended(await ns.get(resources.jobs, made.metadata.name))).toBe(true);
  return open;
}

/** That it runs without asking anybody, under the approval of another. */
async function isCovered(ns: TestNamespace, object: object, source: StoredRequest): Promise<StoredRequest> {
  const { asked } = await heldJob(ns, object);
  const done = await ns.requestIn('Completed', asked.metadata.name);
  expect(condition(done, 'Approved')).toMatchObject({ status: 'True', reason: 'StandingApproval' });
  expect(condition(done, 'Approved')?.message).toContain(source.metadata.name);
  expect(done.status?.approvedUnder).toBe(source.metadata.name);
  expect(done.status?.decisions).toEqual([]);
  return done;
}

describe.concurrent('a standing approval', () => {
  test('covers as many further runs as it says, one after the other, and then people are asked again', async ({ ns }) => {
    await ns.policy('pay', lasting);
    const source = await agreed(ns, { runs: 2, duration: '30m' });
    expect(standingOf(source)).toMatchObject({ runs: 2, covers: 'operation nightly', uses: [] });
    const given = Date.parse(standingOf(source)?.until ?? '') - Date.parse(source.status?.approvedAt ?? '');
    expect(given).toBe(30 * 60_000);
    const second = await isCovered(ns, run('second'), source);
    const third = await isCovered(ns, run('third'), source);
    expect(standingOf(await sourceOf(ns, source))?.uses).toMatchObject(
      [second, third].map(({ metadata }) => ({ request: metadata.name, uid: metadata.uid })),
    );
    const fourth = await asks(ns, run('fourth'));
    await ns.decide(await bobOf(ns), 'Approve', [fourth]);
    await ns.requestIn('Completed', fourth.metadata.name);
  });

  test('is used once though many runs want its last place at the same time', async ({ ns }) => {
    await ns.policy('pay', lasting);
    const source = await agreed(ns, { runs: 1, duration: '30m' });
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const all = await Promise.all(names.map((name) => heldJob(ns, run(name))));
    const settledOrAsked = await Promise.all(
      all.map(({ asked }) =>
        ns.request(asked.metadata.name, 'asked about or done', (r) => ['Reviewing', 'Completed'].includes(r.status?.phase ?? '')),
      ),
    );
    // Who is asked about now stays so: the place was taken before they were looked at, and everybody looks at it once more when it is.
    await until('one of them to be covered', async () =>
      (standingOf(await sourceOf(ns, source))?.uses.length ?? 0) > 0 ? true : undefined,
    );
    const [use] = standingOf(await sourceOf(ns, source))?.uses ?? [];
    await ns.requestIn('Completed', use?.request ?? '');
    const others = settledOrAsked.filter(({ metadata }) => metadata.name !== use?.request);
    expect(others).toHaveLength(names.length - 1);
    for (const other of others) {
      const now = await ns.get<StoredRequest>(resources.approvalRequests, other.metadata.name);
      expect(now.status).toMatchObject({ phase: 'Reviewing' });
      expect(isSuspended(await ns.get(resources.jobs, now.spec.subject.resource?.name ?? ''))).toBe(true);
    }
    expect(standingOf(await sourceOf(ns, source))?.uses).toHaveLength(1);
  });

  test('does not cover what runs something else, says something else, or is another operation', async ({ ns }) => {
    await ns.policy('pay', lasting);
    const source = await agreed(ns, { runs: 3, duration: '30m' });
    await asks(ns, run('other-image', { image: 'registry.example/tool:2' }));
    await asks(ns, run('other-spec', { spec: { parallelism: 2 } }));
    await asks(ns, run('other-words', { metadata: { annotations: { ...annotations, 'countersign.dev/reason': 'just because' } } }));
    await asks(ns, run('other-operation', { metadata: { annotations: { 'countersign.dev/operation': 'weekly' } } }));
    expect(standingOf(await sourceOf(ns, source))?.uses).toEqual([]);
    await isCovered(ns, run('the-same', { metadata: { annotations, labels: { 'run-by': 'a-schedule' } } }), source);
  });

  test('is over when its time is', async ({ ns }) => {
    await ns.policy('pay', lasting);
    const source = await agreed(ns, { runs: 3, duration: '3s' });
    const end = Date.parse(standingOf(source)?.until ?? '');
    await until('its time to be over', () => Promise.resolve(Date.now() > end + 2_000 ? true : undefined));
    await asks(ns, run('late'));
    expect(standingOf(await sourceOf(ns, source))?.uses).toEqual([]);
  });

  test('is of no use once its policy has changed', async ({ ns }) => {
    await ns.policy('pay', lasting);
    const source = await agreed(ns, { runs: 3, duration: '30m' });
    await ns.changePolicy('pay', { standing: { maxRuns: 4, maxDuration: '1h' } });
    await asks(ns, run('after-change'));
    expect(standingOf(await sourceOf(ns, source))?.uses).toEqual([]);
  });

  test('is never more than the policy allows, and nothing where it allows none', async ({ ns }) => {
    await ns.policy('pay', lasting);
    const source = await agreed(ns, { runs: 100, duration: '30d' });
    expect(standingOf(source)?.runs).toBe(3);
    expect(Date.parse(standingOf(source)?.until ?? '') - Date.parse(source.status?.approvedAt ?? '')).toBe(3_600_000);
    await ns.changePolicy('pay', { standing: null });
    const { asked } = await heldJob(ns, run('second'));
    await ns.decide(await bobOf(ns), 'Approve', [asked], { standing: { runs: 1, duration: '30m' } });
    const done = await ns.requestIn('Completed', asked.metadata.name);
    expect(condition(done, 'Approved')?.reason).toBe('Approved');
    expect(standingOf(done)).toBeUndefined();
  });
});

describe.concurrent('a standing approval ends', () => {
  test('by the no of somebody whom a stage asks, and not by that of others', async ({ ns }) => {
    await ns.policy('pay', lasting);
    const source = await agreed(ns, { runs: 3, duration: '30m' });
    await isCovered(ns, run('second'), source);
    await ns.decide(await ns.as('mallory'), 'Reject', [source]).catch(() => undefined);
    await isCovered(ns, run('third'), source);
    await ns.decide(await ns.as('fiona', ['finance']), 'Reject', [source], { reason: 'enough' });
    const ended = await ns.request(source.metadata.name, 'ended', (r) => standingOf(r)?.revokedBy !== undefined);
    expect(standingOf(ended)).toMatchObject({ revokedBy: 'fiona', runs: 3 });
    expect(condition(ended, 'Approved')).toMatchObject({ status: 'True', reason: 'Approved' });
    expect(ended.status?.phase).toBe('Completed');
    await asks(ns, run('fourth'));
  });

  test('by its requester, who cancels it; what has run is left alone', async ({ ns }) => {
    await ns.policy('pay', lasting);
    const source = await agreed(ns, { runs: 3, duration: '30m' });
    const cancel = async (who: string) =>
      patch(ns, await ns.as(who), resources.approvalRequests, source.metadata.name, { spec: { cancelled: true } });
    await expect(cancel('mallory')).rejects.toSatisfy(isForbidden);
    await cancel('alice');
    const ended = await ns.request(source.metadata.name, 'ended', (r) => standingOf(r)?.revokedBy !== undefined);
    expect(standingOf(ended)?.revokedBy).toBe('alice');
    expect(ended.status?.phase).toBe('Completed');
    await asks(ns, run('second'));
  });
});

describe.concurrent('nobody stands for themselves', () => {
  test('by running what they agreed to for somebody else', async ({ ns }) => {
    await ns.policy('pay', lasting);
    const source = await agreed(ns, { runs: 3, duration: '30m' });
    const bob = await bobOf(ns);
    const own = await ns.requestOf(await bob.create(resources.jobs, ns.name, run('for-myself')));
    await ns.requestIn('Reviewing', own.metadata.name);
    await isCovered(ns, run('for-alice'), source);
    const still = await ns.get<StoredRequest>(resources.approvalRequests, own.metadata.name);
    expect(still.status).toMatchObject({ phase: 'Reviewing' });
    expect(isSuspended(await ns.get(resources.jobs, 'for-myself'))).toBe(true);
    await ns.decide(await ns.as('fiona', ['finance']), 'Approve', [own]);
    await ns.requestIn('Completed', own.metadata.name);
  });

  test('by agreeing to their own request', async ({ ns }) => {
    await ns.policy('pay', lasting);
    const bob = await bobOf(ns);
    const own = await ns.requestOf(await bob.create(resources.jobs, ns.name, run('first')));
    const agreeing = ns.decide(bob, 'Approve', [own], { standing: { runs: 1, duration: '30m' } });
    await expect(agreeing).rejects.toThrow(/may not approve|themselves|requester/i);
    await asks(ns, run('second'));
  });

  test('also where a rule asks more people about others', async ({ ns }) => {
    const strict = { ...oneOf('security', { group: 'security' }), when: "!('dev' in requester.groups)" };
    await ns.policy('pay', { ...lasting, stages: [...lasting.stages, strict] });
    const ofDev = await ns.as('dora', ['dev']);
    const first = await ns.requestOf(await ofDev.create(resources.jobs, ns.name, run('first')));
    await ns.decide(await bobOf(ns), 'Approve', [first], { standing: { runs: 3, duration: '30m' } });
    const source = await ns.requestIn('Completed', first.metadata.name);
    const other = await asks(ns, run('by-alice'));
    expect(other.status?.stages.map((s) => [s.name, s.state])).toEqual([
      ['finance', 'Active'],
      ['security', 'Waiting'],
    ]);
    const again = await ns.requestOf(await ofDev.create(resources.jobs, ns.name, run('by-dora')));
    expect((await ns.requestIn('Completed', again.metadata.name)).status?.approvedUnder).toBe(source.metadata.name);
  });
});

describe.concurrent('a standing approval of an operation', () => {
  test('covers the next GovernedJob of the same, and not one that does something else', async ({ ns }) => {
    await ns.policy('pay', { ...lasting, match: matchGovernedJobs });
    const alice = await ns.as('alice');
    const first = await ns.requestOf(await alice.create(resources.governedJobs, ns.name, governedJob('first')));
    await ns.decide(await bobOf(ns), 'Approve', [first], { standing: { runs: 2, duration: '30m' } });
    await ns.phase(resources.governedJobs, 'first', 'Succeeded');
    await alice.create(resources.governedJobs, ns.name, governedJob('second'));
    await ns.phase(resources.governedJobs, 'second', 'Succeeded');
    const [covered] = await ns.requestsOf(await ns.get(resources.governedJobs, 'second'));
    expect(covered?.status?.approvedUnder).toBe(first.metadata.name);
    const other = await alice.create(resources.governedJobs, ns.name, governedJob('third', { parameters: { amount: 1_000_000 } }));
    const asked = await ns.requestOf(other);
    expect((await ns.requestIn('Reviewing', asked.metadata.name)).status?.approvedUnder).toBeUndefined();
    const source = await sourceOf(ns, first);
    expect(standingOf(source)).toMatchObject({ covers: 'operation migrate', uses: [{ request: covered?.metadata.name }] });
  });
});
