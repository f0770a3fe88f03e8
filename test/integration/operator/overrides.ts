import { inject } from 'vitest';
import { annotations, approvalDecisions } from '../../../crds/v1alpha1/index.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { hasEnded, isSuspended, job, resources, until, type StoredRequest, type TestNamespace } from '../../fixtures/world.ts';
import { decisionOn, heldJob } from './support.ts';

/** Names of people of one namespace alone: what somebody's override is owed holds in every namespace. */
export const named = (ns: TestNamespace, who: string): string => `${who}-${ns.name}`;

/** Somebody of whom there is none in other namespaces. */
export const own = (ns: TestNamespace, who: string, groups: readonly string[] = []): Promise<KubeClient> => ns.as(named(ns, who), groups);

export const may = (...verbs: string[]) => [{ apiGroups: ['countersign.dev'], resources: ['approvalrequests'], verbs }];

/** Eve, Mia, Oda and Kim, who may override. */
export async function crew(ns: TestNamespace): Promise<{ eve: KubeClient; mia: KubeClient; oda: KubeClient; kim: KubeClient }> {
  const names = ['eve', 'mia', 'oda', 'kim'];
  await ns.grant(
    'glass',
    may('override'),
    names.map((who) => named(ns, who)),
  );
  return { eve: await own(ns, 'eve'), mia: await own(ns, 'mia'), oda: await own(ns, 'oda'), kim: await own(ns, 'kim') };
}

const shown = (of: StoredRequest) => ({ name: of.metadata.name, uid: of.metadata.uid, digest: of.status?.subjectDigest });

/** Says `verdict` about a request as it was shown. */
export const says = (ns: TestNamespace, who: KubeClient, verdict: string, of: StoredRequest, more: object = {}): Promise<KubeObject> =>
  who.create(approvalDecisions, ns.name, decisionOn(verdict, [shown(of)], more));

export const override = (ns: TestNamespace, who: KubeClient, of: StoredRequest, ticket = 'INC-1'): Promise<KubeObject> =>
  says(ns, who, 'Override', of, { ticket });

/** A held Job of an operation of its own, which is the only label by which metrics tell it from others. */
export const heldFor = (ns: TestNamespace, name: string) =>
  heldJob(ns, job(name, { metadata: { annotations: { [annotations.operation]: `${ns.name}-${name}` } } }));

export const stillHeld = async (ns: TestNamespace, name: string): Promise<boolean> => isSuspended(await ns.get(resources.jobs, name));

export const runs = (ns: TestNamespace, name: string): Promise<KubeObject> => ns.eventually(resources.jobs, name, 'ended', hasEnded);

/** Waits until Events with these reasons are there, and answers with all. */
export const eventsWith = (ns: TestNamespace, of: KubeObject, ...reasons: string[]): Promise<string[]> =>
  until(`Events ${reasons.join(', ')}`, async () => {
    const all = await ns.events(of);
    return reasons.every((reason) => all.some((event) => event.startsWith(`${reason}: `))) ? all : undefined;
  });

/** What the shared operator counts under that name for the operation of a held Job; 0 when nothing. */
export async function counted(ns: TestNamespace, metric: string, name: string): Promise<number> {
  const text = await (await fetch(`${inject('healthUrl')}/metrics`)).text();
  const line = text.split('\n').find((l) => l.startsWith(`${metric}{function_name="${ns.name}-${name}"}`));
  return Number(line?.split(' ').at(-1) ?? 0);
}
