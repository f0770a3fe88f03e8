import { describe, expect, it } from 'vitest';
import { chart, helm, type Manifest, namespace, one, template } from './chartSupport.ts';

const on = ['--set', 'approvals.enabled=true'];
const onPostgreSQL = [...on, '--set', 'approvals.database.urlSecret.name=database'];
const named = (objects: Manifest[]): Manifest[] =>
  objects.filter((object) => (object.metadata.name as string).startsWith('countersign-approvals'));
const container = (deployment: Manifest): Manifest => (deployment.spec.template.spec.containers as Manifest[])[0]!;
const envOf = (deployment: Manifest): Record<string, string> =>
  Object.fromEntries((container(deployment).env as Manifest[]).map((entry) => [entry.name as string, entry.value as string]));
const volumesOf = (deployment: Manifest): Manifest[] => deployment.spec.template.spec.volumes as Manifest[];

describe('where the approval service is not asked for', () => {
  it('nothing of it is there, and the guards believe nobody who speaks for others', async () => {
    const objects = await template();
    expect(named(objects)).toEqual([]);
    const guards = ['countersign-decision-guard', 'countersign-request-guard'].map((name) =>
      one(objects, 'ValidatingAdmissionPolicy', name),
    );
    for (const guard of guards) expect(JSON.stringify(guard.spec.variables)).not.toContain('countersign-approvals');
    expect(JSON.stringify(one(objects, 'ValidatingWebhookConfiguration', 'countersign'))).not.toContain('relayed');
  });

  it('its identity is reserved all the same', async () => {
    expect(JSON.stringify(one(await template(), 'ValidatingAdmissionPolicy', 'countersign-operator-token').spec)).toContain(
      `system:serviceaccount:${namespace}:countersign-approvals`,
    );
  });
});

describe('the approval service', () => {
  it('runs alone, as an identity of its own', async () => {
    const deployment = one(await template(...on), 'Deployment', 'countersign-approvals');
    expect(envOf(deployment)['COUNTERSIGN_ROLES']).toBe('approvals');
    expect(deployment.spec.template.spec.serviceAccountName).toBe('countersign-approvals');
    expect(deployment.spec.template.metadata.labels).not.toHaveProperty(['countersign.dev/admission']);
  });

  it('writes what people ask and decide, asks who they are and what they may, and nothing else', async () => {
    const objects = await template(...on);
    const rules = one(objects, 'ClusterRole', 'countersign-approvals').rules as Manifest[];
    const writes = rules.filter((rule) => (rule.verbs as string[]).some((verb) => !['get', 'list', 'watch'].includes(verb)));
    expect(writes.map((rule): unknown => [rule.resources, rule.verbs])).toEqual([
      [
        ['approvalrequests', 'governedjobs'],
        ['get', 'list', 'watch', 'create', 'patch'],
      ],
      [['approvaldecisions'], ['create', 'get']],
      [['notificationchannels/status', 'clusternotificationchannels/status'], ['patch']],
      [['tokenreviews'], ['create']],
      [['subjectaccessreviews'], ['create']],
      [['events'], ['create']],
    ]);
    expect(rules.filter((rule) => (rule.resources as string[]).includes('jobs')).map((rule): unknown => rule.verbs)).toEqual([['get']]);
    const readable = rules.flatMap((rule) => rule.resources as string[]);
    for (const forbidden of ['secrets', 'configmaps', 'pods', 'users', 'groups', 'serviceaccounts'])
      expect(readable).not.toContain(forbidden);
    // One by its name, for whoever may read it themselves: it is what they decide on.
    const onJobs = rules.filter((rule) => (rule.resources as string[]).includes('jobs'));
    expect(onJobs.map((rule): unknown => [rule.resources, rule.verbs])).toEqual([[['jobs'], ['get']]]);
  });

  it('reaches two Secrets of its own, which the chart makes, and may create none', async () => {
    const objects = await template(...on);
    expect(one(objects, 'Role', 'countersign-approvals').rules).toEqual([
      {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: ['countersign-approvals-keys', 'countersign-approvals-certificates'],
        verbs: ['get', 'update'],
      },
    ]);
    for (const name of ['countersign-approvals-keys', 'countersign-approvals-certificates'])
      expect(one(objects, 'Secret', name)).not.toHaveProperty('data');
  });

  it('is judged by admission, which must answer', async () => {
    const { webhooks } = one(await template(...on), 'ValidatingWebhookConfiguration', 'countersign') as Manifest & { webhooks: Manifest[] };
    const failing = webhooks.filter((webhook) => webhook.failurePolicy !== 'Ignore');
    expect(failing.map((webhook): unknown => [webhook.name, webhook.failurePolicy])).toEqual([['relayed.countersign.dev', 'Fail']]);
  });
});

