import { describe, expect } from 'vitest';
import { annotations, labels } from '../../../crds/v1alpha1/index.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { test } from '../../fixtures/inNamespace.ts';
import { condition, hasEnded, isSuspended, isTrue, job, matchJobs, oneOf, resources, type TestNamespace } from '../../fixtures/world.ts';

const ask = { match: matchJobs, stages: [oneOf('finance', { group: 'finance' })] };
const running = { 'kwok.countersign.dev/delay': '600s' };

/** What alice created, and its request. */
async function held(ns: TestNamespace, object: object) {
  const made = await (await ns.as('alice')).create(resources.jobs, ns.name, object);
  return { made, asked: await ns.requestOf(made), bob: await ns.as('bob', ['finance']) };
}

/** Every state of an object that the API server tells, from now until it is what `last` says. */
async function history(ns: TestNamespace, from: KubeObject, last: (job: KubeObject) => boolean): Promise<KubeObject[]> {
  const seen: KubeObject[] = [];
  const options = {
    namespace: ns.name,
    resourceVersion: from.metadata.resourceVersion,
    fieldSelector: `metadata.name=${from.metadata.name}`,
  };
  for await (const { object } of ns.admin.watch(resources.jobs, options)) {
    seen.push(object);
    if (last(object)) break;
  }
  return seen;
}

