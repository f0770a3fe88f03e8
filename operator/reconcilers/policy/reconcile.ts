import { isDeepStrictEqual } from 'node:util';
import {
  apiVersion,
  approvalPolicies,
  clusterApprovalPolicies,
  type ApprovalPolicyStatus,
  type MatchRule,
} from '../../../crds/v1alpha1/index.ts';
import { withStatements } from '../../core/conditions.ts';
import type { PolicyId } from '../../core/facts.ts';
import { settled, wake, type Outcome, type Ref } from '../../core/ports.ts';
import { selects } from '../../core/selector.ts';
import {
  compile,
  compileHoldWebhooks,
  guardOf,
  isMarkedBy,
  isRefusedByBackstop,
  jobRules,
  probeJob,
  type GuardedPolicy,
  type GuardObject,
  type GuardOptions,
  type WebhookClient,
} from '../../guards/index.ts';
import { isForbidden, isInvalid, isNotFound } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { PolicyRecord } from '../records.ts';
import type { World } from '../world.ts';
import type { GuardStore } from './guardStore.ts';
import { policyStatements } from './statements.ts';

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
  const brought = await bringGuards(id, policy, context);
  await bringWebhooks(context);
  if (policy === undefined) return settled;
  const bites = await provesToBite(policy, context);
  await writeStatus(policy, brought, bites, context);
  return bites ? settled : wake(tryAgainMs);
}

interface Brought {
  readonly guards: readonly GuardObject[];
  /** What the API server says of an expression that it does not take. */
  readonly refused?: string;
}

/**
 * An expression that the API server does not take fails for every Job, and so everything holds that the selectors of its rule match: better than to leave
 * the guards of an earlier generation, or none, where somebody meant to govern.
 */
async function bringGuards(id: PolicyId, policy: PolicyRecord | undefined, { store, guards: options }: PolicyContext): Promise<Brought> {
  const bring = async (guards: readonly GuardObject[]): Promise<Brought> => {
    await store.bring(guards, guardOf(id));
    return { guards };
  };
  if (policy === undefined) return bring([]);
  const whole = guarded(policy);
  const plain = withoutExpressions(whole);
  try {
    return await bring(compile(whole, options));
  } catch (error) {
    if (!isInvalid(error) || plain === undefined) throw error;
    return { ...(await bring(compile(plain, options))), refused: error instanceof Error ? error.message : String(error) };
  }
}

const guarded = ({ kind, namespace, name, spec }: PolicyRecord): GuardedPolicy => ({
  kind,
  namespace,
  name,
  match: spec.match,
  enforcement: spec.enforcement,
  validations: spec.validations,
});

/** Undefined where there is none to leave out. */
function withoutExpressions(policy: GuardedPolicy): GuardedPolicy | undefined {
  const { validations: _validations, ...rest } = policy;
  if ((policy.validations ?? []).length === 0 && policy.match.every((rule) => rule.when === undefined)) return undefined;
  return { ...rest, match: policy.match.map(({ when: _when, ...rule }) => rule) };
}

/** All policies share one webhook configuration, so each pass writes it for all of them. */
async function bringWebhooks({ world, store, guards, webhookClient }: PolicyContext): Promise<void> {
  const client = guards.holdMode === 'Webhook' ? webhookClient() : undefined;
  if (client === undefined) return;
  const all = [...world.policies.ApprovalPolicy.values(), ...world.policies.ClusterApprovalPolicy.values()].map(guarded);
  const bring = (evaluate: 'APIServer' | 'Here') =>
    store.bring([compileHoldWebhooks(all, { client, evaluate, operatorUser: guards.operatorUser })], 'webhooks');
  try {
    await bring('APIServer');
  } catch (error) {
    if (!isInvalid(error)) throw error;
    await bring('Here');
  }
}

/** A binding takes up to a second to bite: a Job that each rule matches is offered, without being kept, until it comes back marked. */
async function provesToBite(policy: PolicyRecord, { client, world }: PolicyContext): Promise<boolean> {
  for (const rule of jobRules(policy.spec)) {
    const namespace = policy.namespace ?? matchingNamespace(rule, world);
    const probe = namespace === undefined ? undefined : probeJob(rule, namespace);
    if (namespace === undefined || probe === undefined) continue;
    if (!(await arrivesMarked(guarded(policy), client, namespace, probe))) return false;
  }
  return true;
}

async function arrivesMarked(policy: GuardedPolicy, client: KubeClient, namespace: string, probe: object): Promise<boolean> {
  try {
    return isMarkedBy(policy, await client.create(jobs, namespace, probe, { dryRun: true }));
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
  { guards, refused }: Brought,
  bites: boolean,
  { client, world }: PolicyContext,
): Promise<void> {
  const before = policy.status;
  const { namespace, name, uid, generation } = policy;
  const status: ApprovalPolicyStatus = {
    observedGeneration: generation,
    conditions: withStatements(before?.conditions ?? [], policyStatements(policy, bites, refused), { now: client.now(), generation }),
    guards: guards.map((guard) => guard.metadata.name).slice(0, 256),
  };
  if (isDeepStrictEqual(status, before)) return;
  const type = policy.kind === 'ApprovalPolicy' ? approvalPolicies : clusterApprovalPolicies;
  const body = { apiVersion, kind: policy.kind, metadata: { namespace, name, uid, resourceVersion: policy.resourceVersion }, status };
  world.policies[policy.kind].observe(
    await client.replace(type, { ...(namespace === undefined ? {} : { namespace }), name }, body, { subresource: 'status' }),
  );
}
