import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chart, ChartCluster, eventually, type Manifest, manifests, namespace, type Ran, root, succeeded } from './chartSupport.ts';

let it1: ChartCluster;
const kubectl = (...args: string[]): Promise<string> => succeeded(it1.kubectl(...args));

// Nothing listens there: admission is down in all of these tests, and refuses at once instead of by a timeout.
const noAdmission = ['--set', 'admission.url=https://127.0.0.1:9'];

beforeAll(async () => {
  it1 = await ChartCluster.start();
  await kubectl('apply', '--server-side', '-f', `${root}/test/fixtures/foreignCrds`);
  await kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s');
});
afterAll(() => it1.stop());

const everythingOn = ['serviceMonitor', 'prometheusRule', 'dashboard', 'certificates.certManager'].flatMap((name) => [
  '--set',
  `${name}.enabled=true`,
]);

/** The values of the approval service, on a volume of its own. */
const approvalsOn = (values: object = {}): string[] => ['--set-json', `approvals=${JSON.stringify({ enabled: true, ...values })}`];

describe('what the chart renders', () => {
  it.each<[string, string[]]>([
    ['by default', []],
    ['with webhooks that hold', ['--set', 'holdMode=Webhook']],
    ['with admission apart', ['--set', 'admission.separate=true']],
    ['with admission apart and a fixed number of replicas', ['--set', 'admission.separate=true,admission.autoscaling.enabled=false']],
    ['with everything switched on', [...everythingOn, '--set', 'admission.separate=true,holdMode=Webhook']],
    [
      'with everything that can be switched off',
      ['--set', 'networkPolicy.enabled=false,tests.enabled=false,rbac.aggregate=false,crds.install=false'],
    ],
    [
      'without budgets',
      ['--set', 'controller.podDisruptionBudget.enabled=false,admission.separate=true,admission.podDisruptionBudget.enabled=false'],
    ],
    ['with guards that outlive it', ['--set', 'uninstall.heldWork=keep']],
    ['with an issuer of the cluster', [...everythingOn, '--set', 'certificates.certManager.issuerRef.name=corp']],
    ['with the approval service, on a volume', approvalsOn()],
    ['with the approval service, without one', approvalsOn({ database: { volume: { persistent: false } } })],
    [
      'with the approval service, on the volume of a class',
      approvalsOn({ database: { volume: { size: '500Mi', storageClassName: 'fast' } } }),
    ],
    ['with the approval service, and all else', [...everythingOn, ...approvalsOn({ certificateSecret: 'public' })]],
    [
      'with the approval service of three replicas, on PostgreSQL behind an Ingress',
      approvalsOn({
        url: 'https://approve.example.com',
        replicas: 3,
        database: { urlSecret: { name: 'database' }, caSecret: { name: 'database-ca' } },
        ingress: {
          enabled: true,
          className: 'nginx',
          host: 'approve.example.com',
          tlsSecret: 'approve-tls',
          annotations: { 'nginx.ingress.kubernetes.io/backend-protocol': 'HTTPS' },
        },
        channelSecrets: ['slack', 'smtp'],
        settings: { approvals_rate: 20 },
        secretSettings: { approvals_session_keys: { name: 'sessions', key: 'keys' } },
        podDisruptionBudget: { enabled: true, minAvailable: '50%' },
      }),
    ],
    [
      'with the approval service that scales by itself, and every free-form value of it',
      approvalsOn({
        database: { urlSecret: { name: 'database' } },
        autoscaling: { enabled: true, minReplicas: 2, maxReplicas: 5, targetCPUUtilizationPercentage: 60 },
        podDisruptionBudget: { enabled: false },
        resources: { requests: { cpu: '1', memory: '1Gi' } },
        priorityClassName: 'system-cluster-critical',
        podAnnotations: { a: 'b' },
        podLabels: { team: 'a' },
        nodeSelector: { disk: 'ssd' },
        tolerations: [{ operator: 'Exists' }],
        affinity: { nodeAffinity: {} },
      }),
    ],
    [
      'with every free-form value',
      [
        '--set-json',
        JSON.stringify({ admissionFrom: [{ ipBlock: { cidr: '10.0.0.0/8' } }], metricsFrom: [{ podSelector: {} }] }).replace(
          /^/,
          'networkPolicy=',
        ),
        '--set-json',
        'controller={"nodeSelector":{"disk":"ssd"},"tolerations":[{"operator":"Exists"}],"podLabels":{"team":"a"},"podAnnotations":{"b":"c"},"affinity":{"nodeAffinity":{}}}',
        '--set',
        'telemetry.otlpEndpoint=http://otel:4318,imagePullSecrets[0].name=pull,controller.podDisruptionBudget.minAvailable=50%',
      ],
    ],
  ])('%s is accepted by the API server, field by field', async (_name, values) => {
    await it1.kubectl('create', 'namespace', namespace);
    const text = await succeeded(it1.helm('template', 'countersign', chart, '-n', namespace, '--kube-version', '1.36.0', ...values));
    const applied = await succeeded(it1.apply(text, '--dry-run=server', '--server-side', '--validate=strict', '--force-conflicts'));
    expect(applied.trim().split('\n')).toHaveLength(manifests(text).length);
  });
});