describe('its database', () => {
  it('is a file on a volume, written by one pod at a time', async () => {
    const objects = await template(...on);
    const deployment = one(objects, 'Deployment', 'countersign-approvals');
    expect(deployment.spec).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
    expect(volumesOf(deployment)).toEqual([{ name: 'database', persistentVolumeClaim: { claimName: 'countersign-approvals' } }]);
    one(objects, 'PersistentVolumeClaim', 'countersign-approvals');
    expect(objects.some((object) => object.kind === 'PodDisruptionBudget' && object.metadata.name === 'countersign-approvals')).toBe(false);
  });

  it('may go with its pod', async () => {
    const objects = await template(...on, '--set', 'approvals.database.volume.persistent=false');
    expect(volumesOf(one(objects, 'Deployment', 'countersign-approvals'))).toEqual([{ name: 'database', emptyDir: {} }]);
    expect(objects.some((object) => object.kind === 'PersistentVolumeClaim')).toBe(false);
  });

  it('is PostgreSQL for several, and its address is read from a file', async () => {
    const objects = await template(...onPostgreSQL, '--set', 'approvals.replicas=3');
    const deployment = one(objects, 'Deployment', 'countersign-approvals');
    expect(deployment.spec.replicas).toBe(3);
    expect(envOf(deployment)['COUNTERSIGN_APPROVALS_STORE_FILE']).toBe('/etc/countersign/database/url');
    expect(volumesOf(deployment)).toMatchObject([{ secret: { secretName: 'database', items: [{ key: 'url', path: 'url' }] } }]);
    one(objects, 'PodDisruptionBudget', 'countersign-approvals');
    expect(objects.some((object) => object.kind === 'PersistentVolumeClaim')).toBe(false);
  });

  it('has the authority of its certificate beside its address, where that is one of your own', async () => {
    const mountsOf = (deployment: Manifest): unknown[] =>
      (container(deployment).volumeMounts as Manifest[]).map((mount): unknown => [mount.name, mount.mountPath]);
    const without = one(await template(...onPostgreSQL), 'Deployment', 'countersign-approvals');
    expect(mountsOf(without)).toEqual([['database-url', '/etc/countersign/database']]);
    const own = ['--set', 'approvals.database.caSecret.name=database-ca', '--set', 'approvals.database.caSecret.key=root.pem'];
    const deployment = one(await template(...onPostgreSQL, ...own), 'Deployment', 'countersign-approvals');
    expect(mountsOf(deployment)).toContainEqual(['database-ca', '/etc/countersign/database-ca']);
    expect(volumesOf(deployment).find(({ name }) => name === 'database-ca')?.secret).toMatchObject({
      secretName: 'database-ca',
      items: [{ key: 'root.pem', path: 'ca.crt' }],
    });
    const { code, stderr } = await helm('template', 'countersign', chart, ...on, ...own);
    expect([code === 0, stderr]).toEqual([false, expect.stringContaining('approvals.database.caSecret: is for PostgreSQL') as string]);
  });

  it('scales with PostgreSQL by itself', async () => {
    const objects = await template(...onPostgreSQL, '--set', 'approvals.autoscaling.enabled=true');
    one(objects, 'HorizontalPodAutoscaler', 'countersign-approvals');
    expect(one(objects, 'Deployment', 'countersign-approvals').spec).not.toHaveProperty('replicas');
  });

  it.each(['approvals.replicas=2', 'approvals.autoscaling.enabled=true'])('refuses several on SQLite: %s', async (value) => {
    const { code, stderr } = await helm('template', 'countersign', chart, ...on, '--set', value);
    expect(code).not.toBe(0);
    expect(stderr).toContain('SQLite');
  });
});

