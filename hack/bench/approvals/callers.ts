import { inParallel } from '../bareClient.ts';
import type { Bench } from '../bench.ts';
import { names } from '../objects.ts';

/** Somebody who calls with a token. */
export interface TokenCaller {
  readonly username: string;
  readonly token: string;
}

/** ServiceAccounts of one namespace, who may ask and decide everywhere. */
export interface Callers {
  readonly namespace: string;
  readonly all: readonly TokenCaller[];
  /** The nth of an endless round through them. */
  nth(n: number): TokenCaller;
}

/** As the API server knows all of them. */
export const groupsOf = ({ namespace }: Callers): string[] => [
  'system:serviceaccounts',
  `system:serviceaccounts:${namespace}`,
  'system:authenticated',
];

const lifeSeconds = 86_400;

/** Makes so many callers, each with a token for the approval service. Rates count for each caller: more callers, more decisions. */
export async function makeCallers(bench: Bench, count: number): Promise<Callers> {
  const { admin } = bench;
  const namespace = await bench.namespace();
  for (const role of ['countersign-approver', 'countersign-requester'])
    await admin.send('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', binding(namespace, role));
  const all: TokenCaller[] = [];
  await inParallel(names('caller', count), 8, async (name) => {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    await admin.send('POST', path, { metadata: { name } });
    const review = { spec: { audiences: ['countersign-approvals'], expirationSeconds: lifeSeconds } };
    const { status } = await admin.object<{ status: { token: string } }>('POST', `${path}/${name}/token`, review);
    all.push({ username: `system:serviceaccount:${namespace}:${name}`, token: status.token });
  });
  return { namespace, all, nth: (n) => nthOf(all, n) };
}

function nthOf(all: readonly TokenCaller[], n: number): TokenCaller {
  const caller = all[n % all.length];
  if (caller === undefined) throw new Error('there are no callers');
  return caller;
}

const binding = (namespace: string, role: string): object => ({
  metadata: { name: `${namespace}-${role}` },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: `system:serviceaccounts:${namespace}` }],
});

/** Any one of the callers must agree, to Jobs and to what is asked for by itself. */
export const callersPolicy = ({ namespace, all }: Callers): object => ({
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'ApprovalPolicy',
  metadata: { name: 'bench' },
  spec: {
    match: [
      { apiGroups: ['batch'], kinds: ['Job'] },
      { apiGroups: ['countersign.dev'], kinds: ['ApprovalRequest'] },
    ],
    stages: [
      {
        name: 'callers',
        require: [{ count: 1, from: all.map(({ username }) => ({ serviceAccount: { namespace, name: last(username) } })) }],
      },
    ],
  },
});

const last = (username: string): string => username.slice(username.lastIndexOf(':') + 1);
