import { isDeepStrictEqual } from 'node:util';
import {
  apiVersion,
  approvalPolicies,
  clusterApprovalPolicies,
  type ApprovalPolicyStatus,
  type MatchRule,
} from '../../../crds/v1alpha1/index.ts';
import { says, withStatements, type Statement } from '../../core/conditions.ts';
import type { PolicyId } from '../../core/facts.ts';
import { settled, wake, type Outcome, type Ref } from '../../core/ports.ts';
import { selects } from '../../core/selector.ts';
import {
  compile,
  compileHoldWebhooks,
  guardOf,
  isHeldBy,
  isRefusedByBackstop,
  probeJob,
  type GuardedPolicy,
  type GuardObject,
  type GuardOptions,
  type WebhookClient,
} from '../../guards/index.ts';
import { isForbidden, isNotFound } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { PolicyRecord } from '../records.ts';
import type { World } from '../world.ts';
import type { GuardStore } from './guardStore.ts';

export interface PolicyContext {
  readonly client: KubeClient;
  readonly world: World;
  readonly store: GuardStore;
  readonly guards: GuardOptions;
  /** How the API server reaches us, in hold mode Webhook; undefined until the certificate is there. */
  readonly webhookClient: () => WebhookClient | undefined;
}

const jobs = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true };
const tryAgainMs = 250;

/** Turns one policy into what the API server enforces by itself, proves that it bites, and only then says so. A policy that is gone leaves no guard. */
export async function reconcilePolicy(ref: Ref, context: PolicyContext): Promise<Outcome> {
  const id: PolicyId = { kind: ref.namespace === undefined ? 'ClusterApprovalPolicy' : 'ApprovalPolicy', ...ref };
  const policy = context.world.policy(id);
  const wanted = policy === undefined ? [] : compile(guarded(policy), context.guards);
  await context.store.bring(wanted, guardOf(id));
  await bringWebhooks(context);
  if (policy === undefined) return settled;
  const bites = await provesToBite(policy, context);
  await writeStatus(policy, wanted, bites, context);
  return bites ? settled : wake(tryAgainMs);
}

const guarded = (policy: PolicyRecord): GuardedPolicy => ({
  kind: policy.kind,
  namespace: policy.namespace,
  name: policy.name,
  match: policy.spec.match,
});

/** All policies share one webhook configuration, so each pass writes it for all of them. */
async function bringWebhooks({ world, store, guards, webhookClient }: PolicyContext): Promise<void> {
  const client = guards.holdMode === 'Webhook' ? webhookClient() : undefined;
  if (client === undefined) return;
  const all = [...world.policies.ApprovalPolicy.values(), ...world.policies.ClusterApprovalPolicy.values()];
  await store.bring([compileHoldWebhooks(all.map(guarded), client)], 'webhooks');
}

/** A binding takes up to a second to bite: a Job that each rule matches is offered, without being kept, until it comes back held. */
async function provesToBite(policy: PolicyRecord, { client, world }: PolicyContext): Promise<boolean> {
  const rules = policy.spec.match.filter((rule) => rule.kinds.includes('Job') && rule.apiGroups.includes('batch'));
  for (const rule of rules) {
    const namespace = policy.namespace ?? matchingNamespace(rule, world);
    const probe = namespace === undefined ? undefined : probeJob(rule, namespace);
    if (namespace === undefined || probe === undefined) continue;
    if (!(await arrivesHeld(policy, client, namespace, probe))) return false;
  }
  return true;
}

async function arrivesHeld(policy: PolicyId, client: KubeClient, namespace: string, probe: object): Promise<boolean> {
  try {
    return isHeldBy(policy, await client.create(jobs, namespace, probe, { dryRun: true }));
  } catch (error) {
    // Nothing slips through, but nothing can be created either.
    if (isForbidden(error) && error instanceof Error && isRefusedByBackstop(policy, error.message)) return false;
    // The namespace went away meanwhile, or nothing of the kind may be created there at all, by a quota or somebody else's policy.
    if (isNotFound(error) || isForbidden(error)) return true;
    throw error;
  }
}

function matchingNamespace(rule: MatchRule, world: World): string | undefined {
  for (const { name, labels, terminating } of world.namespaces.values())
    if (!terminating && selects(rule.namespaceSelector, labels)) return name;
  return undefined;
}

async function writeStatus(
  policy: PolicyRecord,
  wanted: readonly GuardObject[],
  bites: boolean,
  { client, world }: PolicyContext,
): Promise<void> {
  const before = policy.status;
  const { namespace, name, uid, generation } = policy;
  const status: ApprovalPolicyStatus = {
    observedGeneration: generation,
    conditions: withStatements(before?.conditions ?? [], statements(bites), { now: client.now(), generation }),
    guards: wanted.map((guard) => guard.metadata.name).slice(0, 256),
  };
  if (isDeepStrictEqual(status, before)) return;
  const type = policy.kind === 'ApprovalPolicy' ? approvalPolicies : clusterApprovalPolicies;
  const body = { apiVersion, kind: policy.kind, metadata: { namespace, name, uid, resourceVersion: policy.resourceVersion }, status };
  world.policies[policy.kind].observe(
    await client.replace(type, { ...(namespace === undefined ? {} : { namespace }), name }, body, { subresource: 'status' }),
  );
}

function statements(bites: boolean): Statement[] {
  return bites
    ? [
        says('Ready', 'True', 'Enforced', 'The API server itself holds what this policy matches.'),
        says('Reconciling', 'False', 'Enforced', 'Nothing more is to be done.'),
      ]
    : [
        says('Ready', 'False', 'GuardsPending', 'Its guards are written but do not bite yet; what is created now may pass unheld.'),
        says('Reconciling', 'True', 'GuardsPending', 'Waiting for the API server to take up its guards.'),
      ];
}
