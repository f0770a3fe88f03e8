import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile, type GuardedPolicy } from '../../operator/guards/index.ts';
import { ChartCluster, eventually, type Manifest, namespace, type Ran, root, run, succeeded } from './chartSupport.ts';

/** The page is the program: its blocks of shell, by the heading they stand under. */
const sections = readFileSync(`${root}/docs/operations/by-hand.md`, 'utf8').split(/^## /m).slice(1);
const shellUnder = (heading: RegExp): string => {
  const section = sections.find((text) => heading.test(text.split('\n')[0] ?? ''));
  const blocks = [...(section ?? '').matchAll(/```sh\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  if (blocks.length === 0) throw new Error(`by-hand.md has no shell under ${String(heading)}`);
  return blocks.join('\n');
};

const team = 'payments';
const policy: GuardedPolicy = { kind: 'ApprovalPolicy', namespace: team, name: 'all', match: [{ apiGroups: ['batch'], kinds: ['Job'] }] };
const job = (name: string, suspend?: boolean): string =>
  JSON.stringify({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace: team },
    spec: {
      ...(suspend === undefined ? {} : { suspend }),
      template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'busybox' }] } },
    },
  });

let it1: ChartCluster;
const kubectl = (...args: string[]): Promise<Ran> => it1.kubectl(...args);
const theJob = (name: string): Promise<Manifest> => it1.get('job', name, '-n', team);
const shell = (script: string): Promise<Ran> =>
  run('sh', ['-euc', script], { env: { ...it1.env, PATH: `${it1.cluster.kubectl.replace(/\/[^/]+$/, '')}:${process.env['PATH'] ?? ''}` } });

/** Guards bite a moment after they are applied. */
const heldOnceApplied = async (name: string): Promise<void> => {
  await eventually('new Jobs are held', async () => {
    const { stdout } = await it1.apply(job('probe'), '--dry-run=server', '-o', 'json');
    return (JSON.parse(stdout || '{}') as Manifest).metadata?.labels?.['countersign.dev/held'] === 'true';
  });
  await succeeded(it1.apply(job(name)));
};
const resume = (name: string): Promise<Ran> =>
  kubectl('-n', team, 'patch', 'job', name, '--type=merge', '-p', '{"spec":{"suspend":false}}');

// The chart, the guards of one policy as the operator compiles them, and no operator: it is lost.
beforeAll(async () => {
  it1 = await ChartCluster.start();
  await succeeded(it1.install('--set', 'admission.url=https://127.0.0.1:9'));
  await succeeded(kubectl('create', 'namespace', team));
  const guards = compile(policy, { holdMode: 'MutatingAdmissionPolicy', operatorUser: `system:serviceaccount:${namespace}:countersign` });
  await succeeded(it1.apply(guards.map((guard) => JSON.stringify(guard)).join('\n---\n')));
});
afterAll(() => it1.stop());

// Either is enough: the guard of held Jobs, and, while no controller ever led, the fence that knows no leader.
const refusal = /countersign-(job-guard|operator-fence).* denied request/;

describe('the runbook for letting work through by hand', () => {
  beforeAll(async () => {
    await heldOnceApplied('wire-4711');
    await succeeded(it1.apply(job('wire-4712')));
  });

  it('is needed: even a cluster-admin cannot simply resume a held Job', async () => {
    const { code, stderr } = await resume('wire-4711');
    expect(code).not.toBe(0);
    expect(stderr).toMatch(refusal);
  });

  it('lets the one Job run, says on it who did it and why, and leaves the other held', async () => {
    await succeeded(shell([/^1\./, /^2\./, /^3\./, /^4\./, /^5\./].map(shellUnder).join('\n')));
    const released = await theJob('wire-4711');
    expect(released.spec.suspend).toBe(false);
    expect(released.metadata.annotations['countersign.dev/released-by-hand']).toBe(
      'alice@corp, on call: INC-42: controller lost, approved by bob@corp on the phone',
    );
    expect((await theJob('wire-4712')).spec.suspend).toBe(true);
  });

  it('does not open the guards for any other Job', async () => {
    expect((await resume('wire-4712')).stderr).toMatch(refusal);
  });

  it('closes the guards again, and the Job then runs to its end under them', async () => {
    await succeeded(shell([/^1\./, /^6\./].map(shellUnder).join('\n')));
    for (const binding of ['countersign-job-guard', 'countersign-operator-fence-jobs'])
      expect((await it1.get('validatingadmissionpolicybinding', binding)).spec.matchResources.excludeResourceRules).toBeUndefined();
    const { code, stderr } = await kubectl(
      '-n',
      team,
      'annotate',
      'job',
      'wire-4711',
      'countersign.dev/released-by-hand=nobody',
      '--overwrite',
    );
    expect(code).not.toBe(0);
    expect(stderr).toContain('countersign-job-guard');
    await eventually(
      'the Job is complete',
      async () =>
        ((await theJob('wire-4711')).status?.conditions as Manifest[] | undefined)?.some(
          (c) => c.type === 'Complete' && c.status === 'True',
        ) === true,
    );
  });

  it('brings the controller back', async () => {
    await succeeded(shell(['JOB_UID=none', shellUnder(/^1\./), shellUnder(/^7\./)].join('\n')));
    expect((await it1.get('deployment', 'countersign', '-n', namespace)).spec.replicas).toBe(2);
  });

  it('as a last resort takes every guard away, which releases nothing by itself', async () => {
    await succeeded(shell(shellUnder(/^When the guards themselves/)));
    expect((await theJob('wire-4712')).spec.suspend).toBe(true);
    await eventually('a held Job can be resumed', async () => (await resume('wire-4712')).code === 0);
  });
});
