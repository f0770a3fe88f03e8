import { describe, expect } from 'vitest';
import { annotations } from '../../../crds/v1alpha1/index.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../../operator/kube/client/types.ts';
import { test } from '../../fixtures/inNamespace.ts';
import {
  condition,
  governedJob,
  hasEnded,
  isTrue,
  job,
  matchGovernedJobs,
  matchJobs,
  matchRequests,
  oneOf,
  request,
  resources,
  type StoredRequest,
  type TestNamespace,
} from '../../fixtures/world.ts';
import { bobOf, decidesInVain, financeAgrees, patch } from './support.ts';

/** Work that the account `pipeline` asks for, of each kind that policies govern. */
interface Kind {
  readonly kind: string;
  readonly of: ResourceType;
  readonly manifest: object;
}

const kinds: readonly Kind[] = [
  { kind: 'Job', of: resources.jobs, manifest: job('wire') },
  { kind: 'GovernedJob', of: resources.governedJobs, manifest: governedJob('wire') },
  { kind: 'ApprovalRequest', of: resources.approvalRequests, manifest: request('wire') },
];

const inNameOf = (who: string, manifest: object): object => {
  const { metadata, ...rest } = manifest as { metadata: object };
  return { ...rest, metadata: { ...metadata, annotations: { [annotations.onBehalfOf]: who } } };
};

const accountOf = (ns: TestNamespace): string => `system:serviceaccount:${ns.name}:pipeline`;

/** Finance is asked, of whom alice is one, and so is the pipeline's account; `trusted` may ask for others. */
const policyOf = (ns: TestNamespace, trusted: object[]): object => ({
  match: [...matchJobs, ...matchGovernedJobs, ...matchRequests],
  stages: [oneOf('finance', { group: 'finance' }, { serviceAccount: { namespace: ns.name, name: 'pipeline' } })],
  separation: { trustedSubmitters: trusted },
});

const trustsPipeline = (ns: TestNamespace): Promise<KubeObject> =>
  ns.policy('pay', policyOf(ns, [{ serviceAccount: { namespace: ns.name, name: 'pipeline' } }]));

/** The request about what was made: the one that the operator makes for work, or that very one. */
async function requestAbout(ns: TestNamespace, { kind }: Kind, made: KubeObject): Promise<StoredRequest> {
  if (kind !== 'ApprovalRequest') return ns.requestOf(made);
  return ns.request(made.metadata.name, 'submitted', (r) => r.status?.subjectDigest !== undefined);
}

async function askedForAlice(ns: TestNamespace, what: Kind): Promise<{ pipeline: KubeClient; made: KubeObject; asked: StoredRequest }> {
  await trustsPipeline(ns);
  const pipeline = await ns.serviceAccount('pipeline');
  const made = await pipeline.create(what.of, ns.name, inNameOf('alice', what.manifest));
  return { pipeline, made, asked: await requestAbout(ns, what, made) };
}

