import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeServiceAccountKubeconfig } from '../../hack/cluster/cluster.ts';
import { freePort } from '../../hack/cluster/ports.ts';
import type { OperatorProcess } from '../../hack/platform/operator.ts';
import { installPlatform } from '../../hack/platform/platform.ts';
import { ChartCluster, eventually, type Manifest, namespace, type Ran, root, run, succeeded } from './chartSupport.ts';

const team = 'payments';
const governedJob = (name: string, restartPolicy: string): string =>
  JSON.stringify({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'GovernedJob',
    metadata: { name, namespace: team },
    spec: {
      operation: 'migrate',
      jobTemplate: { spec: { template: { spec: { restartPolicy, containers: [{ name: 'c', image: 'busybox' }] } } } },
    },
  });

const limit = JSON.stringify({
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'ApprovalPolicy',
  metadata: { name: 'limit', namespace: team },
  spec: {
    match: [{ apiGroups: ['countersign.dev'], kinds: ['GovernedJob'], operations: ['migrate'] }],
    validations: [{ expression: "!object.metadata.name.startsWith('more-')", message: 'no more of these' }],
    stages: [{ name: 'any', require: [{ count: 1, from: [{ user: 'bob' }] }] }],
  },
});

const delegation = (name: string, when: string): string =>
  JSON.stringify({
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'ApprovalDelegation',
    metadata: { name, namespace: team },
    spec: { from: 'kubernetes-admin', to: 'bob', when },
  });

let it1: ChartCluster;
let dir: string;
let controller: OperatorProcess;
let admission: ChildProcess;
const apply = (text: string): Promise<Ran> => it1.apply(text);

/**
 * What the image runs, the bundle, with the identity and the rights of a pod of deployment/countersign-admission, and nothing more.
 */
async function startAdmission(port: number): Promise<{ process: ChildProcess; ready: () => Promise<boolean> }> {
  const pods = await it1.get('pods', '-n', namespace, '-l', 'app.kubernetes.io/component=admission');
  const pod = (pods.items as Manifest[])[0]!.metadata.name as string;
  const folder = join(dir, 'admission');
  mkdirSync(folder);
  const identity = { namespace, serviceAccount: 'countersign-admission', podName: pod };
  const { kubeconfig } = await writeServiceAccountKubeconfig(it1.cluster, folder, identity);
  const health = await freePort();
  const process_ = spawn(process.execPath, [join(dir, 'dist/operator.mjs')], {
    cwd: dir,
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      COUNTERSIGN_ROLES: 'admission',
      COUNTERSIGN_NAMESPACE: namespace,
      COUNTERSIGN_POD_NAME: pod,
      COUNTERSIGN_KUBECONFIG: kubeconfig,
      COUNTERSIGN_HEALTH_PORT: String(health),
      COUNTERSIGN_ADMISSION_PORT: String(port),
      COUNTERSIGN_ADMISSION_URL: `https://127.0.0.1:${port}`,
    },
  });
  const ready = async (): Promise<boolean> => (await fetch(`http://127.0.0.1:${health}/ready`).catch(() => undefined))?.ok === true;
  return { process: process_, ready };
}

beforeAll(async () => {
  it1 = await ChartCluster.start({ auditLog: true });
  dir = mkdtempSync(join(tmpdir(), 'countersign-separate-'));
  await succeeded(run(process.execPath, [join(root, 'hack/build.ts'), 'operator', 'plugin', '--out', dir]));
  await succeeded(it1.kubectl('create', 'namespace', team));
  const installed = await installPlatform(it1.cluster, {
    dir,
    set: { 'admission.separate': 'true' },
    env: { COUNTERSIGN_ROLES: 'controller' },
  });
  controller = installed.operator;
  const started = await startAdmission(installed.admissionPort);
  admission = started.process;
  await eventually('admission is ready', started.ready);
});
afterAll(async () => {
  admission.kill();
  await controller.stop();
  await it1.stop();
  rmSync(dir, { recursive: true, force: true });
});

describe('admission apart', () => {
  it('refuses with the rights of its own identity what only a process can know', async () => {
    const { stderr } = await apply(governedJob('wrong', 'Sometimes'));
    expect(stderr).toContain('governedjobs.countersign.dev');
    expect(stderr).toContain('restartPolicy');
  });

  it('lets pass what is right, and the controller goes on with it', async () => {
    await succeeded(apply(governedJob('right', 'Never')));
    await eventually('its Job is there, held', async () => {
      const jobs = (await it1.get('jobs', '-n', team, '-l', 'countersign.dev/held=true')).items as Manifest[];
      return jobs.length === 1 && jobs[0]?.spec.suspend === true;
    });
  });

  it('shows its request to the plugin, as it is built', async () => {
    const plugin = join(dir, 'bin/kubectl-approve');
    await eventually('the plugin lists it', async () =>
      (await succeeded(run(plugin, ['list', '-n', team], { env: it1.env }))).includes('right-'),
    );
  });

  it('refuses what breaks a policy, which it watches itself', async () => {
    await succeeded(apply(limit));
    let count = 0;
    await eventually('it knows the policy', async () => {
      const { stderr } = await apply(governedJob(`more-${(count += 1)}`, 'Never'));
      return stderr.includes('ApprovalPolicy limit: no more of these');
    });
  });

  it('reads the when of a delegation, and looks for circles with its own rights', async () => {
    expect((await apply(delegation('wrong', 'amount > 10'))).stderr).toContain('spec.when: line 1, column 1: amount is not known here');
    await succeeded(apply(delegation('right', 'context.amount > 10')));
  });

  it('may not do what the controller may', async () => {
    const user = `system:serviceaccount:${namespace}:countersign-admission`;
    for (const [verb, resource] of [
      ['patch', 'jobs.batch'],
      ['update', 'approvalrequests.countersign.dev'],
      ['create', 'approvaldecisions.countersign.dev'],
      ['get', 'secrets'],
      ['create', 'validatingadmissionpolicies.admissionregistration.k8s.io'],
      ['update', 'leases.coordination.k8s.io'],
    ] as const)
      expect(await it1.can(user, verb, resource, '-n', namespace), `${verb} ${resource}`).toBe(false);
  });

  it('when it is gone stops nobody: the operator looks again', async () => {
    admission.kill('SIGKILL');
    await once(admission, 'exit');
    await succeeded(apply(governedJob('wrong-too', 'Sometimes')));
    await eventually('the operator has said what is wrong', async () => {
      const found = await it1.get('governedjob', 'wrong-too', '-n', team);
      return JSON.stringify(found.status ?? {}).includes('restartPolicy');
    });
  });
});

describe('the rights of the processes', () => {
  it('sufficed for all of this: RBAC refused neither of them anything', () => {
    const ours = readFileSync(it1.cluster.auditLogFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Manifest)
      .filter(
        (event) =>
          event.impersonatedUser === undefined && (event.user.username as string).startsWith(`system:serviceaccount:${namespace}:`),
      );
    expect([...new Set(ours.map((event) => event.user.username as string))].sort()).toEqual([
      `system:serviceaccount:${namespace}:countersign`,
      `system:serviceaccount:${namespace}:countersign-admission`,
    ]);
    const refused = ours.filter((event) => event.annotations?.['authorization.k8s.io/decision'] !== 'allow');
    expect(refused.map((event) => `${event.verb as string} ${event.requestURI as string}`)).toEqual([]);
  });
});
