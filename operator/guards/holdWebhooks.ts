import { canonicalJson } from '../core/digest.ts';
import type { PolicyId } from '../core/facts.ts';
import { jobSelections, type GuardedPolicy, type Selection } from './compile.ts';
import { entering } from './expressions.ts';
import { compiledGuard, guardLabels, guardOf, hash, type GuardObject, type HoldWebhook } from './objects.ts';

/** The name of the one configuration that holds the entries of all policies. */
export const holdWebhooksName = 'countersign-hold';

/** The path on which the templates of CronJobs are stamped with whoever last changed them. */
export const cronJobPath = '/stamp/cronjobs';

/** How the API server reaches us: a Service of the cluster, or the base URL of a process outside it. */
export type WebhookClient = { readonly caBundle: string } & (
  { readonly service: { readonly namespace: string; readonly name: string; readonly port?: number } } | { readonly url: string }
);

/** The path on which Jobs of this policy are put on hold. */
export function holdPath(policy: PolicyId): string {
  return policy.namespace === undefined ? `/hold/cluster/${policy.name}` : `/hold/namespace/${policy.namespace}/${policy.name}`;
}

/** The policy that a path speaks of; undefined for any other path. */
export function policyOfHoldPath(path: string): PolicyId | undefined {
  const [, cluster, namespace, name] = /^\/hold\/(?:cluster\/([^/]+)|namespace\/([^/]+)\/([^/]+))$/.exec(path) ?? [];
  if (cluster !== undefined) return { kind: 'ClusterApprovalPolicy', name: cluster };
  if (namespace !== undefined && name !== undefined) return { kind: 'ApprovalPolicy', namespace, name };
  return undefined;
}

/**
 * Hold mode Webhook: the one MutatingWebhookConfiguration that does what the MutatingAdmissionPolicies do elsewhere, compiled from all policies
 * together. failurePolicy Ignore, because the backstop of each policy refuses what was missed; so Jobs that nobody governs never meet us.
 */
export function compileHoldWebhooks(policies: readonly GuardedPolicy[], client: WebhookClient): GuardObject {
  const holds = policies.flatMap((policy) => jobSelections(policy).map((selected) => holdWebhook(policy, selected, client)));
  const webhooks = [...holds, ...cronJobNamespaces(policies).map((selected) => cronJobWebhook(selected, client))];
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: {
      name: holdWebhooksName,
      labels: { 'app.kubernetes.io/managed-by': 'countersign', [guardLabels.guard]: compiledGuard },
      annotations: {},
    },
    webhooks: webhooks.sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function holdWebhook(policy: GuardedPolicy, selected: Selection, client: WebhookClient): HoldWebhook {
  return {
    name: `p${guardOf(policy)}.s${hash(canonicalJson(selected), 8)}.hold.countersign.dev`,
    clientConfig: clientConfig(client, holdPath(policy)),
    rules: [{ apiGroups: ['batch'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['jobs'], scope: 'Namespaced' }],
    matchPolicy: 'Equivalent',
    matchConditions: [{ name: 'entering', expression: entering }],
    ...selected,
    failurePolicy: 'Ignore',
    reinvocationPolicy: 'IfNeeded',
    sideEffects: 'None',
    timeoutSeconds: 5,
    admissionReviewVersions: ['v1'],
  };
}

/** Where Jobs are governed, and so where it matters who wrote a CronJob's template. The labels of its Jobs are not the CronJob's own. */
function cronJobNamespaces(policies: readonly GuardedPolicy[]): Selection[] {
  const all = policies
    .flatMap(jobSelections)
    .map(({ namespaceSelector }) => (namespaceSelector === undefined ? {} : { namespaceSelector }));
  return [...new Map(all.map((selected) => [canonicalJson(selected), selected])).values()];
}

function cronJobWebhook(selected: Selection, client: WebhookClient): HoldWebhook {
  const templateChanged = "request.operation == 'CREATE' || object.spec.jobTemplate != oldObject.spec.jobTemplate";
  return {
    name: `cronjobs.s${hash(canonicalJson(selected), 8)}.hold.countersign.dev`,
    clientConfig: clientConfig(client, cronJobPath),
    rules: [{ apiGroups: ['batch'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['cronjobs'], scope: 'Namespaced' }],
    matchPolicy: 'Equivalent',
    matchConditions: [{ name: 'template-changed', expression: templateChanged }],
    ...selected,
    failurePolicy: 'Ignore',
    reinvocationPolicy: 'IfNeeded',
    sideEffects: 'None',
    // Short, because it also stands before CronJobs whose Jobs nobody governs.
    timeoutSeconds: 1,
    admissionReviewVersions: ['v1'],
  };
}

function clientConfig(client: WebhookClient, path: string): Record<string, unknown> {
  const { caBundle } = client;
  if ('url' in client) return { url: client.url.replace(/\/$/, '') + path, caBundle };
  const { namespace, name, port = 443 } = client.service;
  return { service: { namespace, name, port, path }, caBundle };
}
