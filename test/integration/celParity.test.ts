import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ApiError } from '../../operator/kube/client/apiError.ts';
import type { ResourceType } from '../../operator/kube/client/types.ts';
import { namespaceLabels, notOfferedHere, parityCases, parityJob, refusedByBoth, type ParityCase } from '../fixtures/cel/parity.ts';
import { kubectl } from '../fixtures/kubectl.ts';
import { TestNamespace } from '../fixtures/world.ts';

const admission = (plural: string, kind: string): ResourceType => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural,
  kind,
  namespaced: false,
});
const policies = admission('validatingadmissionpolicies', 'ValidatingAdmissionPolicy');
const bindings = admission('validatingadmissionpolicybindings', 'ValidatingAdmissionPolicyBinding');

/** So few that what the API server warns of fits into the headers of one answer. */
const perPolicy = 8;

/** What the API server warns of once a policy is in force; every other warning is about a case. */
const inForce = 'in force';

let ns: TestNamespace;
let folder: string;
const created: string[] = [];

beforeAll(async () => {
  ns = await TestNamespace.create('cel', namespaceLabels);
  folder = await mkdtemp(join(tmpdir(), 'cel-parity-'));
});

afterAll(async () => {
  for (const name of created) {
    await ns.admin.delete(bindings, { name });
    await ns.admin.delete(policies, { name });
  }
  await ns.close();
  await rm(folder, { recursive: true, force: true });
});

const policy = (name: string, expressions: readonly { expression: string; message: string }[]) => ({
  metadata: { name },
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules: [{ apiGroups: ['batch'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['jobs'] }] },
    validations: [{ expression: 'false', message: inForce }, ...expressions],
  },
});

/** The cases as a policy that only warns, for Jobs of this namespace with a label of its own. */
async function install(name: string, cases: readonly ParityCase[]): Promise<void> {
  await ns.admin.create(
    policies,
    undefined,
    policy(
      name,
      cases.map(({ expression }, i) => ({ expression, message: `case ${i}` })),
    ),
  );
  await ns.admin.create(bindings, undefined, {
    metadata: { name },
    spec: {
      policyName: name,
      validationActions: ['Warn'],
      matchResources: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': ns.name } },
        objectSelector: { matchLabels: { parity: name } },
      },
    },
  });
  created.push(name);
}

/** What the API server warns of when such a Job is created, without creating it. */
async function warnings(name: string): Promise<string[]> {
  const file = join(folder, `${name}.json`);
  const metadata = { ...parityJob.metadata, name: 'wire', namespace: ns.name, labels: { ...parityJob.metadata.labels, parity: name } };
  await writeFile(file, JSON.stringify({ ...parityJob, metadata }));
  const { stderr, code } = await kubectl(ns.cluster.kubectl, ns.cluster.adminKubeconfig, ['create', '--dry-run=server', '-f', file]);
  expect(code, stderr).toBe(0);
  return stderr.split('\n').flatMap((line) => /^Warning: Validation failed for .* with binding '[^']*': (.*)$/.exec(line)?.[1] ?? []);
}

/** What each case gave there: nothing is warned of what is true. */
async function answers(name: string, cases: readonly ParityCase[]): Promise<ParityCase['gives'][]> {
  let said = await warnings(name);
  for (let tries = 0; !said.includes(inForce); tries += 1) {
    if (tries > 200) throw new Error(`${name} did not come into force`);
    await new Promise((resolve) => setTimeout(resolve, 100));
    said = await warnings(name);
  }
  return cases.map(({ expression }, i) => {
    if (said.includes(`case ${i}`)) return false;
    return said.some((text) => text.startsWith(`expression '${expression.slice(0, 100)}`)) ? 'fails' : true;
  });
}

/** What the API server says of an expression when it compiles it; undefined when it accepts it. */
async function refusal(expression: string): Promise<string | undefined> {
  try {
    await ns.admin.create(policies, undefined, policy(`${ns.name}-trial`, [{ expression, message: 'no' }]), { dryRun: true });
    return undefined;
  } catch (error) {
    if (error instanceof ApiError && error.status === 422) return error.message;
    throw error;
  }
}

describe('a condition of Jobs', () => {
  const chunks = Array.from({ length: Math.ceil(parityCases.length / perPolicy) }, (_, i) =>
    parityCases.slice(i * perPolicy, (i + 1) * perPolicy),
  );

  it.each(chunks.map((cases, i) => ({ i, cases })))('gives on the real API server what it gives here ($i)', async ({ i, cases }) => {
    const name = `${ns.name}-${i}`;
    await install(name, cases);
    const given = await answers(name, cases);
    expect(cases.map(({ expression }, at) => ({ expression, gives: given[at] }))).toEqual(cases);
  });

  it('that is refused here for its type or its words is refused by the real API server', async () => {
    for (const expression of refusedByBoth) expect(await refusal(expression), expression).toBeDefined();
  });

  it('that is refused here because it is not offered is one that the real API server accepts: the list says no more than is missing', async () => {
    for (const expression of notOfferedHere) expect(await refusal(expression), expression).toBeUndefined();
  });
});
