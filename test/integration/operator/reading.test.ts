import { describe, expect } from 'vitest';
import { kubectl } from '../../fixtures/kubectl.ts';
import { test } from '../../fixtures/inNamespace.ts';
import {
  always,
  condition,
  conditionsOf,
  governedJob,
  job,
  matchJobs,
  request,
  resources,
  until,
  type StoredRequest,
  type TestNamespace,
} from '../../fixtures/world.ts';
import { bobOf, financeAgrees, heldJob, patch } from './support.ts';

/** Every state of a request that the API server tells, until it is in that phase. */
async function statesUntil(ns: TestNamespace, name: string, phase: string): Promise<StoredRequest[]> {
  const seen: StoredRequest[] = [];
  const options = { namespace: ns.name, fieldSelector: `metadata.name=${name}` };
  for await (const event of ns.admin.watch(resources.approvalRequests, options)) {
    const object = event.object as StoredRequest;
    if (object.status !== undefined) seen.push(object);
    if (object.status?.phase === phase) break;
  }
  return seen;
}

const statuses = (of: StoredRequest | undefined): Record<string, string> =>
  Object.fromEntries((of === undefined ? [] : conditionsOf(of)).map((c) => [c.type, `${c.status} ${c.reason}`]));

describe.concurrent('the status of a request', () => {
  test('goes from Reviewing over Approved and Applying to Completed, with conditions that say the same', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { asked } = await heldJob(ns, job('wire', { podAnnotations: { 'kwok.countersign.dev/delay': '6s' } }));
    const states = statesUntil(ns, asked.metadata.name, 'Completed');
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    const seen = await states;
    expect([...new Set(seen.map((s) => s.status?.phase))]).toEqual(['Reviewing', 'Approved', 'Applying', 'Completed']);
    const at = (phase: string) => statuses(seen.find((s) => s.status?.phase === phase));
    const told = { Valid: 'True Accepted', PolicyMatched: 'True PoliciesMatched' };
    expect(at('Reviewing')).toMatchObject({
      ...told,
      Approved: 'Unknown Reviewing',
      Released: 'False Held',
      Reconciling: 'True Reviewing',
    });
    expect(at('Reviewing')).not.toHaveProperty('Settled');
    const settled = { Approved: 'True Approved', Settled: 'True Settled' };
    expect(at('Approved')).toMatchObject({ ...told, ...settled, Released: 'False Held', Reconciling: 'True Held' });
    expect(at('Applying')).toMatchObject({
      ...told,
      ...settled,
      Released: 'True Released',
      Completed: 'False Running',
      Ready: 'True Approved',
    });
    expect(at('Completed')).toMatchObject({
      ...told,
      ...settled,
      Released: 'True Released',
      Completed: 'True Succeeded',
      Ready: 'True Approved',
    });
    for (const state of seen) {
      expect(state.status?.observedGeneration).toBe(state.metadata.generation);
      const kstatus = ['Ready', 'Reconciling', 'Stalled'].filter((type) => condition(state, type)?.status === 'True');
      expect(kstatus).toHaveLength(1);
      for (const { message, lastTransitionTime } of conditionsOf(state)) {
        expect(message).toMatch(/^[A-Z].*\.$/);
        expect(Date.parse(lastTransitionTime)).not.toBeNaN();
      }
    }
  });

  test('says who is waited for, and how many approvals there are of how many', async ({ ns }) => {
    const from = [{ group: 'finance' }, { user: 'cfo' }];
    await ns.policy('pay', { match: matchJobs, stages: [{ name: 'money', require: [{ count: 2, from }] }] });
    const { asked } = await heldJob(ns, job('wire'));
    expect(condition(asked, 'Approved')?.message).toBe('Waiting for 2 of group finance or user cfo (stage money).');
    expect(asked.status?.approvals).toBe('0/2');
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    const half = await ns.request(asked.metadata.name, 'half approved', (r) => r.status?.approvals === '1/2');
    expect(condition(half, 'Approved')?.message).toBe('Waiting for 1 of group finance or user cfo (stage money).');
    expect(half.status?.stages[0]).toMatchObject({
      name: 'money',
      state: 'Active',
      approvals: 1,
      required: 2,
      require: [{ approvedBy: ['bob'] }],
    });
  });
});

