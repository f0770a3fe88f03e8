import { setTimeout as sleep } from 'node:timers/promises';
import { approvalDecisions, approvalDelegations, approvalPolicies } from '../../../crds/v1alpha1/index.ts';
import { ApiError } from '../../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { Seeded } from '../../fixtures/seeded.ts';
import { governedJob, job, matchGovernedJobs, matchJobs, resources, type StoredRequest, type TestNamespace } from '../../fixtures/world.ts';
import { decisionOn, runsOn } from './support.ts';
import { named } from './overrides.ts';

/** A random life on the real API server: several people create, edit, decide, delegate, override and write policies, in whatever order. */

const approvers = ['bob', 'carol', 'dave'] as const;
const groups: Readonly<Record<string, string[]>> = { alice: [], bob: ['finance'], carol: ['finance', 'security'], dave: ['security'] };

/** Who is asked, per line. */
export interface Line {
  readonly count: number;
  readonly from: readonly { readonly group?: string; readonly user?: string }[];
}

/** What was done, for whoever looks whether it was right. */
export interface Lived {
  readonly seed: number;
  readonly told: readonly string[];
  /** What the policy asked, by its generation. */
  readonly asked: ReadonlyMap<number, readonly Line[]>;
}

const linesFor = (ns: TestNamespace, random: Seeded): Line[] =>
  random.oneOf<Line[]>([
    [{ count: 1, from: [{ group: 'finance' }] }],
    [{ count: 2, from: [{ group: 'finance' }] }],
    [{ count: 1, from: [{ user: named(ns, 'dave') }] }],
    [
      { count: 1, from: [{ group: 'finance' }] },
      { count: 1, from: [{ group: 'security' }] },
    ],
  ]);

const specOf = (require: readonly Line[]) => ({
  match: [...matchJobs, ...matchGovernedJobs],
  stages: [{ name: 's', require, rejections: 2, onTimeout: 'Expire' }],
});

export async function live(ns: TestNamespace, seed: number, steps: number): Promise<Lived> {
  const random = new Seeded(seed);
  const told: string[] = [];
  const asked = new Map<number, readonly Line[]>();
  await people(ns);
  const first = linesFor(ns, random);
  asked.set((await ns.policy('pay', specOf(first))).metadata.generation ?? 0, first);
  const client = (who: string): Promise<KubeClient> => ns.as(named(ns, who), groups[who] ?? []);
  /** Does it if it is allowed: that somebody is refused is part of life. */
  const tries = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    const refused = await act().then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof ApiError && error.status < 500) return error.message.slice(0, 120);
        throw error;
      },
    );
    told.push(refused === undefined ? what : `${what}: refused, ${refused}`);
  };
  const acts: (() => Promise<void>)[] = [
    () => decide(random.oneOf(['Approve', 'Approve', 'Approve', 'Reject'])),
    () => decide('Approve'),
    () => decide('Approve'),
    () => decide('Override', { ticket: 'INC-1' }),
    async () => {
      const [from, to] = [random.oneOf(['bob', 'carol']), random.oneOf(approvers)];
      const spec = { from: named(ns, from), to: named(ns, to) };
      const object = { apiVersion: 'countersign.dev/v1alpha1', kind: 'ApprovalDelegation', metadata: { generateName: 'away-' }, spec };
      const person = await client(from);
      await tries(`${from} delegates to ${to}`, () => person.create(approvalDelegations, ns.name, object));
    },
    async () => {
      const require = linesFor(ns, random);
      await tries(`the policy asks ${JSON.stringify(require)}`, async () => {
        const ref = { namespace: ns.name, name: 'pay' };
        const changed = await ns.admin.patch(approvalPolicies, ref, { spec: specOf(require) }, { type: 'merge' });
        asked.set(changed.metadata.generation ?? 0, require);
      });
    },
    async () => {
      const image = `registry.example/tool:${random.below(3)}`;
      const alice = await client('alice');
      const body = { spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: 'main', image, command: ['run'] }] } } } } } };
      await tries(`alice edits the GovernedJob to ${image}`, () =>
        alice.patch(resources.governedJobs, { namespace: ns.name, name: 'governed' }, body, { type: 'merge' }),
      );
    },
    async () => {
      const alice = await client('alice');
      await tries('alice starts the Job herself', () =>
        alice.patch(resources.jobs, { namespace: ns.name, name: 'plain' }, { spec: { suspend: false } }, { type: 'merge' }),
      );
    },
    () => sleep(200 + random.below(800)),
  ];
  const decide = async (verdict: string, more: object = {}): Promise<void> => {
    const who = random.oneOf([...approvers, 'alice'] as const);
    const { items } = await ns.admin.list<StoredRequest>(resources.approvalRequests, { namespace: ns.name });
    const request = items[random.below(Math.max(1, items.length))];
    if (request?.status?.subjectDigest === undefined) return;
    const shown = { name: request.metadata.name, uid: request.metadata.uid, digest: request.status.subjectDigest };
    const person = await client(who);
    await tries(`${who}: ${verdict} on ${request.metadata.name} ${shown.digest.slice(10, 18)}`, () =>
      person.create(approvalDecisions, ns.name, decisionOn(verdict, [shown], more)),
    );
  };
  const alice = await client('alice');
  await tries('alice creates a Job', () => alice.create(resources.jobs, ns.name, job('plain', runsOn)));
  await tries('alice creates a GovernedJob', () => alice.create(resources.governedJobs, ns.name, governedJob('governed', {}, runsOn)));
  for (let step = 0; step < steps; step += 1) await acts[random.below(acts.length)]?.();
  return { seed, told, asked };
}

async function people(ns: TestNamespace): Promise<void> {
  const rule = (resource: string, ...verbs: string[]) => ({ apiGroups: ['countersign.dev'], resources: [resource], verbs });
  await ns.grant('delegating', [rule('approvaldelegations', 'get', 'create')], [named(ns, 'bob'), named(ns, 'carol')]);
  await ns.grant('overriding', [rule('approvalrequests', 'override')], [named(ns, 'carol'), named(ns, 'dave')]);
}

/** Every Job that somebody let go. */
export const running = async (ns: TestNamespace): Promise<KubeObject[]> =>
  (await ns.admin.list(resources.jobs, { namespace: ns.name })).items.filter((j) => (j['spec'] as { suspend?: boolean }).suspend !== true);
