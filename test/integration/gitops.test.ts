import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';
import { healthOf } from '../fixtures/argoCd.ts';
import { condition, resources, statusOf, type StoredRequest, TestNamespace, until } from '../fixtures/world.ts';
import { type Ran, root, run } from './chartSupport.ts';

let space: TestNamespace;
let alice: KubeClient;
let bob: KubeClient;
let dir: string;

const pod = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } };
const request = (name: string, spec: object = {}) => ({
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'ApprovalRequest',
  metadata: { name, namespace: space.name },
  spec: { subject: { external: { system: 'pipeline', id: name } }, operation: 'deploy', ...spec },
});
const asked = (name: string): Promise<StoredRequest> => space.requestIn('Reviewing', name);

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'countersign-gitops-'));
  space = await TestNamespace.create('gitops');
  alice = await space.as('alice');
  bob = await space.as('bob');
  const match = [
    { apiGroups: ['batch'], kinds: ['Job'] },
    { apiGroups: ['countersign.dev'], kinds: ['ApprovalRequest', 'GovernedJob'] },
  ];
  await space.policy('deploys', { match, stages: [{ name: 'one', require: [{ count: 1, from: [{ user: 'bob' }] }] }] });
});
afterAll(async () => {
  await space.close();
  rmSync(dir, { recursive: true, force: true });
});

/**
 * What kstatus, and so Flux, makes of an object with conditions: the generic rules that it documents. Reconciling and Stalled come first, Ready
 * counts where there is one, and a status that tells of an older generation is in progress.
 */
function kstatus(object: KubeObject): string {
  const is = (type: string, ...statuses: string[]): boolean => statuses.includes(condition(object, type)?.status ?? 'absent');
  const observed = statusOf(object)?.['observedGeneration'];
  if (observed !== undefined && observed !== object.metadata.generation) return 'InProgress';
  if (is('Reconciling', 'True')) return 'InProgress';
  if (is('Stalled', 'True')) return 'Failed';
  return is('Ready', 'False', 'Unknown') ? 'InProgress' : 'Current';
}

describe('what Argo CD and Flux make of objects as they really are', () => {
  it('a policy is healthy once it is enforced', async () => {
    const policy = await space.get(resources.approvalPolicies, 'deploys');
    expect(await healthOf('ApprovalPolicy', policy)).toMatchObject({ status: 'Healthy' });
    expect(kstatus(policy)).toBe('Current');
  });

  it.each([
    ['Approve', 'Approved', 'Healthy', 'Current'],
    ['Reject', 'Rejected', 'Degraded', 'Failed'],
  ] as const)('a request is in progress until it is decided; on %s it is %s: %s, %s', async (verdict, phase, health, flux) => {
    const name = `request-${verdict.toLowerCase()}`;
    await alice.create(resources.approvalRequests, space.name, request(name));
    const open = await asked(name);
    expect(await healthOf('ApprovalRequest', open)).toMatchObject({ status: 'Progressing' });
    expect(kstatus(open)).toBe('InProgress');
    await space.decide(bob, verdict, [open]);
    const settled = await space.requestIn(phase, name);
    expect(await healthOf('ApprovalRequest', settled)).toMatchObject({ status: health });
    expect(kstatus(settled)).toBe(flux);
  });

  it('a Job is in progress while it is held, and healthy only after it ran', async () => {
    const job = await alice.create(resources.jobs, space.name, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'wire' },
      spec: { template: pod },
    });
    const suspended = await space.eventually(
      resources.jobs,
      'wire',
      'suspended',
      (found) => condition(found, 'Suspended')?.status === 'True',
    );
    expect(await healthOf('Job', suspended)).toMatchObject({ status: 'Progressing', message: expect.stringContaining('held') });
    await space.decide(bob, 'Approve', [await space.requestOf(job)]);
    const complete = await space.eventually(resources.jobs, 'wire', 'complete', (found) => condition(found, 'Complete')?.status === 'True');
    expect(await healthOf('Job', complete)).toMatchObject({ status: 'Healthy' });
  });

  it('a GovernedJob is in progress until its work has ended, and degraded when it was refused', async () => {
    const made = await alice.create(resources.governedJobs, space.name, {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'GovernedJob',
      metadata: { name: 'migration' },
      spec: { operation: 'migrate', jobTemplate: { spec: { template: pod } } },
    });
    const waiting = await space.phase(resources.governedJobs, 'migration', 'AwaitingApproval');
    expect(await healthOf('GovernedJob', waiting)).toMatchObject({ status: 'Progressing' });
    expect(kstatus(waiting)).toBe('InProgress');
    await space.decide(bob, 'Reject', [await space.requestOf(made)]);
    const rejected = await space.phase(resources.governedJobs, 'migration', 'Rejected');
    expect(await healthOf('GovernedJob', rejected)).toMatchObject({ status: 'Degraded' });
    expect(kstatus(rejected)).toBe('Failed');
  });
});

describe("the pipelines' script", () => {
  const script = async (name: string, timeout: string, spec: object = {}): Promise<Ran> => {
    const file = join(dir, `${name}.yaml`);
    writeFileSync(file, JSON.stringify(request(name, spec)));
    const env = { KUBECONFIG: await space.kubeconfig('alice'), PATH: `${dirname(space.cluster.kubectl)}:${process.env['PATH'] ?? ''}` };
    return run(join(root, 'config/gitops/pipelines/request-and-wait.sh'), [file, timeout], { env });
  };

  /** Once the script has applied it. */
  const eventuallyAsked = (name: string): Promise<StoredRequest> =>
    until(`${name} to be there`, async () => {
      const { items } = await space.admin.list(resources.approvalRequests, {
        namespace: space.name,
        fieldSelector: `metadata.name=${name}`,
      });
      return items[0];
    }).then(() => asked(name));

  it('ends with 3 when nobody answers, and goes on waiting for the same request when it is run again', async () => {
    const first = await script('run-1', '1s');
    expect(first.code).toBe(3);
    expect(first.stderr).toContain('still open');
    const [again] = await Promise.all([
      script('run-1', '60s'),
      eventuallyAsked('run-1').then((open) => space.decide(bob, 'Approve', [open])),
    ]);
    expect(again.code).toBe(0);
    expect(again.stdout).toContain('approved');
  });

  it('ends with 1 and the reason when the answer is no, instead of waiting for a yes', async () => {
    const [{ code, stderr }] = await Promise.all([
      script('run-2', '60s'),
      eventuallyAsked('run-2').then((open) => space.decide(bob, 'Reject', [open], { reason: 'not on a Friday' })),
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain('not on a Friday');
  });

  it('ends with 2 when it is used wrongly', async () => {
    const { code, stderr } = await run(join(root, 'config/gitops/pipelines/request-and-wait.sh'), ['nowhere.yaml']);
    expect(code).toBe(2);
    expect(stderr).toContain('usage');
  });
});
