import { describe, expect } from 'vitest';
import { isForbidden } from '../../../operator/kube/client/apiError.ts';
import { test } from '../../fixtures/inNamespace.ts';
import {
  always,
  condition,
  hasEnded,
  isSuspended,
  isTrue,
  job,
  matchGovernedJobs,
  governedJob,
  matchJobs,
  matchRequests,
  oneOf,
  request,
  resources,
  until,
  type StoredRequest,
  type TestNamespace,
} from '../../fixtures/world.ts';
import { bobOf, financeAgrees, heldJob } from './support.ts';

const securityAgrees = { match: matchJobs, stages: [oneOf('security', { group: 'security' })] };
const samOf = (ns: TestNamespace) => ns.as('sam', ['security']);

/** Policies and stages as the status lists them: `pay@2 now` is the policy of generation 2 as it is now. */
const listedPolicies = (r: StoredRequest): string[] =>
  (r.status?.policies ?? []).map((p) => `${p.name}@${p.generation} ${p.asSubmitted ? 'submitted' : 'now'}`).sort();
const listedStages = (r: StoredRequest): string[] =>
  (r.status?.stages ?? []).map((s) => `${s.name} ${s.asSubmitted ? 'submitted' : 'now'} ${s.state}`).sort();

/** A request of alice's in her own name, once it says something. */
async function requested(ns: TestNamespace, name: string, spec: object): Promise<StoredRequest> {
  await (await ns.as('alice')).create(resources.approvalRequests, ns.name, request(name, spec));
  return ns.request(name, 'looked at', (r) => r.status?.conditions !== undefined);
}

/** That what is open now stays open: something else is asked and let go meanwhile, after it. */
async function staysOpen(ns: TestNamespace, name: string): Promise<StoredRequest> {
  const other = await ns.requestOf(
    await (await ns.as('alice')).create(resources.jobs, ns.name, { ...job(''), metadata: { generateName: 'other-' } }),
  );
  for (const who of [await bobOf(ns), await samOf(ns)]) await ns.decide(who, 'Approve', [other]).catch(() => undefined);
  await ns.requestIn('Completed', other.metadata.name);
  const found = await ns.get<StoredRequest>(resources.approvalRequests, name);
  expect(isTrue(found, 'Settled')).toBe(false);
  return found;
}

/** Waits until Jobs are governed no more. Until the API server has taken that up, which takes it a second, they are held or refused. */
function newJobsAreFree(ns: TestNamespace): Promise<true> {
  return until('a new Job to run at once', async () => {
    const create = (await ns.as('alice')).create(resources.jobs, ns.name, { ...job(''), metadata: { generateName: 'free-' } });
    const made = await create.catch((error: unknown) => {
      if (isForbidden(error) && String(error).includes('did not arrive held')) return undefined;
      throw error;
    });
    return made === undefined || isSuspended(made) ? undefined : true;
  });
}

