import { expect } from 'vitest';
import type { ApprovalRequestStatus, IgnoredBecause } from '../../../crds/v1alpha1/index.ts';
import { ApiError } from '../../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../../operator/kube/client/types.ts';
import { approvalDecisions } from '../../../crds/v1alpha1/index.ts';
import { matchJobs, oneOf, resources, type StoredRequest, type TestNamespace } from '../../fixtures/world.ts';

/** A policy by which one person of the group finance lets a Job run. */
export const financeAgrees = { match: matchJobs, stages: [oneOf('finance', { group: 'finance' })] };

/** Pods that run until they are ended. */
export const runsOn = { podAnnotations: { 'kwok.countersign.dev/delay': '600s' } };

/** A Job that alice creates and that a policy holds, with its request. */
export async function heldJob(ns: TestNamespace, object: object): Promise<{ made: KubeObject; asked: StoredRequest }> {
  const made = await (await ns.as('alice')).create(resources.jobs, ns.name, object);
  return { made, asked: await ns.requestOf(made) };
}

/** Bob, of the group finance. */
export const bobOf = (ns: TestNamespace): Promise<KubeClient> => ns.as('bob', ['finance']);

/** A merge patch by name. */
export const patch = (ns: TestNamespace, who: KubeClient, of: ResourceType, name: string, body: object): Promise<KubeObject> =>
  who.patch(of, { namespace: ns.name, name }, body, { type: 'merge' });

/** How the request lists a decision, once it does. */
export async function listed(
  ns: TestNamespace,
  request: string,
  decision: KubeObject,
): Promise<ApprovalRequestStatus['decisions'][number]> {
  const { name } = decision.metadata;
  const find = (r: StoredRequest) => r.status?.decisions.find((d) => d.name === name);
  const found = find(await ns.request(request, `listing decision ${name}`, (r) => find(r) !== undefined));
  if (found === undefined) throw new Error(`decision ${name} is not listed`);
  return found;
}

/**
 * Decides, and sees that it helps nobody: either admission refuses it at once, in words, or, where admission did not look, the request lists it and does
 * not count it, for this reason.
 */
export async function decidesInVain(
  ns: TestNamespace,
  who: KubeClient,
  verdict: 'Approve' | 'Reject',
  request: StoredRequest,
  reason: IgnoredBecause,
): Promise<void> {
  let decision: KubeObject;
  try {
    decision = await ns.decide(who, verdict, [request]);
  } catch (error) {
    expect(error).toBeInstanceOf(ApiError);
    expect(String(error)).toMatch(/admission webhook "[^"]+" denied the request: .+/);
    return;
  }
  expect(await listed(ns, request.metadata.name, decision)).toMatchObject({ counted: false, ignoredBecause: reason });
}

/** Waits until the API server's clock has left the second in which the object was created: of two decisions in one second the order is not known. */
export async function nextSecond(ns: TestNamespace, after: KubeObject): Promise<void> {
  const end = Date.parse(after.metadata.creationTimestamp) + 1_000;
  for (;;) {
    // Asked by creating something, because nothing else tells the server's own second.
    const probe = await ns.admin.create(resources.configMaps, ns.name, { metadata: { generateName: 'clock-' } }, { dryRun: true });
    if (Date.parse(probe.metadata.creationTimestamp) >= end) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** A decision as somebody writes it by hand. */
export const decisionOn = (verdict: string, requests: readonly object[], more: object = {}): object => ({
  apiVersion: 'countersign.dev/v1alpha1',
  kind: approvalDecisions.kind,
  metadata: { generateName: 'decision-' },
  spec: { verdict, requests, ...more },
});
