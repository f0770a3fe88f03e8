import { describe, expect, test } from 'vitest';
import { whenId } from '../../operator/guards/index.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import { auditJob } from './auditJob.ts';
import { holdJob } from './holdJob.ts';
import { AdmissionRequest } from './review.ts';

const operatorUser = 'system:serviceaccount:countersign-system:countersign';
const finance = "namespaceObject.metadata.labels.team == 'finance' && object.spec.parallelism > 10";

interface Cluster {
  /** The `when` of the stored policy; none where the policy is gone. */
  readonly when?: string;
  readonly team?: string;
}

/** An API server that has one policy and one namespace. */
const depsOf = ({ when, team = 'finance' }: Cluster) => ({
  operatorUser,
  client: {
    get: (({ kind }: { kind: string }) => {
      if (kind === 'Namespace') return Promise.resolve({ metadata: { name: 'payments', labels: { team } } });
      if (when === undefined) return Promise.reject(new Error('not found'));
      const job = { apiGroups: ['batch'], kinds: ['Job'] };
      return Promise.resolve({ spec: { match: [job, { ...job, when }] } });
    }) as unknown as KubeClient['get'],
  },
});

const requestOf = (parallelism: number, more: object = {}): AdmissionRequest =>
  AdmissionRequest.parse({
    uid: 'u',
    kind: { group: 'batch', version: 'v1', kind: 'Job' },
    namespace: 'payments',
    operation: 'CREATE',
    userInfo: { username: 'alice' },
    object: { metadata: { name: 'a' }, spec: { parallelism } },
    ...more,
  });

const context = (verb: 'hold' | 'audit', when = finance) => ({
  path: `/${verb}/when/${whenId(when)}/namespace/payments/tiers`,
  signal: new AbortController().signal,
});

async function isPatched(handler: ReturnType<typeof holdJob>, request: AdmissionRequest, at: ReturnType<typeof context>): Promise<boolean> {
  const verdict = await handler.review(request, at);
  if (!verdict.allowed) throw new Error(verdict.message);
  return (verdict.patch ?? []).length > 0;
}

describe.each([
  ['hold', holdJob],
  ['audit', auditJob],
] as const)('a when that the API server cannot evaluate, for %s', (verb, handler) => {
  test.each<[string, boolean, number, Cluster]>([
    ['it is true', true, 11, { when: finance }],
    ['it is false of the Job', false, 10, { when: finance }],
    ['it is false of the namespace', false, 11, { when: finance, team: 'sales' }],
    ['it fails', true, 11, { when: `${finance} && object.metadata.labels.x == 'y'` }],
    ['the policy cannot be read', true, 1, {}],
    ['the policy has become another', true, 1, { when: 'object.spec.parallelism > 1000' }],
  ])('where %s: %s', async (_name, expected, parallelism, cluster) => {
    const when = cluster.when?.startsWith(finance) === true ? cluster.when : finance;
    expect(await isPatched(handler(depsOf(cluster)), requestOf(parallelism), context(verb, when))).toBe(expected);
  });

  test('is true of a probe of the operator, and of nobody else who calls a Job so', async () => {
    const object = { metadata: { generateName: 'countersign-probe-' }, spec: { parallelism: 1 } };
    const userInfo = { username: operatorUser, extra: { 'authentication.kubernetes.io/pod-name': ['countersign-1'] } };
    const probes = (more: object): Promise<boolean> =>
      isPatched(handler(depsOf({ when: finance })), requestOf(1, { object, ...more }), context(verb));
    expect(await probes({ userInfo, dryRun: true })).toBe(true);
    expect(await probes({ userInfo })).toBe(false);
    expect(await probes({ dryRun: true })).toBe(false);
    expect(await probes({ userInfo: { username: operatorUser }, dryRun: true })).toBe(false);
  });
});

describe('what an audit leaves on a Job', () => {
  test('is a label and a mark, and nothing that holds', async () => {
    const verdict = await auditJob(depsOf({})).review(requestOf(1), { ...context('audit'), path: '/audit/cluster/tiers' });
    expect(verdict).toEqual({
      allowed: true,
      patch: [
        { op: 'add', path: '/metadata/labels', value: { 'countersign.dev/audit': 'true' } },
        { op: 'add', path: '/metadata/annotations', value: { 'audit.countersign.dev/cluster_.tiers': 'would-hold' } },
      ],
    });
  });

  test('is for the paths of policies that audit alone', async () => {
    const verdict = await auditJob(depsOf({})).review(requestOf(1), { ...context('hold'), path: '/audit/elsewhere' });
    expect(verdict).toMatchObject({ allowed: false, code: 400 });
  });
});
