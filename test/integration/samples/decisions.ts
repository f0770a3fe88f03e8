import { expect } from 'vitest';
import { condition, hasEnded, isSuspended, job, resources, type StoredRequest, type TestNamespace } from '../../fixtures/world.ts';
import {
  agreesTo,
  aliceOf,
  counts,
  create,
  decision,
  holds,
  lookedAt,
  oneOf,
  policy,
  rbac,
  refusal,
  sampled,
  stagesOf,
  type Check,
} from './support.ts';

/** Applies the request of a sample, as alice. */
async function applied(ns: TestNamespace, file: string): Promise<StoredRequest> {
  const { metadata } = await create(ns, await aliceOf(ns), oneOf(ns, file));
  return lookedAt(ns, metadata.name);
}

const decided: Check = async (ns) => {
  await policy(ns, 'policy-payments.yaml');
  await rbac(ns, 'rbac/approver.yaml');
  const asked = await applied(ns, 'request-external.yaml');
  expect(stagesOf(asked)).toEqual(['finance Active', 'security Waiting']);
  await create(ns, await ns.as('bob@corp', ['finance']), decision(ns, 'decision.yaml', asked));
  const half = await ns.request(asked.metadata.name, 'approved by bob', (r) => r.status?.approvals === '1/3');
  expect(half.status?.decisions[0]).toMatchObject({ approver: 'bob@corp', counted: true, ticket: 'CHG-4711' });
  await counts(ns, ['cfo@corp'], asked, '2/3');
  await agreesTo(ns, ['sam@corp', 'security'], asked, 'Approved');
};

const aboutJob: Check = async (ns, file) => {
  await policy(ns, 'policy-payments.yaml');
  const labels = { 'payments.example.com/moves-money': 'true' };
  await holds(ns, job('wire-4711', { metadata: { labels } }));
  const asked = await applied(ns, file);
  expect(
    stagesOf(asked)
      .map((s) => s.split(' ')[0])
      .sort(),
  ).toEqual(['finance', 'security', 'team-lead']);
  await counts(ns, ['carol@corp'], asked, '1/4');
  expect(isSuspended(await ns.get(resources.jobs, 'wire-4711'))).toBe(true);
};

const answers: Check = async (ns) => {
  await policy(ns, 'policy-two-lines.yaml', (spec) => (spec.match = [{ apiGroups: ['countersign.dev'], kinds: ['ApprovalRequest'] }]));
  const asked = await applied(ns, 'request-questions.yaml');
  const bob = await ns.as('bob@corp', ['finance']);
  expect(await refusal(ns.decide(bob, 'Approve', [asked]))).toContain('spec.response.point-in-time: is missing');
  const yes = decision(ns, 'decision-answers.yaml', asked);
  await create(ns, bob, yes);
  const approved = await ns.requestIn('Approved', asked.metadata.name);
  expect(approved.status?.response).toEqual(yes.spec.response);
};

const override: Check = async (ns) => {
  await policy(ns, 'policy-payments.yaml');
  const asked = await applied(ns, 'request-external.yaml');
  const [ivy, ian] = [await ns.as('ivy@corp', ['incident-managers']), await ns.as('ian@corp', ['incident-managers'])];
  expect(await refusal(create(ns, ivy, decision(ns, 'decision-override.yaml', asked)))).toMatch(/override/);
  await rbac(ns, 'rbac/override.yaml');
  await create(ns, ivy, decision(ns, 'decision-override.yaml', asked));
  await ns.request(asked.metadata.name, 'overridden by one', (r) => r.status?.decisions.some((d) => d.verdict === 'Override') === true);
  expect((await lookedAt(ns, asked.metadata.name)).status?.phase).toBe('Reviewing');
  await create(ns, ian, decision(ns, 'decision-override.yaml', asked));
  expect(condition(await ns.requestIn('Approved', asked.metadata.name), 'Approved')).toMatchObject({ reason: 'Overridden' });

  await owesReview(ns, ivy);
};

