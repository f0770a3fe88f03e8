import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { kinds, type IgnoredBecause } from '../../../crds/v1alpha1/index.ts';
import { ApiError } from '../../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../../operator/kube/client/types.ts';
import { condition, governedJob, request, resources, until, type StoredRequest, type TestNamespace } from '../../fixtures/world.ts';
import { untilNoticed } from '../../fixtures/bindings.ts';
import { listed } from '../operator/support.ts';

const folder = join(import.meta.dirname, '../../../config/samples');

/** Any object of the API, as a sample says it. */
export type Manifest = Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any
/** Changes a sample where the test cannot wait for what it says, or needs another name. */
type Change = (spec: Manifest, object: Manifest) => void;
/** Does what the comment of a sample says, in a namespace of its own, and looks whether it is so. */
export type Check = (ns: TestNamespace, file: string) => Promise<void>;

/** Every file of config/samples and of the folders in it. */
export const sampleFiles = (): string[] => (readdirSync(folder, { recursive: true }) as string[]).filter((name) => name.endsWith('.yaml'));

/** The objects of a sample, in the test's namespace in place of `payments`. */
export function sampled(ns: TestNamespace, file: string): Manifest[] {
  const text = readFileSync(join(folder, file), 'utf8').replaceAll('namespace: payments', `namespace: ${ns.name}`);
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

/** The one object of a sample, changed if need be. */
export function oneOf(ns: TestNamespace, file: string, change: Change = () => undefined): Manifest {
  const [object, ...rest] = sampled(ns, file);
  if (object === undefined || rest.length > 0) throw new Error(`${file} has ${rest.length + 1} objects; expected one`);
  change(object.spec as Manifest, object);
  return object;
}

/** Where objects of a kind live in the API. */
export function typeOf({ kind }: Manifest): ResourceType {
  const found = [...kinds.map((k) => k.resource), ...Object.values(resources)].find((type) => type.kind === kind);
  if (found === undefined) throw new Error(`kind is ${String(kind)}; expected one of ours, or of the fixtures`);
  return found;
}

/** Creates what a sample says. */
export async function create(ns: TestNamespace, who: KubeClient, object: Manifest): Promise<KubeObject> {
  const type = typeOf(object);
  return who.create(type, type.namespaced ? ns.name : undefined, object);
}

/** Puts the policy of a sample there, and waits until it is ready. */
export async function policy(ns: TestNamespace, file: string, change?: Change): Promise<KubeObject> {
  const { metadata } = await create(ns, ns.admin, oneOf(ns, file, change));
  return ns.enforced(metadata.name);
}

/** Puts Roles and RoleBindings of a sample there, and waits until they count. */
export async function rbac(ns: TestNamespace, file: string): Promise<void> {
  for (const object of sampled(ns, file)) {
    const made = await create(ns, ns.admin, object);
    if (object.kind === 'RoleBinding') await untilNoticed(ns.admin, ns.name, made);
  }
}

/** Alice, who asks; a developer with no say in anything. */
export const aliceOf = (ns: TestNamespace): Promise<KubeClient> => ns.as('alice@corp', ['dev']);

/** The request once it has been looked at, and has a digest. */
export const lookedAt = (ns: TestNamespace, name: string): Promise<StoredRequest> =>
  ns.request(name, 'looked at', (r) => r.status?.subjectDigest !== undefined);

/** Alice asks for an operation, about something outside the cluster. */
export async function asks(ns: TestNamespace, name: string, operation: string, more: object = {}): Promise<StoredRequest> {
  await create(ns, await aliceOf(ns), { ...request(name, { operation, ...more }) });
  return lookedAt(ns, name);
}

/** Alice applies a GovernedJob, and its request is there. */
export async function governs(
  ns: TestNamespace,
  name: string,
  spec: object,
  more?: Parameters<typeof governedJob>[2],
): Promise<{ made: KubeObject; asked: StoredRequest }> {
  const made = await create(ns, await aliceOf(ns), { ...governedJob(name, spec, more) });
  return { made, asked: await ns.requestOf(made) };
}

/** Alice applies a plain Job, which is held, and its request is there. */
export async function holds(ns: TestNamespace, object: object): Promise<{ made: KubeObject; asked: StoredRequest }> {
  const made = await create(ns, await aliceOf(ns), { ...object });
  return { made, asked: await ns.requestOf(made) };
}

/** Somebody of these groups says yes to the request as it is now, and it then fits. */
export async function agrees(
  ns: TestNamespace,
  [name, ...groups]: readonly [string, ...string[]],
  asked: StoredRequest,
  what: string,
  fits: (r: StoredRequest) => boolean,
): Promise<StoredRequest> {
  await ns.decide(await ns.as(name, groups), 'Approve', [await lookedAt(ns, asked.metadata.name)]);
  return ns.request(asked.metadata.name, what, fits);
}

/** Somebody of these groups says yes, and the request is in that phase then. */
export const agreesTo = (ns: TestNamespace, who: readonly [string, ...string[]], asked: StoredRequest, phase: string) =>
  agrees(ns, who, asked, phase, (r) => r.status?.phase === phase);

/** Somebody of these groups says yes, and the count of approvals is then that. */
export const counts = (ns: TestNamespace, who: readonly [string, ...string[]], asked: StoredRequest, approvals: string) =>
  agrees(ns, who, asked, approvals, (r) => r.status?.approvals === approvals);

/** The decision of a sample, on this request. */
export function decision(ns: TestNamespace, file: string, asked: StoredRequest): Manifest {
  return oneOf(ns, file, (spec, object) => {
    object.metadata = { generateName: 'sample-', namespace: ns.name };
    spec.requests = [{ name: asked.metadata.name, uid: asked.metadata.uid, digest: asked.status?.subjectDigest }];
  });
}

/** What the API server said against it. Fails when it said nothing. */
export async function refusal(write: Promise<unknown>): Promise<string> {
  const said = await write.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (said instanceof ApiError && [403, 422].includes(said.status)) return said.message;
  throw said instanceof Error ? said : new Error('it was not refused');
}

/**
 * What somebody asks for breaks a policy, and they are told so in its own words: by admission, where it knows, or as the request is looked at.
 */
export async function violates(ns: TestNamespace, name: string, write: Promise<unknown>, words: string): Promise<void> {
  const said = await write.catch((error: unknown) => error);
  if (said instanceof Error) {
    expect(said.message).toContain(words);
    return;
  }
  const made = await until(`the request of ${name}`, async () => {
    const { items } = await ns.admin.list<StoredRequest>(resources.approvalRequests, { namespace: ns.name });
    return items.find(({ metadata }) => metadata.name === name || metadata.name.startsWith(`${name}-`));
  });
  const refused = condition(await ns.requestIn('Rejected', made.metadata.name), 'Approved');
  expect(refused).toMatchObject({ status: 'False', reason: 'PolicyViolation', message: expect.stringContaining(words) });
}

/** A decision is of no effect, and its author is told so: by admission, where it knows, or in the request's list of decisions. */
export async function ignored(
  ns: TestNamespace,
  who: KubeClient,
  said: Manifest,
  asked: StoredRequest,
  reason: IgnoredBecause,
): Promise<void> {
  const written = await create(ns, who, said).catch((error: unknown) => error);
  if (written instanceof ApiError) expect(written.message).toMatch(/denied (the )?request: .+/);
  else expect(await listed(ns, asked.metadata.name, written as KubeObject)).toMatchObject({ counted: false, ignoredBecause: reason });
}

/** The stages that ask somebody, with their state. */
export const stagesOf = (r: StoredRequest): string[] =>
  (r.status?.stages ?? []).filter((s) => s.state !== 'Skipped').map((s) => `${s.name} ${s.state}`);
