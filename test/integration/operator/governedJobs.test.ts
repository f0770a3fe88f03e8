import { describe, expect } from 'vitest';
import { annotations, labels } from '../../../crds/v1alpha1/index.ts';
import { governedJobName } from '../../../operator/core/subject.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { test } from '../../fixtures/inNamespace.ts';
import {
  always,
  condition,
  governedJob,
  hasEnded,
  isSuspended,
  isTrue,
  job,
  matchGovernedJobs,
  matchJobs,
  oneOf,
  resources,
  statusOf,
  until,
  type StoredRequest,
  type TestNamespace,
} from '../../fixtures/world.ts';
import { bobOf, patch, runsOn } from './support.ts';

const asks = { match: matchGovernedJobs, stages: [oneOf('finance', { group: 'finance' })] };

interface Governed {
  readonly made: KubeObject;
  readonly asked: StoredRequest;
  readonly jobName: string;
}

/** What alice created, once it waits for approval. */
async function governed(ns: TestNamespace, object: object): Promise<Governed> {
  const made = await (await ns.as('alice', ['dev'])).create(resources.governedJobs, ns.name, object);
  const waiting = await ns.phase(resources.governedJobs, made.metadata.name, 'AwaitingApproval');
  return { made, asked: await ns.requestOf(made), jobName: (statusOf(waiting)?.['job'] as { name: string }).name };
}

const approve = async (ns: TestNamespace, { asked }: Governed) => ns.decide(await bobOf(ns), 'Approve', [asked]);
const phase = (ns: TestNamespace, which: string) => ns.phase(resources.governedJobs, 'nightly', which);
const jobsOf = async (ns: TestNamespace): Promise<KubeObject[]> => (await ns.admin.list(resources.jobs, { namespace: ns.name })).items;

