import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { approvers } from '../../../crds/v1alpha1/index.ts';
import { freePort } from '../../../hack/cluster/ports.ts';
import { Links } from '../../../webhooks/approvals/links/index.ts';
import { openStore, type Store } from '../../../webhooks/approvals/store/index.ts';
import { approvalService, type RunningService } from '../../fixtures/approvalService.ts';
import { OidcPeer } from '../../fixtures/oidcProvider.ts';
import { job, matchJobs, oneOf, resources, TestNamespace, type StoredRequest } from '../../fixtures/world.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';

/** A service whose people sign in at a provider of their own, and its database. */
export interface SignInService {
  readonly service: RunningService;
  readonly provider: OidcPeer;
  readonly origin: string;
  readonly store: () => Promise<Store>;
}

/** For the tests of one file. */
export async function signInService(env: Readonly<Record<string, string>> = {}): Promise<SignInService> {
  const port = await freePort();
  const origin = `https://127.0.0.1:${port}`;
  const provider = await OidcPeer.start(origin);
  const dir = mkdtempSync(join(tmpdir(), 'countersign-sign-in-'));
  const url = `sqlite:${join(dir, 'approvals.db')}`;
  let store: Promise<Store> | undefined;
  afterAll(async () => {
    await (await store)?.close();
    await provider.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const service = approvalService({ port, env: { ...provider.settings(), COUNTERSIGN_APPROVALS_STORE: url, ...env } });
  return { service, provider, origin, store: () => (store ??= openStore({ url })) };
}

/** A namespace in which bob is asked about alice's Jobs. */
export interface SignInScene extends SignInService {
  readonly ns: TestNamespace;
  /** What bob types at the provider; he is BOB@corp to the cluster. */
  readonly bob: string;
  readonly username: string;
  /** Of his Approver. */
  readonly mail: string;
}

/** `stage`: more of the stage that asks bob. */
export async function signInScene(
  of: SignInService,
  { stage = {}, policy = {} }: { stage?: object; policy?: object } = {},
): Promise<SignInScene> {
  const ns = await TestNamespace.create('web');
  const bob = `bob-${ns.name}`;
  const username = `${bob}@corp`;
  const mail = `${bob}@mail.corp`;
  of.provider.puts(bob, [`${ns.name}:staff`, `${ns.name}:finance`]);
  await ns.policy('finance', { match: matchJobs, stages: [{ ...oneOf('finance', { group: `${ns.name}:finance` }), ...stage }], ...policy });
  await ns.admin.create(approvers, undefined, {
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'Approver',
    metadata: { name: bob },
    spec: { username, groups: [`${ns.name}:staff`, `${ns.name}:finance`], mail },
  });
  return { ...of, ns, bob, username, mail };
}

/** A Job that alice creates, once people are asked about it. */
export async function heldJob({ ns }: SignInScene, name: string, more: object = {}): Promise<{ made: KubeObject; asked: StoredRequest }> {
  const made = await (await ns.as('alice')).create(resources.jobs, ns.name, job(name, more));
  const { metadata } = await ns.requestOf(made);
  return { made, asked: await ns.requestIn('Reviewing', metadata.name) };
}

/** The path of a link for bob, as mail would carry it. */
export async function linkFor(of: SignInScene, asked: StoredRequest, verdict: 'Approve' | 'Reject', lifeMs = 3_600_000): Promise<string> {
  const links = new Links({ store: await of.store(), origin: of.origin, lifeMs });
  const { name, uid } = asked.metadata;
  const digest = asked.status?.subjectDigest ?? '';
  const link = await links.mint({
    namespace: of.ns.name,
    request: name,
    requestUid: uid,
    digest,
    approver: of.username,
    mail: of.mail,
    verdict,
  });
  return new URL(link).pathname;
}

export const decisionsIn = async ({ ns }: SignInScene): Promise<KubeObject[]> =>
  (await ns.admin.list(resources.approvalDecisions, { namespace: ns.name })).items;
