import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { condition, cronJob, hasEnded, isSuspended, resources, type TestNamespace } from '../../fixtures/world.ts';
import { controllerOf, run } from './cronJobRuns.ts';
import { bobOf, decidesInVain, financeAgrees, patch } from './support.ts';

const paused = { spec: { suspend: true } };

/** A CronJob whose template does not say who wrote it: as one that is older than the chart, or was written while nobody stamped. */
async function unstamped(ns: TestNamespace): Promise<KubeObject> {
  const cron = await (await ns.as('alice', ['finance'])).create(resources.cronJobs, ns.name, cronJob('nightly', paused));
  const { jobTemplate } = cron['spec'] as { jobTemplate: object };
  return { ...cron, spec: { jobTemplate: { ...jobTemplate, metadata: {} } } };
}

/** Who asks for the runs of CronJobs, the same in both hold modes. */
export function cronJobAuthorCases(inNamespace: (test: (ns: TestNamespace) => Promise<void>) => () => Promise<void>): void {
  describe.concurrent('the run of a CronJob whose template does not say who wrote it', () => {
    it(
      'waits for nobody, says so, and may be refused',
      inNamespace(async (ns) => {
        await ns.policy('pay', financeAgrees);
        const made = await run(ns, await controllerOf(ns), await unstamped(ns), 'first');
        const asked = await ns.requestOf(made);
        expect(asked.status?.requester).toBeUndefined();
        expect(condition(asked, 'Approved')).toMatchObject({ status: 'Unknown', reason: 'RequesterUnknown' });
        expect(condition(asked, 'Approved')?.message).toContain('the template of CronJob nightly does not say who wrote it');
        // Its author, and somebody else, who might be its author for all that is known.
        await decidesInVain(ns, await ns.as('alice', ['finance']), 'Approve', asked, 'Requester');
        await decidesInVain(ns, await bobOf(ns), 'Approve', asked, 'Requester');
        expect(isSuspended(await ns.get(resources.jobs, 'first'))).toBe(true);
        await ns.decide(await bobOf(ns), 'Reject', [asked]);
        const ended = await ns.eventually(resources.jobs, 'first', 'over', hasEnded);
        expect(condition(ended, 'Failed')).toMatchObject({ reason: 'ApprovalRejected' });
      }),
    );

    it(
      'is approved where the policy lets requesters approve',
      inNamespace(async (ns) => {
        await ns.policy('pay', { ...financeAgrees, separation: { requesterMayApprove: true } });
        const asked = await ns.requestOf(await run(ns, await controllerOf(ns), await unstamped(ns), 'first'));
        await ns.decide(await bobOf(ns), 'Approve', [asked]);
        await ns.requestIn('Completed', asked.metadata.name);
      }),
    );
  });

  it(
    'whoever writes the template once more asks for the next run of a CronJob, and somebody else approves it',
    inNamespace(async (ns) => {
      // Written where nobody is governed, and so in hold mode Webhook without a stamp.
      const alice = await ns.as('alice', ['finance']);
      await alice.create(resources.cronJobs, ns.name, cronJob('nightly', paused));
      await ns.policy('pay', financeAgrees);
      // As docs/concepts/held-jobs.md has it.
      const anew = { spec: { jobTemplate: { metadata: { annotations: { 'countersign.dev/requester': '' } } } } };
      const cron = await patch(ns, alice, resources.cronJobs, 'nightly', anew);
      const asked = await ns.requestOf(await run(ns, await controllerOf(ns), cron, 'first'));
      expect(asked.status?.requester?.username).toBe('alice');
      expect(condition(asked, 'Approved')?.reason).toBe('Reviewing');
      await decidesInVain(ns, alice, 'Approve', asked, 'Requester');
      await ns.decide(await bobOf(ns), 'Approve', [asked]);
      await ns.requestIn('Completed', asked.metadata.name);
    }),
  );

  describe.concurrent('a Job that somebody makes from a CronJob', () => {
    it(
      'is asked for by them, beside the run of the CronJob and not before it',
      inNamespace(async (ns) => {
        await ns.policy('pay', financeAgrees);
        const alice = await ns.as('alice', ['finance']);
        const cron = await alice.create(resources.cronJobs, ns.name, cronJob('nightly', paused));
        const byHand = await ns.requestOf(await run(ns, await ns.as('mallory'), cron, 'by-hand'));
        expect(byHand.status?.requester?.username).toBe('mallory');
        const first = await ns.requestOf(await run(ns, await controllerOf(ns), cron, 'first'));
        expect(first.status?.requester?.username).toBe('alice');
        const between = await ns.requestOf(await run(ns, await ns.as('mallory'), cron, 'by-hand-again'));
        // Looked at after it, so that it would have a request by now if it did not wait for the first.
        const second = await run(ns, await controllerOf(ns), cron, 'second');
        await ns.requestOf(await run(ns, await ns.as('mallory'), cron, 'last'));
        expect(await ns.requestsOf(second)).toEqual([]);
        expect(between.status?.phase).toBe('Reviewing');
      }),
    );

    it(
      'draws on no standing approval of the CronJob, whose runs do',
      inNamespace(async (ns) => {
        await ns.policy('pay', { ...financeAgrees, standing: { maxRuns: 5, maxDuration: '1h' } });
        const cron = await (await ns.as('alice')).create(resources.cronJobs, ns.name, cronJob('nightly', paused));
        const first = await ns.requestOf(await run(ns, await controllerOf(ns), cron, 'first'));
        await ns.decide(await bobOf(ns), 'Approve', [first], { standing: { runs: 1, duration: '30m' } });
        const source = await ns.requestIn('Completed', first.metadata.name);
        expect(source.status?.standing?.covers).toBe(`CronJob nightly (${cron.metadata.uid})`);
        const byHand = await ns.requestOf(await run(ns, await ns.as('mallory'), cron, 'by-hand'));
        expect(byHand.status?.phase).toBe('Reviewing');
        const second = await ns.requestOf(await run(ns, await controllerOf(ns), cron, 'second'));
        expect((await ns.requestIn('Completed', second.metadata.name)).status?.approvedUnder).toBe(first.metadata.name);
        expect((await ns.get<typeof byHand>(resources.approvalRequests, byHand.metadata.name)).status?.phase).toBe('Reviewing');
      }),
    );
  });
}
