import { describe, expect, it } from 'vitest';
import { chart, helm, type Manifest, manifests, namespace, one, succeeded, template } from './chartSupport.ts';

const set = (values: Record<string, string>): string[] => Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
/** All processes that there may be. */
const everything = { 'admission.separate': 'true', 'approvals.enabled': 'true' };
/** Which Secrets of its own namespace the controller reaches, and how. */
const secretRights = (objects: Manifest[]): unknown[] =>
  (one(objects, 'Role', 'countersign-controller').rules as Manifest[])
    .filter((rule) => (rule.resources as string[]).includes('secrets'))
    .map((rule): unknown => [rule.resourceNames, rule.verbs]);

describe('the values', () => {
  it('pass helm lint as they are', async () => {
    expect(await succeeded(helm('lint', '--strict', chart))).toContain('0 chart(s) failed');
  });

  it.each([
    ['holdMode=Sometimes', '/holdMode'],
    ['controller.replicas=-1', '/controller/replicas'],
    ['controller.replicas=two', '/controller/replicas'],
    ['controller.concurrency=0', '/controller/concurrency'],
    ['controller.podDisruptionBudget.minAvailable=150%', '/controller/podDisruptionBudget/minAvailable'],
    ['controller.resources.limits.memory=lots', '/controller/resources/limits/memory'],
    ['admission.url=http://plain.example.com', '/admission/url'],
    ['admission.autoscaling.targetCPUUtilizationPercentage=0', '/admission/autoscaling/targetCPUUtilizationPercentage'],
    ['image.digest=sha256:short', '/image/digest'],
    ['image.pullPolicy=Maybe', '/image/pullPolicy'],
    ['logLevel=loud', '/logLevel'],
    ['requests.retention=forever', '/requests/retention'],
    ['requests.defaultTimeout=1 week', '/requests/defaultTimeout'],
    ['requests.cronJobOpenRequests=0', '/requests/cronJobOpenRequests'],
    ['telemetry.otlpEndpoint=collector:4317', '/telemetry/otlpEndpoint'],
    ['networkPolicy.apiServerPorts={}', '/networkPolicy/apiServerPorts'],
    ['certificates.certManager.issuerRef.kind=Signer', '/certificates/certManager/issuerRef/kind'],
    ['uninstall.heldWork=release', '/uninstall/heldWork'],
    ['tests.enabled=1', '/tests/enabled'],
    ['approvals.url=http://plain.example.com', '/approvals/url'],
    ['approvals.database.volume.size=much', '/approvals/database/volume/size'],
    ['approvals.settings.qps=1', "invalid propertyName 'qps'"],
    ['admission.seperate=true', "additional properties 'seperate' not allowed"],
    ['controler.replicas=3', "additional properties 'controler' not allowed"],
  ])('refuse %s and name it', async (value, named) => {
    const { code, stderr } = await helm('template', 'countersign', chart, '--set', value);
    expect(code).not.toBe(0);
    expect(stderr).toContain(named);
  });
});

describe('how work is put on hold', () => {
  const holdMode = async (...args: string[]): Promise<string> => {
    const objects = manifests(await succeeded(helm('template', 'countersign', chart, '-n', namespace, ...args)));
    return (one(objects, 'ConfigMap', 'countersign').data as Record<string, string>)['COUNTERSIGN_HOLD_MODE']!;
  };

  it('is a MutatingAdmissionPolicy where the cluster has it: from 1.36 on, or when it says so', async () => {
    expect(await holdMode('--kube-version', '1.36.0')).toBe('MutatingAdmissionPolicy');
    expect(await holdMode('--kube-version', '1.37.2-gke.100')).toBe('MutatingAdmissionPolicy');
    expect(await holdMode('--kube-version', '1.34.0', '--api-versions', 'admissionregistration.k8s.io/v1/MutatingAdmissionPolicy')).toBe(
      'MutatingAdmissionPolicy',
    );
  });

  it('is a webhook before that', async () => {
    expect(await holdMode('--kube-version', '1.30.0')).toBe('Webhook');
    expect(await holdMode('--kube-version', '1.35.9')).toBe('Webhook');
  });

  it('is what the value says, whatever the cluster has', async () => {
    expect(await holdMode('--kube-version', '1.36.0', '--set', 'holdMode=Webhook')).toBe('Webhook');
  });

  it('is refused before 1.30, where nothing would keep held work held', async () => {
    expect((await helm('template', 'countersign', chart, '--kube-version', '1.29.0')).stderr).toContain('>=1.30.0-0');
  });
});

