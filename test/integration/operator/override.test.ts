import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, inject } from 'vitest';
import { test } from '../../fixtures/inNamespace.ts';
import { condition, matchJobs, oneOf, type StoredRequest, type TestNamespace, until } from '../../fixtures/world.ts';
import { counted, crew, eventsWith, heldFor, may, named, override, own, runs, says, stillHeld } from './overrides.ts';
import { bobOf, financeAgrees, listed, nextSecond } from './support.ts';

const day = 24 * 3_600_000;

/** A window of every year that begins at midnight, so many days from now. */
function yearly(daysFromNow: number, duration: string): object {
  const begin = new Date(Date.now() + daysFromNow * day);
  return { name: 'yearly', schedule: `0 0 ${begin.getUTCDate()} ${begin.getUTCMonth() + 1} *`, duration, timeZone: 'UTC' };
}

const frozenNow = { freeze: [yearly(-1, '72h')] };
const closedNow = { releaseWindows: [yearly(100, '1h')] };
const asksBob = (more: object = {}) => ({ match: matchJobs, stages: [oneOf('finance', { user: 'bob' })], ...more });

const overridden = (ns: TestNamespace, { metadata }: StoredRequest): Promise<StoredRequest> =>
  ns.request(metadata.name, 'overridden', (r) => r.status?.override !== undefined);

describe.concurrent('an override', () => {
  test('needs the verb by name: nobody has it by a wildcard, and the API server itself says so', async ({ ns }) => {
    await ns.policy('pay', asksBob());
    const { asked } = await heldFor(ns, 'wire');
    const refusal = 'Override takes the verb override on approvalrequests in namespace';
    await expect(override(ns, await own(ns, 'dan'), asked)).rejects.toThrow(refusal);
    const everything = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];
    await ns.grant('root', everything, [named(ns, 'rootling')]);
    await expect(override(ns, await own(ns, 'rootling'), asked)).rejects.toThrow(refusal);
    await expect(override(ns, ns.admin, asked)).rejects.toThrow(refusal);
    await ns.grant('narrower', may('*'), [named(ns, 'starling')]);
    await expect(override(ns, await own(ns, 'starling'), asked)).rejects.toThrow(refusal);
    expect(await stillHeld(ns, 'wire')).toBe(true);
  });

  test('needs a ticket, which says something', async ({ ns }) => {
    await ns.policy('pay', asksBob());
    const { eve, mia } = await crew(ns);
    const { asked } = await heldFor(ns, 'wire');
    await expect(says(ns, eve, 'Override', asked)).rejects.toThrow('an Override needs a ticket');
    await expect(override(ns, eve, asked, '')).rejects.toThrow('an Override needs a ticket');
    await expect(override(ns, eve, asked, '  ')).rejects.toThrow('an Override needs a ticket');
    await override(ns, mia, asked);
    expect(await stillHeld(ns, 'wire')).toBe(true);
  });

  test('is about one request, and counts for one of two that the same people override in one moment', async ({ ns }) => {
    await ns.policy('pay', asksBob());
    const { eve, mia } = await crew(ns);
    const names = ['first', 'second'];
    const asked = await Promise.all(names.map(async (name) => (await heldFor(ns, name)).asked));
    const requests = asked.map(({ metadata, status }) => ({ name: metadata.name, uid: metadata.uid, digest: status?.subjectDigest }));
    await expect(says(ns, eve, 'Override', asked[0]!, { ticket: 'INC-1', requests })).rejects.toThrow('an Override is about one request');

    for (const request of asked) await override(ns, eve, request);
    // Admission refuses the later one if it has heard of the earlier by then.
    await Promise.allSettled(asked.map((request) => override(ns, mia, request)));
    const held = () => Promise.all(names.map((name) => stillHeld(ns, name)));
    await until('one to be let go', async () => ((await held()).includes(false) ? true : undefined));
    await sleep(2_000);
    expect((await held()).filter(Boolean)).toHaveLength(1);
  });

  test('takes two people: one of them twice, or beside somebody who approves, is one', async ({ ns }) => {
    await ns.policy('pay', { match: matchJobs, stages: [oneOf('finance', { user: 'bob' }), oneOf('board', { user: 'carol' })] });
    const { eve, mia } = await crew(ns);
    const { made, asked } = await heldFor(ns, 'wire');
    const first = await override(ns, eve, asked);
    await nextSecond(ns, first);
    const again = await override(ns, eve, asked, 'INC-2');
    const agreed = await ns.decide(await ns.as('bob'), 'Approve', [asked]);
    for (const decision of [first, again, agreed]) expect(await listed(ns, asked.metadata.name, decision)).toMatchObject({ counted: true });
    const open = await ns.request(asked.metadata.name, 'half approved', (r) => r.status?.approvals === '1/2');
    expect(open.status).toMatchObject({ phase: 'Reviewing' });
    expect(condition(open, 'Approved')?.message).toContain(`${named(ns, 'eve')} overrides (INC-1); that takes a second person`);
    expect(await stillHeld(ns, 'wire')).toBe(true);

    await override(ns, mia, asked, 'INC-3');
    await runs(ns, 'wire');
    const done = await overridden(ns, asked);
    const by = [named(ns, 'eve'), named(ns, 'mia')];
    expect(done.status?.override).toMatchObject({ by, ticket: 'INC-1' });
    expect(condition(done, 'Approved')).toMatchObject({
      status: 'True',
      reason: 'Overridden',
      message: `Overridden by ${by.join(', ')}, ticket INC-1.`,
    });
    expect(condition(done, 'Reviewed')).toMatchObject({ status: 'False', reason: 'ReviewOwed' });
    const events = await eventsWith(ns, made, 'Overridden', 'Released');
    expect(events).toContain(`Overridden: ${by.join(' and ')} overrode the policies (ticket INC-1). Somebody else must review that.`);
    expect(events).toContain(`Released: Released by override of ${by.join(' and ')} (ticket INC-1) (request ${asked.metadata.name}).`);
    expect(await counted(ns, 'countersign_overrides_total', 'wire')).toBe(1);
  });

  test.for<[string, object]>([
    ['a freeze', frozenNow],
    ['a release window that is closed', closedNow],
  ])('releases at once in spite of %s, be it approved already or not', async ([, rule], { ns }) => {
    await ns.policy('pay', asksBob(rule));
    const { eve, mia, oda, kim } = await crew(ns);
    const open = await heldFor(ns, 'open');
    const approved = await heldFor(ns, 'approved');
    await ns.decide(await ns.as('bob'), 'Approve', [approved.asked]);
    const waiting = await ns.requestIn('Approved', approved.asked.metadata.name);
    expect(condition(waiting, 'Released')).toMatchObject({ status: 'False', reason: 'Frozen' });
    expect(waiting.status?.earliestRelease).toBeDefined();
    for (const name of ['open', 'approved']) expect(await stillHeld(ns, name)).toBe(true);

    for (const who of [eve, mia]) await override(ns, who, open.asked);
    // Whoever owes a review overrides nothing more.
    for (const who of [oda, kim]) await override(ns, who, approved.asked);
    for (const name of ['open', 'approved']) await runs(ns, name);
    for (const { asked } of [open, approved]) {
      const done = await overridden(ns, asked);
      expect(condition(done, 'Approved')).toMatchObject({ status: 'True', reason: 'Overridden' });
      expect(condition(done, 'Reviewed')).toMatchObject({ status: 'False', reason: 'ReviewOwed' });
      expect(done.status?.decisions.filter((d) => d.verdict === 'Override').map((d) => d.counted)).toEqual([true, true]);
    }
  });
});