describe.concurrent('kubectl', () => {
  const outcomes: [string, string, (ns: TestNamespace, asked: StoredRequest) => Promise<unknown>][] = [
    ['approved', 'Completed', async (ns, asked) => ns.decide(await bobOf(ns), 'Approve', [asked])],
    ['rejected', 'Rejected', async (ns, asked) => ns.decide(await bobOf(ns), 'Reject', [asked])],
    [
      'cancelled',
      'Cancelled',
      async (ns, { metadata }) => patch(ns, await ns.as('alice'), resources.approvalRequests, metadata.name, { spec: { cancelled: true } }),
    ],
    ['deleted', 'Cancelled', async (ns) => (await ns.as('alice')).delete(resources.jobs, { namespace: ns.name, name: 'wire' })],
  ];
  test.for(outcomes)('wait --for=condition=Settled comes back when the Job is %s', async ([, phase, act], { ns }) => {
    await ns.policy('pay', financeAgrees);
    const { asked } = await heldJob(ns, job('wire'));
    const carol = await ns.kubeconfig('carol');
    const wait = kubectl(ns.cluster.kubectl, carol, waitFor('Settled', asked, ns));
    await act(ns, asked);
    expect(await wait).toMatchObject({ code: 0, stdout: `approvalrequest.countersign.dev/${asked.metadata.name} condition met\n` });
    await ns.requestIn(phase, asked.metadata.name);
  });

  test('wait --for=condition=Settled comes back when the request expires', async ({ ns }) => {
    await ns.policy('pay', { ...financeAgrees, timeout: '3s' });
    const { asked } = await heldJob(ns, job('wire'));
    const ran = await kubectl(ns.cluster.kubectl, await ns.kubeconfig('carol'), waitFor('Settled', asked, ns));
    expect(ran.code).toBe(0);
    expect((await ns.requestIn('Expired', asked.metadata.name)).status?.phase).toBe('Expired');
  });

  test('wait --for=condition=Approved comes back on a yes', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { asked } = await heldJob(ns, job('wire'));
    const wait = kubectl(ns.cluster.kubectl, await ns.kubeconfig('carol'), waitFor('Approved', asked, ns));
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    expect((await wait).code).toBe(0);
  });

  test('get shows phase, approvals, requester, policy and age, and knows the short names and the category', async ({ ns }) => {
    await ns.policy('pay', {
      ...financeAgrees,
      match: [...matchJobs, { apiGroups: ['countersign.dev'], kinds: ['GovernedJob', 'ApprovalRequest'] }],
    });
    const { asked } = await heldJob(ns, job('wire'));
    const alice = await ns.as('alice');
    await alice.create(resources.governedJobs, ns.name, governedJob('nightly'));
    await ns.phase(resources.governedJobs, 'nightly', 'AwaitingApproval');
    await alice.create(resources.approvalRequests, ns.name, request('outside'));
    await ns.decide(await bobOf(ns), 'Comment', [asked]);
    const carol = await ns.kubeconfig('carol');
    const get = async (what: string, who = carol): Promise<string[][]> => {
      const { code, stdout, stderr } = await kubectl(ns.cluster.kubectl, who, ['get', what, '-n', ns.name]);
      expect(code, stderr).toBe(0);
      return stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/\s{2,}/));
    };
    const requests = await get('areq');
    expect(requests[0]).toEqual(['NAME', 'PHASE', 'APPROVALS', 'REQUESTER', 'POLICY', 'AGE']);
    expect(requests.find(([name]) => name === asked.metadata.name)?.slice(1, 5)).toEqual(['Reviewing', '0/1', 'alice', 'pay']);
    expect((await get('gjob')).map((row) => row.slice(0, 3))).toEqual([
      ['NAME', 'PHASE', 'OPERATION'],
      ['nightly', 'AwaitingApproval', 'migrate'],
    ]);
    expect((await get('adec')).at(1)).toContain('Comment');
    expect((await get('apol')).at(1)).toContain('pay');
    // The category has a kind of the cluster in it.
    const all = (await get('countersign', ns.cluster.adminKubeconfig)).flat().join(' ');
    for (const kind of ['approvalrequest', 'approvaldecision', 'governedjob', 'approvalpolicy'])
      expect(all).toContain(`${kind}.countersign.dev/`);
  });
});

const waitFor = (type: string, { metadata }: StoredRequest, ns: TestNamespace): string[] => [
  'wait',
  `--for=condition=${type}`,
  `areq/${metadata.name}`,
  '-n',
  ns.name,
  '--timeout=60s',
];

describe.concurrent('Events on a Job', () => {
  const eventually = (ns: TestNamespace, of: { metadata: { uid: string } }, count: number): Promise<string[]> =>
    until(`${count} Events`, async () => {
      const found = await ns.events(of);
      return found.length >= count ? found.sort() : undefined;
    });

  test('are two when it is approved: what it waits for, and who let it go', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { made, asked } = await heldJob(ns, job('wire'));
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
    expect(await eventually(ns, made, 2)).toEqual([
      `Held: Waiting for 1 of group finance (stage finance). See: kubectl approve why ${asked.metadata.name} -n ${ns.name}`,
      `Released: Released on the approval of bob (request ${asked.metadata.name}).`,
    ]);
  });

  test('are two when it is refused: what it waits for, and who said no', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { made, asked } = await heldJob(ns, job('wire'));
    await ns.decide(await bobOf(ns), 'Reject', [asked], { reason: 'too much' });
    await ns.requestIn('Rejected', asked.metadata.name);
    expect((await eventually(ns, made, 2)).map((e) => e.replace(/ See:.*/, ''))).toEqual([
      'Held: Waiting for 1 of group finance (stage finance).',
      'Rejected: Rejected by bob: too much',
    ]);
  });

  test('is one when it is approved on its own', async ({ ns }) => {
    await ns.policy('pay', { match: matchJobs, autoApprove: always });
    const { made, asked } = await heldJob(ns, job('wire'));
    await ns.requestIn('Completed', asked.metadata.name);
    expect(await eventually(ns, made, 1)).toEqual([
      `Released: Released without asking anybody, as its policy says (request ${asked.metadata.name}).`,
    ]);
  });
});