describe('every pod', () => {
  const podsOf = (objects: Manifest[]): [string, Manifest][] =>
    objects.flatMap((object): [string, Manifest][] => {
      const name = `${object.kind as string} ${object.metadata.name as string}`;
      if (object.kind === 'Pod') return [[name, object.spec as Manifest]];
      return object.kind === 'Deployment' || object.kind === 'Job' ? [[name, object.spec.template.spec as Manifest]] : [];
    });

  it('runs without any privilege that it does not need', async () => {
    const pods = podsOf(await template(...set(everything)));
    expect(pods.map(([name]) => name).sort()).toEqual([
      'Deployment countersign',
      'Deployment countersign-admission',
      'Deployment countersign-approvals',
      'Job uninstall-only-when-nothing-is-held',
      'Pod countersign-test',
    ]);
    for (const [name, pod] of pods) {
      expect(pod.securityContext, name).toMatchObject({ runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } });
      for (const container of pod.containers as Manifest[]) {
        expect(container.securityContext, name).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(Object.keys(container.resources.limits as object), name).toEqual(['cpu', 'memory']);
        expect(Object.keys(container.resources.requests as object), name).toEqual(['cpu', 'memory']);
      }
    }
  });

  it('has a token only where it talks to the API server', async () => {
    const pods = new Map(podsOf(await template(...set(everything))));
    const withToken = [...pods].filter(([, pod]) => pod.automountServiceAccountToken !== false).map(([name]) => name);
    expect(withToken.sort()).toEqual(['Deployment countersign', 'Deployment countersign-admission', 'Deployment countersign-approvals']);
  });

  it('of a server is probed, spread, given its name, and not given variables after our own Services', async () => {
    for (const [name, pod] of podsOf(await template(...set(everything))).filter(([kind]) => kind.startsWith('Deployment'))) {
      const container = (pod.containers as Manifest[])[0]!;
      expect(container.livenessProbe.httpGet, name).toEqual({ path: '/health', port: 'health' });
      expect(container.readinessProbe.httpGet, name).toEqual({ path: '/ready', port: 'health' });
      expect(
        (pod.topologySpreadConstraints as Manifest[]).map((constraint) => constraint.topologyKey as string),
        name,
      ).toEqual(['kubernetes.io/hostname', 'topology.kubernetes.io/zone']);
      expect(
        (container.env as Manifest[]).map((e) => e.name as string),
        name,
      ).toEqual(['COUNTERSIGN_ROLES', 'NODE_OPTIONS', 'COUNTERSIGN_NAMESPACE', 'COUNTERSIGN_POD_NAME']);
      expect(pod.enableServiceLinks, name).toBe(false);
    }
  });
});

describe('the roles of the process', () => {
  const rolesOf = (deployment: Manifest): string =>
    ((deployment.spec.template.spec.containers as Manifest[])[0]!.env as Manifest[]).find((e) => e.name === 'COUNTERSIGN_ROLES')!
      .value as string;

  it('share one Deployment by default', async () => {
    const objects = await template();
    const deployments = objects.filter((object) => object.kind === 'Deployment');
    expect(deployments.map(rolesOf)).toEqual(['controller,admission']);
    expect(deployments[0]!.spec.replicas).toBe(2);
    expect(objects.some((object) => object.kind === 'HorizontalPodAutoscaler')).toBe(false);
  });

  it('may be taken apart: admission then has an identity, a scale and a budget of its own, and may change nothing', async () => {
    const objects = await template('--set', 'admission.separate=true');
    expect(rolesOf(one(objects, 'Deployment', 'countersign'))).toBe('controller');
    const admission = one(objects, 'Deployment', 'countersign-admission');
    expect(rolesOf(admission)).toBe('admission');
    expect(admission.spec.template.spec.serviceAccountName).toBe('countersign-admission');
    // The autoscaler owns the number.
    expect(admission.spec.replicas).toBeUndefined();
    one(objects, 'HorizontalPodAutoscaler', 'countersign-admission');
    one(objects, 'PodDisruptionBudget', 'countersign-admission');
    const rules = one(objects, 'ClusterRole', 'countersign-admission').rules as Manifest[];
    const writes = rules.filter((rule) => (rule.verbs as string[]).some((verb) => !['get', 'list', 'watch'].includes(verb)));
    expect(writes.map((rule): unknown => [rule.resources, rule.verbs])).toEqual([
      [['jobs'], ['get', 'create']],
      [['subjectaccessreviews'], ['create']],
    ]);
  });

  it('answer admission behind one Service, together or apart', async () => {
    for (const separate of ['false', 'true']) {
      const objects = await template(...set({ 'admission.separate': separate }));
      const selector = Object.entries(one(objects, 'Service', 'countersign-admission').spec.selector as Record<string, string>);
      const chosen = objects
        .filter((object) => object.kind === 'Deployment')
        .filter(({ spec }) => selector.every(([key, value]) => (spec.template.metadata.labels as Record<string, string>)[key] === value));
      expect(chosen.map((object) => object.metadata.name as string)).toEqual([
        separate === 'true' ? 'countersign-admission' : 'countersign',
      ]);
    }
  });
});