describe.concurrent('a release', () => {
  test('writes suspend, the held label, the digest and the name of the request in one patch', async ({ ns }) => {
    await ns.policy('pay', ask);
    const { made, asked, bob } = await held(ns, job('wire'));
    const states = history(ns, made, (now) => now.metadata.labels?.[labels.held] === 'false');
    await ns.decide(bob, 'Approve', [asked]);
    const [before, after] = (await states).slice(-2);
    expect(before?.metadata.annotations).not.toHaveProperty([annotations.released]);
    expect(before !== undefined && isSuspended(before)).toBe(true);
    expect(after?.spec).toMatchObject({ suspend: false });
    expect(after?.metadata.annotations).toMatchObject({
      [annotations.released]: asked.status?.subjectDigest,
      [annotations.request]: asked.metadata.name,
    });
  });

  test('lets the Job run to its end, and the request follows it to Completed', async ({ ns }) => {
    await ns.policy('pay', ask);
    const { asked, bob } = await held(ns, job('wire'));
    await ns.decide(bob, 'Approve', [asked], { reason: 'legitimate' });
    const ended = await ns.eventually(resources.jobs, 'wire', 'over', hasEnded);
    expect(isTrue(ended, 'Complete')).toBe(true);
    const completed = await ns.requestIn('Completed', asked.metadata.name);
    expect(condition(completed, 'Completed')).toMatchObject({ status: 'True', reason: 'Succeeded' });
    expect(completed.status?.decisions).toMatchObject([
      { approver: 'bob', verdict: 'Approve', counted: true, reason: 'legitimate', via: 'Kubernetes' },
    ]);
  });

  test('of a Job that then fails says so', async ({ ns }) => {
    await ns.policy('pay', ask);
    const { asked, bob } = await held(ns, job('wire', { podAnnotations: { 'kwok.countersign.dev/outcome': 'fail' } }));
    await ns.decide(bob, 'Approve', [asked]);
    const completed = await ns.requestIn('Completed', asked.metadata.name);
    expect(condition(completed, 'Completed')).toMatchObject({ status: 'True', reason: 'Failed' });
    expect(condition(completed, 'Approved')).toMatchObject({ status: 'True', reason: 'Approved' });
  });

  test('lifts only our hold: what its author suspended stays suspended until somebody resumes it', async ({ ns }) => {
    await ns.policy('pay', ask);
    const { made, asked, bob } = await held(ns, job('wire', { spec: { suspend: true } }));
    expect(made.metadata.annotations?.[annotations.authorSuspended]).toBe('true');
    await ns.decide(bob, 'Approve', [asked]);
    const released = await ns.eventually(resources.jobs, 'wire', 'released', (now) => now.metadata.labels?.[labels.held] === 'false');
    expect(isSuspended(released)).toBe(true);
    expect((await ns.requestIn('Applying', asked.metadata.name)).status?.phase).toBe('Applying');
    const alice = await ns.as('alice');
    await alice.patch(resources.jobs, { namespace: ns.name, name: 'wire' }, { spec: { suspend: false } }, { type: 'merge' });
    expect(isTrue(await ns.eventually(resources.jobs, 'wire', 'over', hasEnded), 'Complete')).toBe(true);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('freezes what was approved: until it has ended its author may suspend and resume it, and change nothing else', async ({ ns }) => {
    await ns.policy('pay', ask);
    const { asked, bob } = await held(ns, job('wire', { podAnnotations: running }));
    await ns.decide(bob, 'Approve', [asked]);
    await ns.requestIn('Applying', asked.metadata.name);
    const alice = await ns.as('alice');
    const patch = (spec: object) => alice.patch(resources.jobs, { namespace: ns.name, name: 'wire' }, { spec }, { type: 'merge' });
    expect(isSuspended(await patch({ suspend: true }))).toBe(true);
    expect(isSuspended(await patch({ suspend: false }))).toBe(false);
    for (const change of [{ parallelism: 2 }, { backoffLimit: 9 }, { activeDeadlineSeconds: 1 }, { ttlSecondsAfterFinished: 1 }])
      await expect(patch(change)).rejects.toThrow(/was approved as it is: until it has ended, only suspend may change/);
  });
});

describe.concurrent('a request outlives its Job', () => {
  test('that is deleted while held: Cancelled, reason SubjectGone, settled', async ({ ns }) => {
    await ns.policy('pay', ask);
    const { asked } = await held(ns, job('wire'));
    await (await ns.as('alice')).delete(resources.jobs, { namespace: ns.name, name: 'wire' }, { propagationPolicy: 'Background' });
    const settled = await ns.requestIn('Cancelled', asked.metadata.name);
    expect(condition(settled, 'Approved')).toMatchObject({ status: 'False', reason: 'SubjectGone' });
    expect(isTrue(settled, 'Settled')).toBe(true);
  });

  test('that is deleted while it runs: Completed, reason SubjectGone', async ({ ns }) => {
    await ns.policy('pay', ask);
    const { asked, bob } = await held(ns, job('wire', { podAnnotations: running }));
    await ns.decide(bob, 'Approve', [asked]);
    await ns.requestIn('Applying', asked.metadata.name);
    await (await ns.as('alice')).delete(resources.jobs, { namespace: ns.name, name: 'wire' }, { propagationPolicy: 'Background' });
    const completed = await ns.requestIn('Completed', asked.metadata.name);
    expect(condition(completed, 'Completed')).toMatchObject({ status: 'True', reason: 'SubjectGone' });
  });

  test('that is deleted after it ended: the record stays as it was', async ({ ns }) => {
    await ns.policy('pay', { ...ask, stages: [oneOf('finance', { group: 'finance' })] });
    const { made, asked, bob } = await held(ns, job('wire', { spec: { ttlSecondsAfterFinished: 1 } }));
    await ns.decide(bob, 'Approve', [asked]);
    const completed = await ns.requestIn('Completed', asked.metadata.name);
    await ns.gone(resources.jobs, 'wire');
    const second = await held(ns, job('next'));
    // By the time that the next one is asked about, the deletion has been told too.
    expect(second.asked.metadata.name).not.toBe(asked.metadata.name);
    const [kept] = await ns.requestsOf(made);
    expect(kept?.status).toEqual(completed.status);
  });

  test('and who creates another of the same name is asked about anew: the old approval releases nothing', async ({ ns }) => {
    await ns.policy('pay', ask);
    const first = await held(ns, job('wire', { podAnnotations: running }));
    await ns.decide(first.bob, 'Approve', [first.asked]);
    await ns.requestIn('Applying', first.asked.metadata.name);
    await (await ns.as('alice')).delete(resources.jobs, { namespace: ns.name, name: 'wire' }, { propagationPolicy: 'Background' });
    await ns.gone(resources.jobs, 'wire');
    const second = await held(ns, job('wire', { podAnnotations: running }));
    expect(second.asked.metadata.name).not.toBe(first.asked.metadata.name);
    expect(second.asked.status).toMatchObject({ phase: 'Reviewing', approvals: '0/1', decisions: [] });
    expect(second.asked.status?.subjectDigest).not.toBe(first.asked.status?.subjectDigest);
    expect(isSuspended(await ns.get(resources.jobs, 'wire'))).toBe(true);
  });
});