describe.concurrent('a GovernedJob', () => {
  test('has its Job at once: suspended, held, owned by it, in the name of its author', async ({ ns }) => {
    await ns.policy('asks', asks);
    const metadata = { labels: { team: 'db' }, annotations: { note: 'hello' } };
    const { spec } = governedJob('nightly') as { spec: { jobTemplate: object } };
    const { made, asked, jobName } = await governed(ns, governedJob('nightly', { jobTemplate: { ...spec.jobTemplate, metadata } }));
    const stored = await ns.get(resources.jobs, jobName);
    expect(isSuspended(stored)).toBe(true);
    expect(stored.metadata.labels).toMatchObject({ team: 'db', [labels.held]: 'true' });
    expect(stored.metadata.annotations).toMatchObject({
      note: 'hello',
      [annotations.requester]: 'alice',
      [annotations.authorSuspended]: 'false',
    });
    expect(stored.metadata.annotations?.[annotations.requesterGroups]).toContain('dev');
    expect(stored.metadata.ownerReferences).toMatchObject([
      { kind: 'GovernedJob', name: 'nightly', uid: made.metadata.uid, controller: true },
    ]);
    expect(asked.metadata.name).toBe(`nightly-${made.metadata.uid.slice(0, 8)}`);
    expect(asked.metadata.ownerReferences).toBeUndefined();
    expect(asked.status?.requester?.username).toBe('alice');
  });

  test('says what it is in its request, and what will run in its checkpoint', async ({ ns }) => {
    await ns.policy('asks', asks);
    const said = { operation: 'db-migration', reason: 'new column', ticket: 'CHG-1', timeout: '4h' };
    const { made, asked, jobName } = await governed(ns, governedJob('nightly', { ...said, parameters: { amount: 50_000 } }));
    const subject = { resource: { apiVersion: 'countersign.dev/v1alpha1', kind: 'GovernedJob', name: 'nightly', uid: made.metadata.uid } };
    expect(asked.spec).toMatchObject({ ...said, context: { amount: 50_000 }, subject });
    const waiting = await ns.eventually(resources.governedJobs, 'nightly', 'frozen', (g) => statusOf(g)?.['checkpoint'] !== undefined);
    expect(statusOf(waiting)).toMatchObject({
      executionId: made.metadata.uid,
      approvalRequest: { name: asked.metadata.name },
      job: { name: jobName },
      checkpoint: { digest: asked.status?.subjectDigest, name: 'pre-approval' },
    });
    expect(condition(waiting, 'Approved')).toMatchObject({ status: 'Unknown', reason: 'AwaitingApproval' });
    expect(isTrue(waiting, 'Reconciling')).toBe(true);
  });

  test('gives its parameters to every container as COUNTERSIGN_PARAMETERS, whatever the template says of that variable', async ({ ns }) => {
    await ns.policy('asks', asks);
    const container = {
      name: 'main',
      image: 'registry.example/tool:1',
      env: [
        { name: 'COUNTERSIGN_PARAMETERS', value: 'forged' },
        { name: 'A', value: 'b' },
      ],
    };
    const pod = { restartPolicy: 'Never', containers: [container], initContainers: [{ name: 'first', image: 'registry.example/tool:1' }] };
    const parameters = { amount: 50_000, to: ['BigCorp'] };
    const { jobName } = await governed(ns, governedJob('nightly', { parameters, jobTemplate: { spec: { template: { spec: pod } } } }));
    const { spec } = (await ns.get(resources.jobs, jobName)) as unknown as { spec: { template: { spec: typeof pod } } };
    const given = { name: 'COUNTERSIGN_PARAMETERS', value: JSON.stringify(parameters) };
    expect(spec.template.spec.containers[0]?.env).toEqual([{ name: 'A', value: 'b' }, given]);
    expect(spec.template.spec.initContainers[0]).toMatchObject({ env: [given] });
  });

  test('runs once it is approved, and ends as Succeeded', async ({ ns }) => {
    await ns.policy('asks', asks);
    const mine = await governed(ns, governedJob('nightly', {}, { podAnnotations: { 'kwok.countersign.dev/delay': '5s' } }));
    await approve(ns, mine);
    const running = await phase(ns, 'Running');
    expect(condition(running, 'Approved')).toMatchObject({ status: 'True', reason: 'Approved' });
    expect(statusOf(running)?.['startedAt']).toBeDefined();
    const over = await phase(ns, 'Succeeded');
    expect(condition(over, 'Completed')).toMatchObject({ status: 'True', reason: 'Succeeded' });
    expect(isTrue(over, 'Ready')).toBe(true);
    expect(statusOf(over)?.['completedAt']).toBeDefined();
    await ns.requestIn('Completed', mine.asked.metadata.name);
  });

  test('whose Job fails ends as Failed', async ({ ns }) => {
    await ns.policy('asks', asks);
    const mine = await governed(ns, governedJob('nightly', {}, { podAnnotations: { 'kwok.countersign.dev/outcome': 'fail' } }));
    await approve(ns, mine);
    const over = await phase(ns, 'Failed');
    expect(condition(over, 'Completed')).toMatchObject({ status: 'True', reason: 'Failed' });
    expect(isTrue(over, 'Stalled')).toBe(true);
  });

  test('that is approved on its own runs at once', async ({ ns }) => {
    await ns.policy('asks', { match: matchGovernedJobs, autoApprove: always });
    await (await ns.as('alice')).create(resources.governedJobs, ns.name, governedJob('nightly'));
    expect(condition(await phase(ns, 'Succeeded'), 'Approved')).toMatchObject({ status: 'True', reason: 'AutoApproved' });
  });

  test('is matched by its operation', async ({ ns }) => {
    await ns.policy('migrations', { match: [{ ...matchGovernedJobs[0], operations: ['migrate'] }], stages: asks.stages });
    await ns.policy('others', { match: [{ ...matchGovernedJobs[0], operations: ['deploy'] }], autoApprove: always });
    const alice = await ns.as('alice');
    await alice.create(resources.governedJobs, ns.name, governedJob('nightly'));
    await alice.create(resources.governedJobs, ns.name, governedJob('rollout', { operation: 'deploy' }));
    await ns.phase(resources.governedJobs, 'rollout', 'Succeeded');
    await phase(ns, 'AwaitingApproval');
  });

  test('is asked about by policies on Jobs as well: both must agree', async ({ ns }) => {
    await ns.policy('asks', asks);
    await ns.policy('jobs', { match: matchJobs, stages: [oneOf('security', { group: 'security' })] });
    const mine = await governed(ns, governedJob('nightly'));
    const both = await ns.request(mine.asked.metadata.name, 'asked by both', (r) => r.status?.policies.length === 2);
    expect(both.status?.policies.map((p) => p.name).sort()).toEqual(['asks', 'jobs']);
    await approve(ns, { ...mine, asked: both });
    await ns.request(mine.asked.metadata.name, 'half approved', (r) => r.status?.approvals === '1/2');
    expect(isSuspended(await ns.get(resources.jobs, mine.jobName))).toBe(true);
    await ns.decide(await ns.as('sam', ['security']), 'Approve', [both]);
    await phase(ns, 'Succeeded');
    expect(await ns.requestsOf(await ns.get(resources.jobs, mine.jobName))).toEqual([]);
  });

  test('is known by its Job to a policy on Jobs alone: that is the object of its rules, and of what it agrees to without asking', async ({
    ns,
  }) => {
    const main = 'object.spec.template.spec.containers[0]';
    await ns.policy('images', {
      match: matchJobs,
      // That of the operation leaves it to the operator to judge: the API server does not know it.
      validations: [{ expression: `operation == '' || !${main}.image.endsWith(':latest')`, message: 'never latest' }],
      autoApprove: [{ name: 'small', when: `!has(${main}.args)` }],
      stages: [oneOf('finance', { group: 'finance' })],
    });
    const alice = await ns.as('alice', ['dev']);
    const of = (container: object) => ({ template: { spec: { restartPolicy: 'Never', containers: [container] } }, backoffLimit: 0 });
    const made = (name: string, container: object) =>
      alice.create(
        resources.governedJobs,
        ns.name,
        governedJob(name, { jobTemplate: { spec: of({ name: 'main', image: 'tool:1', ...container }) } }),
      );
    const [small, large, latest] = await Promise.all([
      made('small', {}),
      made('large', { args: ['--all'] }),
      made('latest', { image: 'tool:latest' }),
    ]);
    expect(condition(await ns.phase(resources.governedJobs, small.metadata.name, 'Succeeded'), 'Approved')?.reason).toBe('AutoApproved');
    await ns.phase(resources.governedJobs, latest.metadata.name, 'Rejected');
    expect(condition(await ns.requestOf(latest), 'Approved')).toMatchObject({
      reason: 'PolicyViolation',
      message: 'ApprovalPolicy images: never latest',
    });
    await ns.phase(resources.governedJobs, large.metadata.name, 'AwaitingApproval');
    const asked = await ns.request((await ns.requestOf(large)).metadata.name, 'asked', (r) => r.status?.phase === 'Reviewing');
    expect(isTrue(asked, 'Valid')).toBe(true);
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.phase(resources.governedJobs, large.metadata.name, 'Succeeded');
  });

  test('that is rejected never runs: Rejected, and its Job ends as Failed', async ({ ns }) => {
    await ns.policy('asks', asks);
    const { asked, jobName } = await governed(ns, governedJob('nightly'));
    await ns.decide(await bobOf(ns), 'Reject', [asked], { reason: 'not now' });
    const over = await phase(ns, 'Rejected');
    expect(condition(over, 'Approved')).toMatchObject({ status: 'False', reason: 'Rejected', message: 'Rejected by bob: not now' });
    expect(isTrue(over, 'Stalled')).toBe(true);
    expect(condition(await ns.eventually(resources.jobs, jobName, 'over', hasEnded), 'Failed')?.reason).toBe('ApprovalRejected');
  });

  test('that nobody answers in time never runs: Expired', async ({ ns }) => {
    await ns.policy('asks', asks);
    await (await ns.as('alice')).create(resources.governedJobs, ns.name, governedJob('nightly', { timeout: '2s' }));
    expect(condition(await phase(ns, 'Expired'), 'Approved')).toMatchObject({ status: 'False', reason: 'Expired' });
  });

  test('that is cancelled before it runs never runs: Cancelled', async ({ ns }) => {
    await ns.policy('asks', asks);
    const { asked, jobName } = await governed(ns, governedJob('nightly'));
    await patch(ns, await ns.as('alice', ['dev']), resources.governedJobs, 'nightly', { spec: { cancelled: true } });
    await phase(ns, 'Cancelled');
    await ns.requestIn('Cancelled', asked.metadata.name);
    expect(condition(await ns.eventually(resources.jobs, jobName, 'over', hasEnded), 'Failed')?.reason).toBe('ApprovalCancelled');
  });

  test('that is cancelled while it runs is stopped: its pods are deleted, and it ends as Cancelled', async ({ ns }) => {
    await ns.policy('asks', asks);
    const mine = await governed(ns, governedJob('nightly', {}, runsOn));
    await approve(ns, mine);
    await phase(ns, 'Running');
    const podsOf = async (): Promise<KubeObject[]> => {
      const { items } = await ns.admin.list(resources.pods, {
        namespace: ns.name,
        labelSelector: `batch.kubernetes.io/job-name=${mine.jobName}`,
      });
      return items.filter((pod) => statusOf(pod)?.['phase'] === 'Running');
    };
    await until('a pod to run', async () => ((await podsOf()).length === 1 ? true : undefined));
    await patch(ns, await ns.as('alice', ['dev']), resources.governedJobs, 'nightly', { spec: { cancelled: true } });
    await phase(ns, 'Cancelled');
    expect(isTrue(await ns.eventually(resources.jobs, mine.jobName, 'over', hasEnded), 'Failed')).toBe(true);
    await until('no pod to run', async () => ((await podsOf()).length === 0 ? true : undefined));
  });

  test('that is deleted takes its Job along, and its request is settled: SubjectGone', async ({ ns }) => {
    await ns.policy('asks', asks);
    const { asked, jobName } = await governed(ns, governedJob('nightly'));
    await (await ns.as('alice')).delete(resources.governedJobs, { namespace: ns.name, name: 'nightly' });
    const settled = await ns.requestIn('Cancelled', asked.metadata.name);
    expect(condition(settled, 'Approved')).toMatchObject({ status: 'False', reason: 'SubjectGone' });
    await ns.gone(resources.jobs, jobName);
  });
});