describe('RBAC', () => {
  it('names every group, resource and verb: no wildcard anywhere', async () => {
    for (const role of (await template(...set(everything))).filter((object) => /Role$/.test(object.kind as string)))
      for (const rule of (role.rules ?? []) as Manifest[])
        for (const part of ['apiGroups', 'resources', 'verbs'])
          expect(rule[part], `${role.metadata.name as string} ${part}`).not.toContain('*');
  });

  it('lets the controller reach no Secret but its own two, only list pods, and nothing that runs code in its place', async () => {
    const objects = await template();
    const cluster = one(objects, 'ClusterRole', 'countersign-controller').rules as Manifest[];
    const everywhere = cluster.flatMap((rule) => rule.resources as string[]);
    expect(cluster.filter((rule) => (rule.resources as string[]).includes('pods')).map((rule): unknown => rule.verbs)).toEqual([['list']]);
    for (const forbidden of [
      'secrets',
      'pods/exec',
      'serviceaccounts',
      'serviceaccounts/token',
      'customresourcedefinitions',
      'clusterroles',
    ])
      expect(everywhere).not.toContain(forbidden);
    expect(secretRights(objects)).toEqual([
      [undefined, ['create']],
      [['countersign-signing'], ['get']],
      [['countersign-certificates'], ['get', 'update', 'patch']],
    ]);
  });

  it('makes nobody an approver or a policy author by a role they already had', async () => {
    const roles = (await template()).filter((object) => object.kind === 'ClusterRole');
    const intoKubernetes = roles.filter((role) =>
      Object.keys(role.metadata.labels as object).some((label) => label.startsWith('rbac.authorization.k8s.io/aggregate-to-')),
    );
    expect(intoKubernetes.map((role) => role.metadata.name as string).sort()).toEqual([
      'countersign-canceller',
      'countersign-requester',
      'countersign-viewer',
    ]);
    for (const rule of intoKubernetes.flatMap((role) => role.rules as Manifest[])) {
      const writes = (rule.verbs as string[]).filter((verb) => !['get', 'list', 'watch'].includes(verb));
      if (writes.length === 0) continue;
      for (const resource of ['approvaldecisions', 'approvalpolicies', 'clusterapprovalpolicies'])
        expect(rule.resources).not.toContain(resource);
    }
    expect(rolesThatAggregate(await template('--set', 'rbac.aggregate=false'))).toEqual([]);
  });

  const rolesThatAggregate = (objects: Manifest[]): string[] =>
    objects
      .filter((object) => Object.keys((object.metadata.labels ?? {}) as object).some((label) => label.includes('/aggregate-to-view')))
      .map((object) => object.metadata.name as string);
});

describe('certificates', () => {
  it('come from the operator unless cert-manager makes them; then the operator needs no right on the Secret with the certificate', async () => {
    const objects = await template('--set', 'certificates.certManager.enabled=true');
    const certificate = one(objects, 'Certificate', 'countersign-admission');
    expect(certificate.spec).toMatchObject({
      secretName: 'countersign-certificates',
      dnsNames: expect.arrayContaining([`countersign-admission.${namespace}.svc`]),
    });
    one(objects, 'Issuer', 'countersign-self-signed');
    expect(secretRights(objects)).toEqual([
      [undefined, ['create']],
      [['countersign-signing'], ['get']],
    ]);
    expect((await template()).some((object) => object.kind === 'Certificate')).toBe(false);
  });

  it('are signed by the issuer that is named', async () => {
    const objects = await template(
      ...set({
        'certificates.certManager.enabled': 'true',
        'certificates.certManager.issuerRef.name': 'corp',
        'certificates.certManager.issuerRef.kind': 'ClusterIssuer',
      }),
    );
    expect(one(objects, 'Certificate', 'countersign-admission').spec.issuerRef).toEqual({
      group: 'cert-manager.io',
      kind: 'ClusterIssuer',
      name: 'corp',
    });
    expect(objects.some((object) => object.kind === 'Issuer')).toBe(false);
  });
});

describe('CRDs', () => {
  it('are the generated ones, upgraded with the chart, and never deleted with it', async () => {
    const crds = (await template()).filter((object) => object.kind === 'CustomResourceDefinition');
    expect(crds.map((crd) => crd.spec.names.kind as string).sort()).toEqual([
      'ApprovalDecision',
      'ApprovalDelegation',
      'ApprovalPolicy',
      'ApprovalRequest',
      'Approver',
      'ClusterApprovalPolicy',
      'ClusterNotificationChannel',
      'GovernedJob',
      'NotificationChannel',
    ]);
    for (const crd of crds) expect(crd.metadata.annotations).toMatchObject({ 'helm.sh/resource-policy': 'keep' });
  });

  it('can be left to somebody else', async () => {
    expect((await template('--set', 'crds.install=false')).some((object) => object.kind === 'CustomResourceDefinition')).toBe(false);
  });
});