describe('installed', () => {
  beforeAll(async () => {
    await succeeded(it1.install(...noAdmission));
  });

  it('says in its notes how work is held and what to do next', async () => {
    const notes = await succeeded(it1.helm('get', 'notes', 'countersign', '-n', namespace));
    expect(notes).toContain('put on hold by MutatingAdmissionPolicy');
    expect(notes).toContain('countersign-approver');
  });

  it('brings CRDs up to date and keeps every other change of people when it is upgraded, again and again', async () => {
    await kubectl(
      'patch',
      'crd',
      'approvalrequests.countersign.dev',
      '--type=json',
      '-p',
      '[{"op":"replace","path":"/spec/names/shortNames","value":["old"]}]',
    );
    for (let time = 0; time < 2; time++)
      await succeeded(it1.helm('upgrade', 'countersign', chart, '-n', namespace, '--reuse-values', '--force-conflicts', ...noAdmission));
    expect((await it1.get('crd', 'approvalrequests.countersign.dev')).spec.names.shortNames).toEqual(['areq']);
  });

  it('restarts its pods when their configuration changes', async () => {
    const checksum = async (): Promise<unknown> =>
      (await it1.get('deployment', 'countersign', '-n', namespace)).spec.template.metadata.annotations['checksum/config'];
    const before = await checksum();
    await succeeded(it1.helm('upgrade', 'countersign', chart, '-n', namespace, '--reuse-values', '--set', 'logLevel=debug'));
    expect(await checksum()).not.toBe(before);
  });

  describe('the roles for people', () => {
    beforeAll(async () => {
      await kubectl('create', 'namespace', 'shop');
      for (const role of ['view', 'edit', 'admin', 'countersign-approver', 'countersign-policy-author'])
        await kubectl('create', 'rolebinding', role, '-n', 'shop', '--clusterrole', role, '--user', role);
      await eventually('roles are aggregated', () => it1.can('admin', 'cancel', 'approvalrequests.countersign.dev', '-n', 'shop'));
    });

    it.each([
      ['view', 'get', 'approvalrequests', true],
      ['view', 'create', 'approvalrequests', false],
      ['edit', 'create', 'approvalrequests', true],
      ['edit', 'create', 'governedjobs', true],
      ['edit', 'delete', 'approvalrequests', false],
      ['edit', 'cancel', 'approvalrequests', false],
      ['edit', 'create', 'approvaldecisions', false],
      ['edit', 'update', 'approvalpolicies', false],
      ['admin', 'cancel', 'approvalrequests', true],
      ['admin', 'create', 'approvaldecisions', false],
      ['admin', 'create', 'approvalpolicies', false],
      ['admin', 'approve', 'approvalpolicies', false],
      ['admin', 'update', 'approvalrequests --subresource=status', false],
      ['countersign-approver', 'create', 'approvaldecisions', true],
      ['countersign-approver', 'get', 'jobs.batch', true],
      ['countersign-approver', 'update', 'jobs.batch', false],
      ['countersign-approver', 'approve', 'approvalpolicies', false],
      ['countersign-policy-author', 'create', 'approvalpolicies', true],
      ['countersign-policy-author', 'create', 'approvaldecisions', false],
    ])('%s may %s %s: %s', async (user, verb, resource, expected) => {
      const [name = '', ...options] = resource.split(' ');
      const full = name.includes('.') ? name : `${name}.countersign.dev`;
      expect(await it1.can(user, verb, full, ...options, '-n', 'shop')).toBe(expected);
    });
  });
});

