import type { ApprovalDecision, ApprovalPolicySpec, GovernedJobStatus } from '../../crds/v1alpha1/index.ts';
import {
  approvalDecisions,
  approvalPolicies,
  approvalRequests,
  clusterApprovalPolicies,
  governedJobs,
} from '../../crds/v1alpha1/resources.ts';
import type { DecisionFacts, PolicyFacts } from '../../operator/core/facts.ts';
import { faultText, policyFaults } from '../../operator/core/lint/index.ts';
import { compileRules } from '../../operator/core/rules/compile.ts';
import { isForbidden, isNotFound } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';
import type { RawObject } from '../../operator/workloads/contract.ts';
import type { Session } from '../cluster/connect.ts';
import { delegationFacts } from '../cluster/delegated.ts';
import { jobs } from '../cluster/requests.ts';
import { readRulebook, type Rulebook } from '../cluster/rulebook.ts';
import { tryToWrite } from '../cluster/trial.ts';
import { RefusedError } from '../errors.ts';
import { isHeldBack, isSettled, requestOf, type Request } from '../request.ts';
import type { PolicyChange } from './changesText.ts';
import { failureRate } from './failureRate.ts';
import type { Manifest } from './manifests.ts';
import type { OpenRequest } from './open.ts';
import { changeOf } from './policyChange.ts';
import { policyKindOf, withDefaults } from './policyManifest.ts';
import { titleOf } from './simulated.ts';

/** What each policy would change of the open requests, and of what is approved and still held, were it written now. @throws RefusedError when it could not be written at all. */
export async function simulatePolicies(session: Session, manifests: readonly Manifest[], everywhere: boolean): Promise<PolicyChange[]> {
  const changes: PolicyChange[] = [];
  for (const manifest of manifests) changes.push(await simulatePolicy(session, manifest, everywhere));
  return changes;
}

async function simulatePolicy({ client, namespace }: Session, manifest: Manifest, everywhere: boolean): Promise<PolicyChange> {
  const kind = policyKindOf(manifest);
  const own = kind === 'ApprovalPolicy' ? (manifest.metadata.namespace ?? namespace) : undefined;
  const all = await readRequests(client, own ?? (everywhere ? undefined : namespace));
  const namespaces = [
    ...new Set([...(own === undefined ? [] : [own]), ...(everywhere ? [] : [namespace]), ...all.map((r) => r.namespace)]),
  ];
  const rulebook = await readRulebook(client, namespaces);
  const { written, isNew, notes } = await writtenPolicy(client, manifest, kind, own);
  const open = all.filter(isReached);
  const requests = await Promise.all(namespaces.flatMap((space) => readOpen(client, space, open, all, rulebook)));
  const changes = requests.flat().map((one) => changeOf(one, rulebook.policiesFor(one.request.namespace), written, client.now()));
  return { policy: titleOf(written), isNew, changes, notes: [...notes, ...rulebook.gaps] };
}

/** Whether a change of policy may matter to it: people were asked, and it is open, or approved and held all the same. */
export const isReached = (request: Request): boolean =>
  (!isSettled(request) || isHeldBack(request)) && !request.stored.spec.draft && request.status?.submittedAt !== undefined;

async function readRequests(client: KubeClient, namespace: string | undefined): Promise<Request[]> {
  const found: Request[] = [];
  for await (const object of client.listAll(approvalRequests, namespace === undefined ? {} : { namespace })) found.push(requestOf(object));
  return found;
}

interface WrittenPolicy {
  readonly written: PolicyFacts;
  readonly isNew: boolean;
  readonly notes: readonly string[];
}