describe.concurrent('a GovernedJob that is edited while it is open', () => {
  const edited = (image: string): object => ({ spec: { jobTemplate: governedTemplate(image) } });
  const governedTemplate = (image: string): object =>
    (governedJob('', {}, { image }) as { spec: { jobTemplate: object } }).spec.jobTemplate;

  test('has its suspended Job replaced; the old decision is void, and people are asked again', async ({ ns }) => {
    await ns.policy('asks', {
      match: matchGovernedJobs,
      stages: [{ name: 'finance', require: [{ count: 2, from: [{ group: 'finance' }] }] }],
    });
    const mine = await governed(ns, governedJob('nightly'));
    const decision = await approve(ns, mine);
    await ns.request(mine.asked.metadata.name, 'half approved', (r) => r.status?.approvals === '1/2');
    await patch(ns, await ns.as('alice', ['dev']), resources.governedJobs, 'nightly', edited('registry.example/tool:2'));
    const again = await ns.request(
      mine.asked.metadata.name,
      'about something else',
      (r) => r.status?.subjectDigest !== undefined && r.status.subjectDigest !== mine.asked.status?.subjectDigest,
    );
    expect(again.status).toMatchObject({ phase: 'Reviewing', approvals: '0/2' });
    expect(again.status?.decisions).toMatchObject([{ name: decision.metadata.name, counted: false, ignoredBecause: 'DigestChanged' }]);
    await ns.gone(resources.jobs, mine.jobName);
    const [replaced, ...others] = await jobsOf(ns);
    expect(others).toEqual([]);
    expect(replaced !== undefined && isSuspended(replaced)).toBe(true);
    expect(JSON.stringify(replaced?.['spec'])).toContain('registry.example/tool:2');
    for (const name of ['bob', 'carol']) await ns.decide(await ns.as(name, ['finance']), 'Approve', [again]);
    await phase(ns, 'Succeeded');
    const over = await ns.get(resources.governedJobs, 'nightly');
    expect(statusOf(over)).toMatchObject({ job: { name: replaced?.metadata.name }, checkpoint: { digest: again.status?.subjectDigest } });
  });

  test('in its parameters or reason alone is asked about again as well', async ({ ns }) => {
    await ns.policy('asks', asks);
    const { asked } = await governed(ns, governedJob('nightly', { parameters: { amount: 1 } }));
    const alice = await ns.as('alice', ['dev']);
    const digests = [asked.status?.subjectDigest];
    for (const spec of [{ parameters: { amount: 2 } }, { reason: 'because' }]) {
      await patch(ns, alice, resources.governedJobs, 'nightly', { spec });
      const again = await ns.request(
        asked.metadata.name,
        'about something else',
        (r) => r.status?.subjectDigest !== undefined && r.status.phase === 'Reviewing' && !digests.includes(r.status.subjectDigest),
      );
      digests.push(again.status?.subjectDigest);
    }
    expect(new Set(digests).size).toBe(3);
  });

  test('never takes over the Job of somebody who took the name that its own would have', async ({ ns }) => {
    await ns.policy('asks', asks);
    const { made } = await governed(ns, governedJob('nightly'));
    const { spec } = edited('registry.example/tool:2') as { spec: { jobTemplate: object } };
    const name = governedJobName('nightly', made.metadata.uid, { jobTemplate: spec.jobTemplate });
    const mallory = await ns.as('mallory');
    const theirs = await mallory.create(resources.jobs, ns.name, job(name, { spec: { suspend: true }, image: 'registry.example/evil:1' }));
    await patch(ns, await ns.as('alice', ['dev']), resources.governedJobs, 'nightly', edited('registry.example/tool:2'));
    const stalled = await ns.eventually(resources.governedJobs, 'nightly', 'stalled', (g) => isTrue(g, 'Stalled'));
    expect(condition(stalled, 'Stalled')?.message).toBe(
      `The Job ${name} exists already and is not of this GovernedJob: have it removed, or choose another name.`,
    );
    const left = await ns.get(resources.jobs, name);
    expect([left.metadata.uid, left.metadata.ownerReferences]).toEqual([theirs.metadata.uid, undefined]);
    await mallory.delete(resources.jobs, { namespace: ns.name, name });
    // It tries again by itself, though not at once; an edit brings it back earlier.
    await patch(ns, await ns.as('alice', ['dev']), resources.governedJobs, 'nightly', { spec: { reason: 'again' } });
    await phase(ns, 'AwaitingApproval');
  });

  test('by somebody else is refused: the spec is its requester’s', async ({ ns }) => {
    await ns.policy('asks', asks);
    await governed(ns, governedJob('nightly'));
    const change = patch(ns, await ns.as('mallory'), resources.governedJobs, 'nightly', edited('registry.example/evil:1'));
    await expect(change).rejects.toThrow(/only its requester, alice, may change it/);
  });

  test('after its release still runs what was approved', async ({ ns }) => {
    await ns.policy('asks', asks);
    const mine = await governed(ns, governedJob('nightly', {}, runsOn));
    await approve(ns, mine);
    await phase(ns, 'Running');
    await patch(ns, await ns.as('alice', ['dev']), resources.governedJobs, 'nightly', edited('registry.example/evil:1')).catch(
      () => undefined,
    );
    const next = await (await ns.as('alice', ['dev'])).create(resources.governedJobs, ns.name, governedJob('next'));
    await ns.requestOf(next);
    const jobs = await jobsOf(ns);
    expect(JSON.stringify(jobs)).not.toContain('registry.example/evil:1');
    expect(isSuspended(await ns.get(resources.jobs, mine.jobName))).toBe(false);
    await phase(ns, 'Running');
  });
});

describe.concurrent('a GovernedJob that cannot be', () => {
  test('because its template is wrong is refused at once, in the words of the API server', async ({ ns }) => {
    await ns.policy('asks', asks);
    const wrong = governedJob('nightly', { jobTemplate: { spec: { template: { spec: { containers: [] } } } } });
    const create = (await ns.as('alice')).create(resources.governedJobs, ns.name, wrong);
    await expect(create).rejects.toThrow(/spec\.template\.spec\.containers: Required value/);
  });

  test('because its author may not create Jobs here is refused at once', async ({ ns }) => {
    await ns.policy('asks', asks);
    const rule = { apiGroups: ['countersign.dev'], resources: ['governedjobs'], verbs: ['create', 'get'] };
    await ns.grant('governed-only', [rule], ['greta']);
    const create = (await ns.as('greta', [], 'nothing')).create(resources.governedJobs, ns.name, governedJob('nightly'));
    await expect(create).rejects.toThrow(/greta may not create jobs in namespace/);
    expect(await jobsOf(ns)).toEqual([]);
  });
});