/** Whoever overrode may not do so again before somebody has reviewed it. */
async function owesReview(ns: TestNamespace, ivy: Awaited<ReturnType<TestNamespace['as']>>): Promise<void> {
  const another = oneOf(ns, 'request-external.yaml', (_, { metadata }) => (metadata.name = 'another'));
  await create(ns, await aliceOf(ns), another);
  const next = await lookedAt(ns, 'another');
  expect(await refusal(create(ns, ivy, decision(ns, 'decision-override.yaml', next)))).toMatch(/review/);
}

const routine = (name: string, image?: string): object =>
  job(name, {
    metadata: {
      labels: { 'payments.example.com/routine': 'true' },
      annotations: { 'countersign.dev/operation': 'close-of-day' },
    },
    ...(image === undefined ? {} : { image }),
  });

const standing: Check = async (ns) => {
  await policy(ns, 'policy-standing.yaml');
  const { asked } = await holds(ns, routine('monday'));
  await create(ns, await ns.as('oli@corp', ['operations']), decision(ns, 'decision-standing.yaml', asked));
  await ns.requestIn('Completed', asked.metadata.name);
  const again = await holds(ns, routine('tuesday'));
  const covered = await ns.requestIn('Completed', again.asked.metadata.name);
  expect(condition(covered, 'Approved')).toMatchObject({ status: 'True', reason: 'StandingApproval' });
  const other = await holds(ns, routine('other-image', 'registry.example/tool:2'));
  expect((await ns.requestIn('Reviewing', other.asked.metadata.name)).status?.approvals).toBe('0/1');
  const source = await lookedAt(ns, asked.metadata.name);
  expect(source.status?.standing).toMatchObject({ runs: 5, uses: [{ request: again.asked.metadata.name }] });
};

const limits = { metadata: { name: 'limits' }, data: { most: '100' } };
const key = { metadata: { name: 'key' }, stringData: { key: 'abc' } };
const secrets = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true } as const;
const sha = `registry.example.com/pay@sha256:${'ab'.repeat(32)}`;

const reading = (name: string, image: string): object => ({
  ...job(name, { metadata: { labels: { 'payments.example.com/pinned': 'true' } } }),
  spec: {
    backoffLimit: 0,
    template: {
      spec: {
        restartPolicy: 'Never',
        containers: [{ name: 'pay', image, envFrom: [{ configMapRef: { name: 'limits' } }, { secretRef: { name: 'key' } }] }],
      },
    },
  },
});

async function pinned(ns: TestNamespace): Promise<string[]> {
  await policy(ns, 'policy-pin.yaml');
  await ns.admin.create(resources.configMaps, ns.name, limits);
  await ns.admin.create(secrets, ns.name, key);
  const { asked } = await holds(ns, reading('pinned', sha));
  await ns.requestIn('Reviewing', asked.metadata.name);
  return (asked.status?.pins ?? []).map(({ kind, name, state }) => `${state} ${kind} ${name}`);
}

const pin: Check = async (ns) => {
  expect(await pinned(ns)).toContain('Pinned ConfigMap limits');
  const { asked } = await holds(ns, reading('by-tag', 'registry.example.com/pay:3.0.1'));
  expect(condition(await ns.requestIn('Rejected', asked.metadata.name), 'Approved')).toMatchObject({ reason: 'PolicyViolation' });
  await ns.eventually(resources.jobs, 'by-tag', 'failed', hasEnded);
};

const pinSecrets: Check = async (ns, file) => {
  await rbac(ns, file);
  expect(sampled(ns, file)).toHaveLength(2);
  expect(await pinned(ns)).toEqual(expect.arrayContaining(['Pinned ConfigMap limits', 'Pinned Secret key']));
};

/** What people write themselves: requests, decisions, and who may. */
export const decisions: Readonly<Record<string, Check>> = {
  'request-external.yaml': decided,
  'decision.yaml': decided,
  'request-job.yaml': aboutJob,
  'request-questions.yaml': answers,
  'decision-answers.yaml': answers,
  'decision-override.yaml': override,
  'rbac/override.yaml': override,
  'policy-standing.yaml': standing,
  'decision-standing.yaml': standing,
  'policy-pin.yaml': pin,
  'rbac/pin-secrets.yaml': pinSecrets,
};