describe('helm uninstall', () => {
  const hook = 'uninstall-only-when-nothing-is-held';
  const uninstall = (timeout: string): Promise<Ran> => it1.helm('uninstall', 'countersign', '-n', namespace, '--timeout', timeout);
  const now = (): string => new Date().toISOString().replace(/\.\d+/, '');
  const condition = (type: string) => ({
    type,
    status: 'True',
    reason: 'Test',
    message: 'as the operator would',
    lastTransitionTime: now(),
  });
  let patchStatus: (job: string, patch: object) => Promise<void>;

  /** What the operator writes; that it does so, and when, is tested where the operator runs. */
  const answer = async (types: string[]): Promise<void> => {
    await eventually('Helm asks', async () => (await it1.kubectl('get', 'job', hook, '-n', namespace)).code === 0);
    const at = now();
    const completed = types.includes('Complete') ? { completionTime: at } : {};
    const status = { startTime: at, ...completed, conditions: types.map(condition) };
    await patchStatus(hook, { status });
  };
  const refuse = () => answer(['FailureTarget', 'Failed']);
  const agree = () => answer(['SuccessCriteriaMet', 'Complete']);
  const guards = async (): Promise<string[]> =>
    (
      (await it1.get('validatingadmissionpolicies,validatingadmissionpolicybindings', '-l', 'countersign.dev/guard=static'))
        .items as Manifest[]
    ).map((guard) => guard.metadata.name as string);

  beforeAll(async () => {
    patchStatus = await it1.jobStatusAsOperator();
    await kubectl('create', 'namespace', 'kept');
    const request = readFileSync(`${root}/config/samples/request-external.yaml`, 'utf8').replace(/namespace: .*/, 'namespace: kept');
    await succeeded(it1.apply(request));
  });

  const stillThere = async (): Promise<void> => {
    await kubectl('get', 'deployment/countersign', 'serviceaccount/countersign', '-n', namespace);
    await kubectl('get', 'clusterrolebinding', 'countersign-controller');
    expect(await guards()).toContain('countersign-job-guard');
  };

  it('is refused when nobody answers, and takes nothing away', async () => {
    const { code, stderr } = await uninstall('3s');
    expect(code).not.toBe(0);
    expect(stderr).toContain(hook);
    await stillThere();
    // The question was put to the operator alone: nothing ran.
    expect((await it1.get('pods', '-n', namespace, '-l', `batch.kubernetes.io/job-name=${hook}`)).items).toEqual([]);
  });

  it('is refused when the operator says no, takes nothing away, and leaves the reason behind', async () => {
    // What the last one left is answered by nobody and replaced by Helm.
    await kubectl('delete', 'job', hook, '-n', namespace);
    const [{ code, stderr }] = await Promise.all([uninstall('60s'), refuse()]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(`${hook} not ready. status: Failed`);
    await stillThere();
    expect(await kubectl('get', 'job', hook, '-n', namespace, '-o', 'jsonpath={.status.conditions[*].message}')).toContain(
      'as the operator would',
    );
  });

  it('that was refused can be taken back with helm rollback, after which the release can be upgraded', async () => {
    const revision = ((JSON.parse(await succeeded(it1.helm('list', '-n', namespace, '-o', 'json'))) as Manifest[])[0] as Manifest)
      .revision as string;
    await succeeded(it1.helm('rollback', 'countersign', revision, '-n', namespace));
    await succeeded(it1.helm('upgrade', 'countersign', chart, '-n', namespace, '--reuse-values', '--set', 'uninstall.heldWork=keep'));
    expect((await it1.get('validatingadmissionpolicy', 'countersign-job-guard')).metadata.annotations).toMatchObject({
      'helm.sh/resource-policy': 'keep',
    });
  });

  it('with keep, once agreed, takes the processes away and leaves the guards, the CRDs and every object of ours', async () => {
    await kubectl('delete', 'job', hook, '-n', namespace, '--ignore-not-found');
    const before = await guards();
    const [{ code, stderr }] = await Promise.all([uninstall('60s'), agree()]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect((await it1.kubectl('get', 'deployment', 'countersign', '-n', namespace)).code).not.toBe(0);
    expect(await guards()).toEqual(before);
    await kubectl('get', 'approvalrequests', '-n', 'kept', '-o', 'name');
  });

  it('is followed by an installation that takes over what was kept', async () => {
    await succeeded(it1.install(...noAdmission));
    await kubectl('get', 'deployment', 'countersign', '-n', namespace);
  });

  it('with nothing held takes the guards of the chart away too, and keeps CRDs and objects', async () => {
    patchStatus = await it1.jobStatusAsOperator();
    const [{ code, stderr }] = await Promise.all([uninstall('60s'), agree()]);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(await guards()).toEqual([]);
    expect((await it1.get('approvalrequests', '-n', 'kept')).items).toHaveLength(1);
  });
});
