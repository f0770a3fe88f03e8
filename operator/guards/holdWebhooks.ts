import { compile as compileCel } from '../core/cel/index.ts';
import { canonicalJson } from '../core/digest.ts';
import type { PolicyId } from '../core/facts.ts';
import { compare } from '../core/order.ts';
import { entering, probes, type GuardIdentities } from './expressions.ts';
import { jobClauses, jobSelections, type GuardedPolicy, type Selection } from './governed.ts';
import { compiledGuard, guardLabels, guardOf, hash, type GuardObject, type HoldWebhook } from './objects.ts';
import { bracketed, whenId } from './when.ts';

/** The name of the one configuration that holds the entries of all policies. */
export const holdWebhooksName = 'countersign-hold';

/** The path on which the templates of CronJobs are stamped with whoever last changed them. */
export const cronJobPath = '/stamp/cronjobs';

/** How the API server reaches us: a Service of the cluster, or the base URL of a process outside it. */
export type WebhookClient = { readonly caBundle: string } & (
  { readonly service: { readonly namespace: string; readonly name: string; readonly port?: number } } | { readonly url: string }
);

/** What a webhook entry asks for: to hold a Job for a policy, or to label it for one that only audits. */
export interface HoldTarget {
  readonly policy: PolicyId;
  readonly enforcement: 'Hold' | 'Audit';
  /** The id (`whenId`) of the `when` that is for us to evaluate, because the API server does not know all that it reads there. */
  readonly when?: string | undefined;
}

/** The path that says so. */
export function holdPath({ policy, enforcement, when }: HoldTarget): string {
  const verb = enforcement === 'Audit' ? 'audit' : 'hold';
  const condition = when === undefined ? '' : `/when/${when}`;
  const scope = policy.namespace === undefined ? 'cluster' : `namespace/${policy.namespace}`;
  return `/${verb}${condition}/${scope}/${policy.name}`;
}

const paths = /^\/(hold|audit)(?:\/when\/([0-9a-f]+))?\/(?:cluster\/([^/]+)|namespace\/([^/]+)\/([^/]+))$/;

/** What a path asks for; undefined for any other path. */
export function targetOfPath(path: string): HoldTarget | undefined {
  const [, verb, when, cluster, namespace, name] = paths.exec(path) ?? [];
  const policy = policyOf(cluster, namespace, name);
  if (policy === undefined) return undefined;
  return { policy, enforcement: verb === 'audit' ? 'Audit' : 'Hold', ...(when === undefined ? {} : { when }) };
}

function policyOf(cluster: string | undefined, namespace: string | undefined, name: string | undefined): PolicyId | undefined {
  if (cluster !== undefined) return { kind: 'ClusterApprovalPolicy', name: cluster };
  if (namespace !== undefined && name !== undefined) return { kind: 'ApprovalPolicy', namespace, name };
  return undefined;
}

/** What the configuration depends on besides the policies. */
export interface HoldWebhookOptions extends GuardIdentities {
  readonly client: WebhookClient;
  /**
   * Where `when` is evaluated: by the API server as far as it can, or, where it has refused the configuration, always by us. One policy that it does not
   * understand must not leave all others without what holds for them.
   */
  readonly evaluate: 'APIServer' | 'Here';
}

/**
 * Hold mode Webhook: the one MutatingWebhookConfiguration that does what the MutatingAdmissionPolicies do elsewhere, compiled from all policies
 * together. failurePolicy Ignore, because the backstop of each policy refuses what was missed; so Jobs that nobody governs never meet us.
 */
export function compileHoldWebhooks(policies: readonly GuardedPolicy[], options: HoldWebhookOptions): GuardObject {
  const holds = policies.flatMap((policy) =>
    jobClauses(policy).flatMap(({ when, selections }) => selections.map((selected) => holdWebhook(policy, when, selected, options))),
  );
  const holding = policies.filter(({ enforcement }) => enforcement !== 'Audit');
  const webhooks = [...holds, ...cronJobNamespaces(holding).map((selected) => cronJobWebhook(selected, options.client))];
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: {
      name: holdWebhooksName,
      labels: { 'app.kubernetes.io/managed-by': 'countersign', [guardLabels.guard]: compiledGuard },
      annotations: {},
    },
    webhooks: webhooks.sort((a, b) => compare(a.name, b.name)),
  };
}

function holdWebhook(policy: GuardedPolicy, when: string | undefined, selected: Selection, options: HoldWebhookOptions): HoldWebhook {
  const audits = policy.enforcement === 'Audit';
  const here = when !== undefined && !isForAPIServer(when, options);
  const { kind, namespace, name } = policy;
  const path = holdPath({
    policy: { kind, namespace, name },
    enforcement: policy.enforcement ?? 'Hold',
    when: here ? whenId(when) : undefined,
  });
  const entry = hash(canonicalJson(when === undefined ? selected : { ...selected, when }), 8);
  return {
    name: `${audits ? 'a' : 'p'}${guardOf(policy)}.s${entry}.hold.countersign.dev`,
    clientConfig: clientConfig(options.client, path),
    rules: [{ apiGroups: ['batch'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['jobs'], scope: 'Namespaced' }],
    matchPolicy: 'Equivalent',
    matchConditions: [
      { name: 'entering', expression: entering },
      ...(when === undefined || here ? [] : [{ name: 'when', expression: `${probes(options)} || ${bracketed(when)}` }]),
    ],
    ...selected,
    failurePolicy: 'Ignore',
    reinvocationPolicy: 'IfNeeded',
    sideEffects: 'None',
    // Who only audits makes nobody wait.
    timeoutSeconds: audits ? 1 : 5,
    admissionReviewVersions: ['v1'],
  };
}

/** The conditions of webhooks know no `namespaceObject`. */
function isForAPIServer(when: string, { evaluate }: HoldWebhookOptions): boolean {
  const program = compileCel(when, { scope: 'match', result: 'bool' });
  return evaluate === 'APIServer' && 'run' in program && !program.uses.has('namespaceObject');
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