describe.concurrent('the review that an override is owed', () => {
  test('keeps both who overrode from the next, until somebody else who may has reviewed it', async ({ ns }) => {
    await ns.policy('pay', asksBob());
    const { eve, mia, oda } = await crew(ns);
    const { made, asked } = await heldFor(ns, 'wire');
    for (const who of [eve, mia]) await override(ns, who, asked);
    await runs(ns, 'wire');
    const done = await ns.requestIn('Completed', asked.metadata.name);

    const next = await heldFor(ns, 'next');
    await nextSecond(ns, await override(ns, oda, next.asked));
    for (const [who, client] of [
      ['eve', eve],
      ['mia', mia],
    ] as const)
      await expect(override(ns, client, next.asked)).rejects.toThrow(
        `nobody has reviewed the override of ${ns.name}/${asked.metadata.name} by ${named(ns, who)} yet`,
      );
    for (const client of [eve, mia]) await expect(says(ns, client, 'Review', done)).rejects.toThrow('somebody else must review that');
    const stranger = await says(ns, await own(ns, 'dan'), 'Review', done);
    expect(await listed(ns, asked.metadata.name, stranger)).toMatchObject({ counted: false, ignoredBecause: 'NotQualified' });
    await expect(override(ns, eve, next.asked)).rejects.toThrow('nobody has reviewed the override');
    expect(await stillHeld(ns, 'next')).toBe(true);

    const review = await says(ns, await ns.as('bob'), 'Review', done, { reason: 'there was a fire' });
    expect(await listed(ns, asked.metadata.name, review)).toMatchObject({ verdict: 'Review', approver: 'bob', counted: true });
    const reviewed = await ns.request(asked.metadata.name, 'reviewed', (r) => r.status?.override?.reviewedBy !== undefined);
    expect(reviewed.status).toMatchObject({ phase: 'Completed', override: { reviewedBy: 'bob' } });
    expect(condition(reviewed, 'Reviewed')).toMatchObject({ status: 'True', reason: 'Reviewed' });
    // Of two who overrode in one second either may come first.
    const [by, and] = reviewed.status?.override?.by ?? [];
    expect(new Set([by, and])).toEqual(new Set([named(ns, 'eve'), named(ns, 'mia')]));
    expect(await eventsWith(ns, made, 'OverrideReviewed')).toContain(`OverrideReviewed: bob reviewed the override by ${by} and ${and}.`);
    expect(await counted(ns, 'countersign_override_reviews_total', 'wire')).toBe(1);
    await expect(says(ns, oda, 'Review', done)).rejects.toThrow('was reviewed by bob already');

    await override(ns, eve, next.asked);
    await runs(ns, 'next');
  });

  test('is counted while it is owed, and can be made however many comments came before', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { eve, mia } = await crew(ns);
    const { asked } = await heldFor(ns, 'wire');
    const dan = await own(ns, 'dan');
    for (const who of [eve, mia]) await override(ns, who, asked);
    const done = await ns.requestIn('Completed', asked.metadata.name);
    const owed = await (await fetch(`${inject('healthUrl')}/metrics`)).text();
    expect(Number(/^countersign_override_reviews_owed (\d+)$/m.exec(owed)?.[1])).toBeGreaterThan(0);
    await Promise.all(Array.from({ length: 100 }, () => ns.decide(dan, 'Comment', [done])));
    await ns.request(asked.metadata.name, 'full of comments', (r) => r.status?.decisions.length === 100);
    const review = await says(ns, await bobOf(ns), 'Review', done);
    expect(await listed(ns, asked.metadata.name, review)).toMatchObject({ counted: true });
  });
});
