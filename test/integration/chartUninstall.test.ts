import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OperatorProcess } from '../../hack/platform/operator.ts';
import { installPlatform } from '../../hack/platform/platform.ts';
import { chart, ChartCluster, eventually, type Manifest, namespace, type Ran, succeeded } from './chartSupport.ts';

const team = 'payments';
const hook = 'uninstall-only-when-nothing-is-held';
const pod = { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } };
const policy = {
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'ApprovalPolicy',
  metadata: { name: 'all', namespace: team },
  spec: {
    match: [
      { apiGroups: ['batch'], kinds: ['Job'] },
      { apiGroups: ['countersign.dev'], kinds: ['GovernedJob'] },
    ],
    stages: [{ name: 'one', require: [{ count: 1, from: [{ user: 'bob' }] }] }],
  },
};
const job = (name: string) => ({ apiVersion: 'batch/v1', kind: 'Job', metadata: { name, namespace: team }, spec: { template: pod } });
const governedJob = {
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'GovernedJob',
  metadata: { name: 'migration', namespace: team },
  spec: { operation: 'db-migration', jobTemplate: { spec: { template: pod } } },
};

let it1: ChartCluster;
let operator: OperatorProcess;
let dir: string;
const apply = (object: object): Promise<string> => succeeded(it1.apply(JSON.stringify(object)));
const uninstall = (): Promise<Ran> => it1.helm('uninstall', 'countersign', '-n', namespace, '--timeout', '60s');
const condition = (object: Manifest, type: string): Manifest | undefined =>
  (object.status?.conditions as Manifest[] | undefined)?.find((c) => c.type === type && c.status === 'True');
const guardsOf = async (label: 'static' | 'policy'): Promise<string[]> =>
  (
    (await it1.get('validatingadmissionpolicybindings,mutatingadmissionpolicybindings', '-l', `countersign.dev/guard=${label}`))
      .items as Manifest[]
  ).map((guard) => guard.metadata.name as string);
const policyIsEnforced = () =>
  eventually('the policy is enforced', async () => condition(await it1.get('approvalpolicy', 'all', '-n', team), 'Ready') !== undefined);

const installed = async (): Promise<void> => {
  ({ operator } = await installPlatform(it1.cluster, { dir }));
};
/** As docs/operations/uninstall.md says: Helm does not upgrade what it failed to uninstall until it was rolled back to itself. */
const setHeldWork = async (value: string): Promise<void> => {
  const [release] = JSON.parse(await succeeded(it1.helm('list', '-n', namespace, '-o', 'json'))) as { revision: string; status: string }[];
  if (release?.status !== 'deployed') await succeeded(it1.helm('rollback', 'countersign', release?.revision ?? '', '-n', namespace));
  await succeeded(it1.helm('upgrade', 'countersign', chart, '-n', namespace, '--reuse-values', '--set', `uninstall.heldWork=${value}`));
};

beforeAll(async () => {
  it1 = await ChartCluster.start();
  dir = mkdtempSync(join(tmpdir(), 'countersign-uninstall-'));
  await succeeded(it1.kubectl('create', 'namespace', team));
  await installed();
  await apply(policy);
  await policyIsEnforced();
});
afterAll(async () => {
  await operator.stop();
  await it1.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('helm uninstall, answered by the operator', () => {
  it('is refused while work is held, says what is held and what to do, and takes nothing away', async () => {
    await apply(job('wire-4711'));
    await apply(governedJob);
    await eventually('both are held', async () => ((await it1.get('approvalrequests', '-n', team)).items as Manifest[]).length === 2);
    const { code, stderr } = await uninstall();
    expect(code).not.toBe(0);
    expect(stderr).toContain(`${hook} not ready. status: Failed`);
    const refused = condition(await it1.get('job', hook, '-n', namespace), 'Failed');
    expect(refused?.message).toMatch(/^2 held: .*payments\/wire-4711/);
    expect(refused?.message).toContain('uninstall.heldWork');
    expect(await guardsOf('static')).toContain('countersign-job-guard');
    expect(await guardsOf('policy')).not.toEqual([]);
  });

  it('with fail ends held work as Failed and its requests as Cancelled, and then takes away the guards of policies and chart', async () => {
    await setHeldWork('fail');
    const { code, stderr } = await uninstall();
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(condition(await it1.get('job', 'wire-4711', '-n', team), 'Failed')?.reason).toBe('ApprovalCancelled');
    for (const request of (await it1.get('approvalrequests', '-n', team)).items as Manifest[])
      expect(request.status.phase, request.metadata.name as string).toBe('Cancelled');
    expect(await guardsOf('policy')).toEqual([]);
    expect(await guardsOf('static')).toEqual([]);
  });

  it('leaves a cluster in which what was governed runs unasked, and policies as they were', async () => {
    await it1.get('approvalpolicy', 'all', '-n', team);
    await eventually('a new Job is not held', async () => {
      const { stdout } = await it1.apply(JSON.stringify(job('free')), '--dry-run=server', '-o', 'json');
      return (JSON.parse(stdout || '{}') as Manifest).spec?.suspend === false;
    });
  });

  it('after which an installation enforces the policies that were kept', async () => {
    await operator.stop();
    await installed();
    await policyIsEnforced();
    await eventually('new Jobs are held', async () => {
      const { stdout } = await it1.apply(JSON.stringify(job('wire-4712')), '--dry-run=server', '-o', 'json');
      return (JSON.parse(stdout || '{}') as Manifest).metadata?.labels?.['countersign.dev/held'] === 'true';
    });
    await apply(job('wire-4712'));
  });

  it('with keep leaves held work held, and every guard that keeps it so, even from a cluster-admin', async () => {
    await setHeldWork('keep');
    const before = [await guardsOf('static'), await guardsOf('policy')];
    const { code, stderr } = await uninstall();
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect((await it1.kubectl('get', 'deployment', 'countersign', '-n', namespace)).code).not.toBe(0);
    expect([await guardsOf('static'), await guardsOf('policy')]).toEqual(before);
    const resume = await it1.kubectl('-n', team, 'patch', 'job', 'wire-4712', '--type=merge', '-p', '{"spec":{"suspend":false}}');
    expect(resume.stderr).toContain('this Job is held');
  });
});