describe('its settings', () => {
  it('come as variables, and secret ones as files', async () => {
    const secret = 'approvals.secretSettings.approvals_session_keys';
    const values = [
      'approvals.url=https://approve.example.com',
      'approvals.settings.approvals_rate=20',
      `${secret}.name=sessions`,
      `${secret}.key=keys`,
    ];
    const deployment = one(await template(...on, ...values.flatMap((value) => ['--set', value])), 'Deployment', 'countersign-approvals');
    expect(envOf(deployment)).toMatchObject({
      COUNTERSIGN_APPROVALS_URL: 'https://approve.example.com',
      COUNTERSIGN_APPROVALS_RATE: '20',
      COUNTERSIGN_APPROVALS_SESSION_KEYS_FILE: '/etc/countersign/secrets/approvals_session_keys/value',
    });
    const mounts = container(deployment).volumeMounts as Manifest[];
    const { name } = mounts.find((mount) => mount.mountPath === '/etc/countersign/secrets/approvals_session_keys')!;
    expect(volumesOf(deployment).find((volume) => volume.name === name)?.secret).toMatchObject({
      secretName: 'sessions',
      items: [{ key: 'keys', path: 'value' }],
    });
  });

  it.each([
    [['certificates.certManager.enabled=true'], 'countersign-approvals-certificates'],
    [['approvals.certificateSecret=public'], 'public'],
    [['certificates.certManager.enabled=true', 'approvals.certificateSecret=public'], 'public'],
  ])('name the certificate that somebody else makes: %j', async (values, secretName) => {
    const objects = await template(...on, ...values.flatMap((value) => ['--set', value]));
    const deployment = one(objects, 'Deployment', 'countersign-approvals');
    expect(envOf(deployment)['COUNTERSIGN_APPROVALS_CERT_DIR']).toBe('/etc/countersign/certificate');
    expect(volumesOf(deployment).find((volume) => volume.name === 'certificate')?.secret.secretName).toBe(secretName);
    expect((one(objects, 'Role', 'countersign-approvals').rules as Manifest[])[0]!.resourceNames).toEqual(['countersign-approvals-keys']);
    const certificates = objects.filter((object) => object.kind === 'Certificate').map((object) => object.metadata.name as string);
    expect(certificates.includes('countersign-approvals')).toBe(secretName !== 'public');
  });
});

describe('how it is reached', () => {
  it('is by its Service, and by an Ingress where one is asked for, with its host', async () => {
    const objects = await template(...on);
    expect(one(objects, 'Service', 'countersign-approvals').spec.ports).toEqual([{ name: 'https', port: 443, targetPort: 'approvals' }]);
    expect(objects.some((object) => object.kind === 'Ingress')).toBe(false);
    const ingress = [...on, '--set', 'approvals.ingress.enabled=true'];
    expect((await helm('template', 'countersign', chart, ...ingress)).stderr).toContain('approvals.ingress.host: is empty');
    const { spec } = one(
      await template(...ingress, '--set', 'approvals.ingress.host=approve.example.com'),
      'Ingress',
      'countersign-approvals',
    );
    expect(spec.rules).toMatchObject([{ host: 'approve.example.com' }]);
  });

  it('is limited by a policy to its port and those it calls', async () => {
    const { spec } = one(
      await template(...on, '--set', 'networkPolicy.approvalsEgressPorts={443,9443}'),
      'NetworkPolicy',
      'countersign-approvals',
    );
    expect(spec.ingress).toEqual([{ ports: [{ protocol: 'TCP', port: 'approvals' }] }]);
    const [rule] = spec.egress as { ports: { port: number }[] }[];
    expect(rule?.ports.map(({ port }) => port)).toEqual([443, 9443]);
  });
});