async function writtenPolicy(
  client: KubeClient,
  manifest: Manifest,
  kind: PolicyFacts['kind'],
  namespace: string | undefined,
): Promise<WrittenPolicy> {
  const { metadata, source } = manifest;
  const { name } = metadata;
  if (name === undefined) throw new RefusedError(`${source}: metadata.name is missing; a policy is known by its name.`, 'NoManifest');
  const type = kind === 'ApprovalPolicy' ? approvalPolicies : clusterApprovalPolicies;
  const stored = await readIfThere(client, type, { name, ...(namespace === undefined ? {} : { namespace }) });
  const object = { ...manifest.object, metadata: { ...metadata, ...(namespace === undefined ? {} : { namespace }) } };
  const trial = await tryToWrite(client, type, namespace, object, stored?.metadata.resourceVersion);
  if (trial.kind === 'refused') throw new RefusedError(`${source}: the API server would refuse this policy: ${trial.why}`);
  const spec = trial.kind === 'stored' ? (trial.object['spec'] as ApprovalPolicySpec) : withDefaults(manifest.spec);
  const faults = policyFaults(spec, { kind }).map(faultText);
  if (faults.length > 0)
    throw new RefusedError(`${source}: this policy would be refused:\n${faults.map((fault) => `  ${fault}`).join('\n')}`);
  return {
    written: {
      kind,
      namespace,
      name,
      uid: stored?.metadata.uid ?? 'simulated',
      generation: (stored?.metadata.generation ?? 0) + 1,
      spec,
      rules: compileRules(spec),
    },
    isNew: stored === undefined,
    notes:
      trial.kind === 'forbidden'
        ? ['You may not write it, so the API server has not checked its schema; its defaults were filled in here.']
        : [],
  };
}

async function readIfThere(
  client: KubeClient,
  type: Parameters<KubeClient['get']>[0],
  ref: { readonly namespace?: string; readonly name: string },
): Promise<KubeObject | undefined> {
  try {
    return await client.get(type, ref);
  } catch (error) {
    if (isNotFound(error) || isForbidden(error)) return undefined;
    throw error;
  }
}

async function readOpen(
  client: KubeClient,
  namespace: string,
  open: readonly Request[],
  all: readonly Request[],
  rulebook: Rulebook,
): Promise<OpenRequest[]> {
  const mine = open.filter((r) => r.namespace === namespace);
  if (mine.length === 0) return [];
  const decisions = await readDecisions(client, namespace);
  const delegated = await delegationFacts({ client, namespace }, namespace);
  return Promise.all(
    mine.map(async (request) => {
      const object = await objectOf(client, request);
      return {
        request,
        object,
        job: await jobOf(client, request, object),
        decisions: decisions(request.uid),
        ...delegated,
        namespaceObject: rulebook.namespaceObject(namespace),
        failureRate: failureRate(all, namespace, request.stored.spec.operation),
      };
    }),
  );
}

/** What expressions read as `object`: what the request is about, or a person's own request itself. */
async function objectOf(client: KubeClient, request: Request): Promise<RawObject | undefined> {
  const { resource } = request.stored.spec.subject;
  if (!request.governs || resource === undefined) return request.stored.object;
  const found = await readIfThere(client, resource.kind === 'GovernedJob' ? governedJobs : jobs, {
    namespace: request.namespace,
    name: resource.name,
  });
  return found?.metadata.uid === resource.uid ? found : undefined;
}

/** What policies that speak of Jobs alone read as `object` of a GovernedJob. */
async function jobOf(
  client: KubeClient,
  { namespace, governs, stored }: Request,
  object: RawObject | undefined,
): Promise<RawObject | undefined> {
  if (!governs || stored.spec.subject.resource?.kind !== 'GovernedJob') return undefined;
  const { job } = (object?.['status'] ?? {}) as Partial<GovernedJobStatus>;
  const found = job && (await readIfThere(client, jobs, { namespace, name: job.name }));
  return found?.metadata.uid === job?.uid ? found : undefined;
}

async function readDecisions(client: KubeClient, namespace: string): Promise<(requestUid: string) => DecisionFacts[]> {
  const all: ApprovalDecision[] = [];
  for await (const object of client.listAll<ApprovalDecision>(approvalDecisions, { namespace })) all.push(object);
  return (requestUid) =>
    all.flatMap(({ metadata, spec }) => {
      const named = spec.requests.find((r) => r.uid === requestUid);
      if (named === undefined) return [];
      const { requests: _all, approver = '', groups = [], via = 'Kubernetes', ...said } = spec;
      return [
        {
          ...said,
          name: metadata.name,
          uid: metadata.uid,
          approver,
          groups,
          via,
          digest: named.digest,
          requestUid,
          time: metadata.creationTimestamp,
        },
      ];
    });
}