describe.concurrent.each(kinds)('a $kind that a trusted pipeline asks for alice', (what) => {
  test('is approved neither by her nor by the pipeline, but by bob', async ({ ns }) => {
    const { pipeline, asked } = await askedForAlice(ns, what);
    const { name } = asked.metadata;
    expect(asked.metadata.annotations?.[annotations.onBehalfOf]).toBe('alice');
    expect(asked.metadata.annotations?.[annotations.requester]).toBe(accountOf(ns));
    expect(asked.status?.requester).toEqual({ username: 'alice', groups: [], submittedBy: accountOf(ns) });
    await decidesInVain(ns, await ns.as('alice', ['finance']), 'Approve', asked, 'Requester');
    await decidesInVain(ns, pipeline, 'Approve', asked, 'Requester');
    expect((await ns.get<StoredRequest>(resources.approvalRequests, name)).status?.phase).toBe('Reviewing');
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.request(name, 'approved', (r) => isTrue(r, 'Approved'));
  });

  test('stays hers: nobody changes for whom it was asked, neither before it is approved nor after', async ({ ns }) => {
    const { pipeline, made, asked } = await askedForAlice(ns, what);
    const to = (who: string | null): object => ({ metadata: { annotations: { [annotations.onBehalfOf]: who } } });
    const refusal = /countersign-(job|request)-guard.*(never changes|on a governed Job are the operator's to change)/;
    const all = [pipeline, await ns.as('alice'), ns.admin];
    const tries = async (): Promise<void> => {
      for (const who of all) {
        await expect(patch(ns, who, what.of, made.metadata.name, to('carol'))).rejects.toThrow(refusal);
        await expect(patch(ns, who, what.of, made.metadata.name, to(null))).rejects.toThrow(refusal);
        await expect(patch(ns, who, resources.approvalRequests, asked.metadata.name, to('carol'))).rejects.toThrow(refusal);
      }
    };
    await tries();
    await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await ns.request(asked.metadata.name, 'approved', (r) => isTrue(r, 'Approved'));
    await tries();
  });
});

describe.concurrent('whoever asks for somebody', () => {
  test('has another digest than who asks for themselves, or for somebody else', async ({ ns }) => {
    await trustsPipeline(ns);
    const pipeline = await ns.serviceAccount('pipeline');
    const digests = await Promise.all(
      ['alice', 'bob', undefined].map(async (who, i) => {
        const manifest = request(`r${i}`, { subject: { external: { system: 'ci', id: 'the-same' } } });
        const made = await pipeline.create(resources.approvalRequests, ns.name, who === undefined ? manifest : inNameOf(who, manifest));
        const seen = await ns.request(made.metadata.name, 'submitted', (r) => r.status?.subjectDigest !== undefined);
        return seen.status?.subjectDigest;
      }),
    );
    expect(new Set(digests).size).toBe(3);
  });

  test('and is not trusted to asks in vain: the Job ends, and says whose word was missing', async ({ ns }) => {
    await ns.policy('pay', policyOf(ns, [{ user: 'somebody-else' }]));
    const mallory = await ns.as('mallory');
    const made = await mallory.create(resources.jobs, ns.name, inNameOf('alice', job('wire')));
    const asked = await ns.requestOf(made);
    const seen = await ns.request(asked.metadata.name, 'settled', (r) => isTrue(r, 'Settled'));
    expect(seen.status?.requester?.username).toBe('mallory');
    expect(condition(seen, 'Approved')).toMatchObject({ status: 'False', reason: 'PolicyViolation' });
    expect(condition(seen, 'Approved')?.message).toContain(
      'annotation countersign.dev/on-behalf-of names alice, but mallory may not ask for others; leave it out, or have spec.separation.trustedSubmitters name mallory',
    );
    const ended = await ns.eventually(resources.jobs, 'wire', 'over', hasEnded);
    expect(condition(ended, 'Failed')?.reason).toBe('ApprovalPolicyViolation');
  });

  test('is not trusted by every policy that applies is refused by the one that does not', async ({ ns }) => {
    await trustsPipeline(ns);
    await ns.policy('also', financeAgrees);
    const made = await (await ns.serviceAccount('pipeline')).create(resources.jobs, ns.name, inNameOf('alice', job('wire')));
    const asked = await ns.requestOf(made);
    const seen = await ns.request(asked.metadata.name, 'settled', (r) => isTrue(r, 'Settled'));
    expect(condition(seen, 'Approved')?.message).toMatch(/^ApprovalPolicy also: annotation countersign\.dev\/on-behalf-of names alice/);
  });

  test('is trusted no more finds what is open refused', async ({ ns }) => {
    const { asked } = await askedForAlice(ns, kinds[2]!);
    await ns.changePolicy('pay', { separation: { trustedSubmitters: [] } });
    const seen = await ns.request(asked.metadata.name, 'settled', (r) => isTrue(r, 'Settled'));
    expect(condition(seen, 'Approved')).toMatchObject({ status: 'False', reason: 'PolicyViolation' });
  });
});
