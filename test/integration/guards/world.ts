import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments } from 'yaml';
import { operatorToken, startCluster, type Cluster } from '../../../hack/cluster/cluster.ts';
import { kindsAreKnown } from '../../../hack/platform/chart.ts';
import { compile, type GuardedPolicy, type HoldMode } from '../../../operator/guards/index.ts';
import { Api, eventually, type Stored } from './api.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../../..');

export const operatorNamespace = 'countersign-system';
export const operatorUser = `system:serviceaccount:${operatorNamespace}:countersign`;
/** The approval service. */
export const relayUser = `${operatorUser}-approvals`;
export const leaderPod = 'countersign-leader';
export const accountPath = `/api/v1/namespaces/${operatorNamespace}/serviceaccounts`;
export const leasePath = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases`;

/** Everybody may do everything to Jobs, pods and our kinds here, so that what refuses is a guard and not RBAC; but not the custom verbs. */
const everything = ['get', 'list', 'create', 'update', 'patch', 'delete', 'deletecollection'];
export const people = {
  alice: ['dev'],
  mallory: ['dev'],
  /** In dev, and in one more group, whose name has two lines; in `trusted` she is not. */
  nellie: ['dev', 'x\ntrusted'],
  bob: ['finance'],
  /** May do all that alice may, and has the verb cancel. */
  carol: ['canceller'],
  /** May write our kinds, but may not create Jobs. */
  norman: ['no-jobs'],
  /** Has the verb delegate on delegations, and reassign and override on requests. */
  dora: ['trusted'],
  /** Has every verb on our kinds, by a wildcard. */
  wilma: ['wildcard'],
} as const;
export type Who = keyof typeof people | 'admin' | 'operator' | 'superseded' | 'impersonator' | 'rootImpersonator' | RelayLike;

/** The approval service, whoever borrows its name, and a pod of another account. */
export type RelayLike = 'relay' | 'relayImpersonator' | 'otherService';

/** A cluster with the static guards and those of some policies, and with no process of ours. */
export interface World {
  readonly cluster: Cluster;
  readonly admin: Api;
  readonly policies: readonly GuardedPolicy[];
  readonly guards: readonly GuardLike[];
  as(who: Who): Api;
  /** A new namespace, with further labels; with `governed`, the policy `gate` holds its Jobs. */
  namespace(governed?: boolean, labels?: Record<string, string>): Promise<string>;
  stop(): Promise<void>;
}

/** A manifest of a guard. */
export interface GuardLike {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: unknown;
}

/** The cluster policy that governs Jobs in namespaces with the label governed=yes, and everywhere Jobs labelled tier=prod. */
export const policy = {
  kind: 'ClusterApprovalPolicy',
  name: 'gate',
  match: [
    { apiGroups: ['batch'], kinds: ['Job'], namespaceSelector: { matchLabels: { governed: 'yes' } } },
    { apiGroups: ['batch'], kinds: ['Job'], objectSelector: { matchLabels: { tier: 'prod' } } },
  ],
} satisfies Parameters<typeof compile>[0];
export const policyMarkKey = 'policy.countersign.dev/cluster_.gate';

/** `more`: policies beside `gate`. */
export async function startWorld(holdMode: HoldMode = 'MutatingAdmissionPolicy', more: readonly GuardedPolicy[] = []): Promise<World> {
  const dir = await mkdtemp(join(tmpdir(), 'countersign-guards-'));
  const cluster = await startCluster({ dir, name: 'guards', fsync: false });
  const clients = new Map<Who, Api>([['admin', Api.fromKubeconfig(cluster.adminKubeconfig)]]);
  const admin = clients.get('admin')!;
  // The last, because it is the one that is waited for.
  const policies = [...more, policy];
  const guards = [...(await chartGuards(cluster, holdMode)), ...policies.flatMap((p) => compile(p, { holdMode, operatorUser }))];
  await installKinds(admin);
  await createPeople(cluster, admin, clients);
  await createOperator(cluster, admin, clients);
  for (const guard of guards) await applyGuard(admin, guard);
  const operator = clients.get('operator')!;
  await operator.create(leasePath, { metadata: { name: 'countersign-controller' }, spec: { holderIdentity: leaderPod } });
  await nameLeader(operator, leaderPod);
  let count = 0;
  const world: World = {
    cluster,
    admin,
    policies,
    guards,
    as: (who) => clients.get(who)!,
    namespace: async (governed = true, labels = {}) => {
      const name = `g${(count += 1)}`;
      await admin.create('/api/v1/namespaces', { metadata: { name, labels: { ...labels, ...(governed ? { governed: 'yes' } : {}) } } });
      return name;
    },
    stop: async () => {
      await Promise.all([...new Set(clients.values())].map((client) => client.close()));
      await cluster.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
  await kindsAreKnown(cluster);
  await guardsBite(world, holdMode);
  return world;
}

const pathOf = (kind: string): string => `/apis/admissionregistration.k8s.io/v1/${kind.toLowerCase().replace(/y$/, 'ie')}s`;

export const applyGuard = (admin: Api, guard: GuardLike): Promise<Stored> =>
  admin.apply(`${pathOf(guard.kind)}/${guard.metadata.name}`, guard);
export const removeGuard = (admin: Api, guard: GuardLike): Promise<Stored> => admin.delete(`${pathOf(guard.kind)}/${guard.metadata.name}`);

/** Unbinds policies of the API server, waits until the probe shows that it has noticed, and binds them again. */
export async function withoutBindings(
  { admin, guards }: Pick<World, 'admin' | 'guards'>,
  policies: ReadonlySet<string>,
  probe: () => Promise<unknown>,
  body: () => Promise<void>,
): Promise<void> {
  const bindings = guards.filter(
    (guard): guard is GuardLike & { spec: { policyName: string } } =>
      guard.kind.endsWith('Binding') && policies.has((guard.spec as { policyName: string }).policyName),
  );
  if (policies.size === 0 || new Set(bindings.map((binding) => binding.spec.policyName)).size !== policies.size)
    throw new Error(`not all of ${[...policies].join(', ')} are bound`);
  for (const binding of bindings) await removeGuard(admin, binding);
  try {
    await eventually(`${[...policies].join(' and ')} gone`, async () => ((await probe()) === false ? undefined : true));
    await body();
  } finally {
    for (const binding of bindings) await applyGuard(admin, binding);
  }
}

/** The manifests of templates/guards, as the chart renders them. */
async function chartGuards(cluster: Cluster, holdMode: HoldMode): Promise<GuardLike[]> {
  const files = (await readdir(join(chart, 'templates/guards'))).filter((file) => file.endsWith('.yaml'));
  return renderChart(
    cluster,
    files.map((file) => `templates/guards/${file}`),
    { holdMode, 'approvals.enabled': 'true' },
  );
}

const chart = join(root, 'charts/countersign');

/** Manifests of some templates of the chart. */
export async function renderChart(cluster: Cluster, templates: readonly string[], values: Record<string, string>): Promise<GuardLike[]> {
  const show = templates.flatMap((file) => ['--show-only', file]);
  const set = Object.entries(values).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const { stdout } = await run(
    cluster.helm,
    ['template', 'countersign', chart, '--namespace', operatorNamespace, '--kube-version', '1.36.0', ...set, ...show],
    { maxBuffer: 64 << 20 },
  );
  return parseAllDocuments(stdout).map((document) => document.toJS() as GuardLike);
}

async function installKinds(admin: Api): Promise<void> {
  const folder = join(root, 'crds/generated');
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.yaml'))) {
    const [document] = parseAllDocuments(await readFile(join(folder, file), 'utf8'));
    const crd = document!.toJS() as GuardLike;
    await admin.apply(`/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd.metadata.name}`, crd);
  }
  await eventually('the kinds are served', () => admin.get('/apis/countersign.dev/v1alpha1/approvaldecisions'));
}

async function createPeople(cluster: Cluster, admin: Api, clients: Map<Who, Api>): Promise<void> {
  for (const [name, groups] of Object.entries(people)) {
    clients.set(name as Who, Api.fromKubeconfig(await cluster.userKubeconfig(name, [...groups])));
  }
  clients.set('impersonator', admin.as(operatorUser));
  clients.set('relayImpersonator', admin.as(relayUser));
  clients.set('rootImpersonator', admin.as('alice', ['system:masters']));
  const ours = { apiGroups: ['countersign.dev'], resources: ['*'], verbs: everything };
  const work = {
    apiGroups: ['batch', ''],
    resources: ['jobs', 'jobs/status', 'cronjobs', 'cronjobs/status', 'pods', 'pods/status'],
    verbs: everything,
  };
  const accounts = { apiGroups: [''], resources: ['serviceaccounts'], verbs: everything };
  const leases = { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: everything };
  const tokens = { apiGroups: [''], resources: ['serviceaccounts/token', 'secrets'], verbs: ['create', 'get'] };
  const cancel = { apiGroups: ['countersign.dev'], resources: ['approvalrequests', 'governedjobs'], verbs: ['cancel'] };
  await role(admin, 'dev', [ours, work, leases, accounts, tokens]);
  await role(admin, 'finance', [ours, work]);
  await role(admin, 'canceller', [ours, work, cancel]);
  await role(admin, 'no-jobs', [ours]);
  const verbs = [
    { apiGroups: ['countersign.dev'], resources: ['approvaldelegations'], verbs: ['delegate'] },
    { apiGroups: ['countersign.dev'], resources: ['approvalrequests'], verbs: ['override', 'reassign'] },
  ];
  await role(admin, 'trusted', [ours, ...verbs]);
  await role(admin, 'wildcard', [{ apiGroups: ['countersign.dev'], resources: ['*'], verbs: ['*'] }]);
}

async function role(admin: Api, group: string, rules: object[]): Promise<void> {
  await admin.create('/apis/rbac.authorization.k8s.io/v1/clusterroles', { metadata: { name: group }, rules });
  await admin.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: group },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: group },
    subjects: [{ kind: 'Group', name: group, apiGroup: 'rbac.authorization.k8s.io' }],
  });
}

/** The service accounts of ours, and one of somebody's, with all rights there are: the guards bind them too. Their tokens belong to pods, as a kubelet gives them. */
async function createOperator(cluster: Cluster, admin: Api, clients: Map<Who, Api>): Promise<void> {
  await admin.create('/api/v1/namespaces', { metadata: { name: operatorNamespace } });
  const accounts = ['countersign', 'countersign-approvals', 'other'];
  for (const name of accounts) await admin.create(`/api/v1/namespaces/${operatorNamespace}/serviceaccounts`, { metadata: { name } });
  await admin.create('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    metadata: { name: 'operator' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: accounts.map((name) => ({ kind: 'ServiceAccount', name, namespace: operatorNamespace })),
  });
  const ca = await readFile(cluster.caFile, 'utf8');
  for (const [who, serviceAccount, podName] of [
    ['operator', 'countersign', leaderPod],
    ['superseded', 'countersign', 'countersign-superseded'],
    ['relay', 'countersign-approvals', 'countersign-approvals-1'],
    ['otherService', 'other', 'other-1'],
  ] as const) {
    await eventually('the pod is admitted', () =>
      admin.create(`/api/v1/namespaces/${operatorNamespace}/pods`, {
        metadata: { name: podName },
        spec: { serviceAccountName: serviceAccount, nodeName: cluster.nodeName, containers: [{ name: 'x', image: 'x' }] },
      }),
    );
    const token = await operatorToken(cluster, { namespace: operatorNamespace, serviceAccount, podName });
    clients.set(who, Api.withCredential(cluster.url, { ca, token }));
  }
}

/** As a pod of the operator does when its reign begins (itself) or ends (''). */
export const nameLeader = (operator: Api, pod: string): Promise<Stored> =>
  operator.patch(`${accountPath}/countersign`, { metadata: { annotations: { 'countersign.dev/leader': pod } } });

/** New policies take up to a second to bite: wait until the last that was made does, and the first, and the fence knows the leader. */
async function guardsBite(world: World, holdMode: HoldMode): Promise<void> {
  const ns = await world.namespace();
  const job = (name: string): object => ({
    metadata: { name },
    spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'x', image: 'x' }] } } },
  });
  const jobs = `/apis/batch/v1/namespaces/${ns}/jobs`;
  let count = 0;
  await eventually('governed Jobs do not run', async () => {
    try {
      const made = await world.as('alice').create(jobs, job(`probe-${(count += 1)}`));
      return made.metadata.annotations?.[policyMarkKey] === undefined ? undefined : true;
    } catch {
      return holdMode === 'Webhook' ? true : undefined;
    }
  });
  const theLease = { metadata: { name: 'countersign-controller', namespace: operatorNamespace } };
  await eventually('a forged lease is refused', async () => {
    const outcome = await world.admin.create(leasePath, theLease).then(
      () => '',
      (error: unknown) => (error instanceof Error ? error.message : ''),
    );
    return outcome.includes('only a pod of the operator') ? true : undefined;
  });
  // All were made before these two were seen; the API server takes them over at the same time, but in no order.
  await new Promise((resolve) => setTimeout(resolve, 2000));
}