describe.concurrent('several policies that match are joined', () => {
  test('every stage of each must be satisfied, those of the namespace and those of the cluster', async ({ ns }) => {
    await Promise.all([ns.policy('pay', financeAgrees), ns.clusterPolicy(`${ns.name}-secure`, securityAgrees)]);
    const { made, asked } = await heldJob(ns, job('wire'));
    expect(Object.keys(made.metadata.annotations ?? {})).toEqual(
      expect.arrayContaining([`policy.countersign.dev/${ns.name}.pay`, `policy.countersign.dev/cluster_.${ns.name}-secure`]),
    );
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    const half = await ns.request(asked.metadata.name, 'half approved', (r) => r.status?.approvals === '1/2');
    expect(listedStages(half)).toEqual(['finance submitted Satisfied', 'security submitted Active']);
    expect(isSuspended(await ns.get(resources.jobs, 'wire'))).toBe(true);
    await ns.decide(await samOf(ns), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('one person counts in each of them', async ({ ns }) => {
    await Promise.all([ns.policy('one', financeAgrees), ns.policy('two', financeAgrees)]);
    const { asked } = await heldJob(ns, job('wire'));
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    expect((await ns.requestIn('Completed', asked.metadata.name)).status?.approvals).toBe('2/2');
  });

  test('the shortest timeout wins, that of the request included', async ({ ns }) => {
    await Promise.all([ns.policy('long', { ...financeAgrees, timeout: '48h' }), ns.policy('short', { ...financeAgrees, timeout: '30m' })]);
    const waits = ({ status }: StoredRequest): number => Date.parse(status?.expiresAt ?? '') - Date.parse(status?.submittedAt ?? '');
    expect(waits((await heldJob(ns, job('wire'))).asked)).toBe(30 * 60_000);
    const shorter = job('shorter', { metadata: { annotations: { 'countersign.dev/timeout': '5m' } } });
    expect(waits((await heldJob(ns, shorter)).asked)).toBe(5 * 60_000);
    const longer = job('longer', { metadata: { annotations: { 'countersign.dev/timeout': '72h' } } });
    expect(waits((await heldJob(ns, longer)).asked)).toBe(30 * 60_000);
  });

  test('auto-approval needs every one of them', async ({ ns }) => {
    await Promise.all([ns.policy('small', { match: matchJobs, autoApprove: always }), ns.policy('pay', financeAgrees)]);
    const { asked } = await heldJob(ns, job('wire'));
    expect(asked.status?.phase).toBe('Reviewing');
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    const done = await ns.requestIn('Completed', asked.metadata.name);
    expect(condition(done, 'Approved')?.reason).toBe('Approved');
  });

  test('all that agree on their own let a Job run without asking anybody', async ({ ns }) => {
    const small = { match: matchJobs, autoApprove: always };
    await Promise.all([ns.policy('one', small), ns.policy('two', { ...small, stages: financeAgrees.stages })]);
    const { asked } = await heldJob(ns, job('wire'));
    const done = await ns.requestIn('Completed', asked.metadata.name);
    expect(condition(done, 'Approved')).toMatchObject({ status: 'True', reason: 'AutoApproved' });
    expect(done.status?.policies.map((p) => p.autoApproves)).toEqual(['always', 'always']);
    expect(done.status?.stages.map((s) => s.state)).toEqual(['Skipped']);
  });
});

describe.concurrent('a policy that is changed while a request is open', () => {
  test('to be stricter bites at once: it must be satisfied as it was and as it is', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { asked } = await heldJob(ns, job('wire'));
    await ns.changePolicy('pay', { stages: [oneOf('finance', { group: 'finance' }), oneOf('security', { group: 'security' })] });
    const joined = await ns.request(asked.metadata.name, 'asked by both', (r) => r.status?.policies.length === 2);
    expect(listedPolicies(joined)).toEqual(['pay@1 submitted', 'pay@2 now']);
    expect(listedStages(joined)).toEqual(['finance now Active', 'finance submitted Active', 'security now Waiting']);
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.request(asked.metadata.name, 'approved by bob', (r) => r.status?.approvals === '2/3');
    expect(isSuspended(await ns.get(resources.jobs, 'wire'))).toBe(true);
    await ns.decide(await samOf(ns), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('to be looser helps only new requests', async ({ ns }) => {
    await ns.policy('pay', { match: matchJobs, stages: [...financeAgrees.stages, ...securityAgrees.stages] });
    const { asked } = await heldJob(ns, job('wire'));
    await ns.changePolicy('pay', { stages: financeAgrees.stages });
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    const open = await ns.request(asked.metadata.name, 'approved by bob', (r) => r.status?.approvals === '2/3');
    expect(listedStages(open)).toEqual(['finance now Satisfied', 'finance submitted Satisfied', 'security submitted Active']);
    await staysOpen(ns, asked.metadata.name);
    await ns.decide(await samOf(ns), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('to agree on its own approves nothing that was there before', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { asked } = await heldJob(ns, job('wire'));
    await ns.changePolicy('pay', { autoApprove: always, stages: null });
    const open = await staysOpen(ns, asked.metadata.name);
    expect(listedStages(open)).toEqual(['finance submitted Active']);
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('not to match any more helps only new requests', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { asked } = await heldJob(ns, job('wire'));
    await ns.changePolicy('pay', { match: matchGovernedJobs });
    await newJobsAreFree(ns);
    expect(isTrue(await ns.get<StoredRequest>(resources.approvalRequests, asked.metadata.name), 'Settled')).toBe(false);
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('or is deleted releases nothing: those who were asked must still agree', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const { asked } = await heldJob(ns, job('wire'));
    await ns.admin.delete(resources.approvalPolicies, { namespace: ns.name, name: 'pay' });
    await newJobsAreFree(ns);
    expect(isSuspended(await ns.get(resources.jobs, 'wire'))).toBe(true);
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });

  test('and another that comes later is joined', async ({ ns }) => {
    await ns.policy('asks', { ...financeAgrees, match: matchRequests });
    const asked = await requested(ns, 'wire', {});
    await ns.policy('later', { ...securityAgrees, match: matchRequests });
    const joined = await ns.request('wire', 'asked by both', (r) => r.status?.policies.length === 2);
    expect(listedPolicies(joined)).toEqual(['asks@1 submitted', 'later@1 now']);
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.request('wire', 'half approved', (r) => r.status?.approvals === '1/2');
    await ns.decide(await samOf(ns), 'Approve', [asked]);
    await ns.requestIn('Approved', 'wire');
  });
});

describe.concurrent('a policy', () => {
  test('can be applied by kubectl apply --server-side, again and again, as GitOps does', async ({ ns }) => {
    const stages = [oneOf('finance', { group: 'finance' }, { user: 'cfo' }, { serviceAccount: { namespace: 'ci', name: 'bot' } })];
    const object = {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'ApprovalPolicy',
      metadata: { name: 'pay' },
      spec: { match: matchJobs, stages },
    };
    const apply = (spec: object) =>
      ns.admin.patch(
        resources.approvalPolicies,
        { namespace: ns.name, name: 'pay' },
        { ...object, spec },
        { type: 'apply', fieldManager: 'gitops' },
      );
    await apply(object.spec);
    const enforced = await ns.enforced('pay');
    expect((await apply(object.spec)).metadata.generation).toBe(enforced.metadata.generation);
    await apply({ match: matchJobs, stages: [oneOf('finance', { group: 'finance' })] });
    const changed = (await ns.enforced('pay'))['spec'] as typeof object.spec;
    expect(changed.stages).toMatchObject([{ require: [{ from: [{ group: 'finance' }] }] }]);
  });
});

describe.concurrent('policyRef', () => {
  test('adds a policy that does not match', async ({ ns }) => {
    await ns.policy('asks', { ...financeAgrees, match: matchRequests });
    await ns.policy('extra', { ...securityAgrees, match: [{ ...matchRequests[0], operations: ['never'] }] });
    const asked = await requested(ns, 'wire', { policyRef: { kind: 'ApprovalPolicy', name: 'extra' } });
    expect(listedPolicies(asked)).toEqual(['asks@1 submitted', 'extra@1 submitted']);
    for (const who of [await bobOf(ns), await samOf(ns)]) await ns.decide(who, 'Approve', [asked]);
    await ns.requestIn('Approved', 'wire');
  });

  test('adds a policy of the cluster that does not match', async ({ ns }) => {
    const name = `${ns.name}-extra`;
    await ns.policy('asks', { ...financeAgrees, match: matchRequests });
    await ns.clusterPolicy(name, { ...securityAgrees, match: [{ ...matchRequests[0], operations: ['never'] }] });
    const asked = await requested(ns, 'wire', { policyRef: { kind: 'ClusterApprovalPolicy', name } });
    expect(asked.status?.policies.map((p) => [p.kind, p.name]).sort()).toEqual([
      ['ApprovalPolicy', 'asks'],
      ['ClusterApprovalPolicy', name],
    ]);
    for (const who of [await bobOf(ns), await samOf(ns)]) await ns.decide(who, 'Approve', [asked]);
    await ns.requestIn('Approved', 'wire');
  });

  test('of a policy that does not exist holds, and says which', async ({ ns }) => {
    await ns.policy('asks', { match: matchRequests, autoApprove: always });
    const asked = await requested(ns, 'wire', { policyRef: { kind: 'ApprovalPolicy', name: 'missing' } });
    expect(condition(asked, 'PolicyMatched')).toMatchObject({ status: 'False', reason: 'NoPolicy' });
    expect(condition(asked, 'PolicyMatched')?.message).toContain('missing');
    expect(condition(asked, 'Approved')).toMatchObject({ status: 'Unknown' });
    expect(asked.status?.phase).toBe('Submitted');
    await ns.policy('missing', { ...financeAgrees, match: [{ ...matchRequests[0], operations: ['never'] }] });
    await ns.decide(await bobOf(ns), 'Approve', [await ns.requestIn('Reviewing', 'wire')]);
    await ns.requestIn('Approved', 'wire');
  });
});

describe.concurrent('the stages that a request itself asks for', () => {
  test('are added to what the policies ask, never instead', async ({ ns }) => {
    await ns.policy('asks', { ...financeAgrees, match: matchRequests });
    const asked = await requested(ns, 'wire', { stages: [oneOf('peer', { user: 'peter' })] });
    expect(asked.status?.stages.map((s) => [s.name, s.policy?.name])).toEqual([
      ['finance', 'asks'],
      ['peer', undefined],
    ]);
    await ns.decide(await ns.as('peter'), 'Approve', [asked]);
    await ns.request('wire', 'half approved', (r) => r.status?.approvals === '1/2');
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.requestIn('Approved', 'wire');
  });

  test('are asked even where a policy agrees on its own', async ({ ns }) => {
    await ns.policy('asks', { match: matchRequests, autoApprove: always });
    const asked = await requested(ns, 'wire', { stages: [oneOf('peer', { user: 'peter' })] });
    expect(isTrue(asked, 'Settled')).toBe(false);
  });

  test('alone, with no policy, approve nothing', async ({ ns }) => {
    const asked = await requested(ns, 'wire', { stages: [oneOf('peer', { user: 'peter' })] });
    expect(condition(asked, 'PolicyMatched')).toMatchObject({ status: 'False', reason: 'NoPolicy' });
    await ns.decide(await ns.as('peter'), 'Approve', [asked]).catch(() => undefined);
    const still = await ns.request('wire', 'still open', (r) => r.status !== undefined);
    expect(isTrue(still, 'Settled')).toBe(false);
  });
});

describe.concurrent('where nobody could say yes', () => {
  test('because no policy applies, a request holds: PolicyMatched is False, reason NoPolicy', async ({ ns }) => {
    const asked = await requested(ns, 'wire', {});
    expect(condition(asked, 'PolicyMatched')).toMatchObject({ status: 'False', reason: 'NoPolicy' });
    expect(condition(asked, 'Approved')).toMatchObject({ status: 'Unknown', reason: 'NoPolicy' });
    expect(asked.status?.phase).toBe('Submitted');
  });

  test('because no policy applies, a GovernedJob holds', async ({ ns }) => {
    await (await ns.as('alice')).create(resources.governedJobs, ns.name, governedJob('nightly'));
    const seen = await ns.phase(resources.governedJobs, 'nightly', 'AwaitingApproval');
    const [asked] = await ns.requestsOf(seen);
    const open = await ns.request(asked?.metadata.name ?? '', 'looked at', (r) => condition(r, 'PolicyMatched') !== undefined);
    expect(condition(open, 'PolicyMatched')).toMatchObject({ status: 'False', reason: 'NoPolicy' });
  });

  test('because the policy asks nobody and approves nothing, a Job holds: Approved is Unknown, reason NobodyAsked', async ({ ns }) => {
    await ns.policy('empty', { match: matchJobs });
    const { asked } = await heldJob(ns, job('wire'));
    expect(condition(asked, 'Approved')).toMatchObject({ status: 'Unknown', reason: 'NobodyAsked' });
    expect(asked.status?.phase).toBe('Submitted');
    expect(hasEnded(await ns.get(resources.jobs, 'wire'))).toBe(false);
  });
});
