import { clusterApprovalPolicies, governedJobs, group, policyMark, type SubjectResource } from '../../../crds/v1alpha1/index.ts';
import type { Observation, PolicyFacts, PolicyId, SubjectFacts } from '../../core/facts.ts';
import { governs, type Candidate } from '../../core/match.ts';
import { whatIsAsked } from '../../core/resolve.ts';
import { governedJobContent, governedJobName, requestDigest } from '../../core/subject.ts';
import { isNotFound } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../kube/client/types.ts';
import { workloadOf, type HeldFacts, type RawObject } from '../../workloads/index.ts';
import type { ApproverPermissions } from '../permissions.ts';
import { decisionFor, governedJobRecord, type RequestRecord } from '../records.ts';
import type { World } from '../world.ts';

export interface Reader {
  readonly client: KubeClient;
  readonly world: World;
  readonly permissions: ApproverPermissions;
  readonly defaultTimeoutMs: number;
}

/** What was read for one pass: plain facts, and the held object that a release or refusal would patch. */
export interface Observed {
  readonly facts: Observation;
  readonly request: RequestRecord;
  readonly held: HeldFacts | undefined;
}

/** Reads everything that the plan for a request may depend on; undefined when there is no such request. */
export async function observe(key: string, reader: Reader): Promise<Observed | undefined> {
  const request = reader.world.requests.get(key);
  if (request === undefined) return undefined;
  const { subject, held } = await observeSubject(request, reader);
  const { policies, missingPolicies } = policiesOf(request, held, reader.world);
  const decisions = reader.world.decisions
    .byIndex('request', request.uid)
    .flatMap((d) => (d.namespace === request.namespace ? (decisionFor(d, request.uid) ?? []) : []));
  const facts: Observation = {
    now: reader.client.now(),
    request: {
      namespace: request.namespace,
      name: request.name,
      uid: request.uid,
      generation: request.generation,
      createdAt: Date.parse(request.createdAt),
      requester: request.requester,
      governs: request.governs !== undefined,
      spec: request.spec,
      status: request.status,
    },
    subject,
    policies,
    missingPolicies,
    decisions,
    permissions: await reader.permissions.of(
      decisions.map((d) => ({ username: d.approver, groups: d.groups })),
      permissionPolicies(request, policies),
    ),
    defaultTimeoutMs: reader.defaultTimeoutMs,
  };
  return { facts, request, held };
}

/** Policies of which somebody must be asked whether RBAC lets them approve. */
function permissionPolicies(request: RequestRecord, policies: readonly PolicyFacts[]): PolicyId[] {
  const { status, spec } = request;
  const snapshot = status?.submittedAt === undefined ? undefined : status;
  return whatIsAsked(spec, policies, snapshot).stages.flatMap((stage) =>
    stage.policy !== undefined && stage.require.some((r) => r.from.some((f) => f.permission !== undefined)) ? [stage.policy] : [],
  );
}

function policiesOf(request: RequestRecord, held: HeldFacts | undefined, world: World): Pick<Observation, 'policies' | 'missingPolicies'> {
  const candidates = world.policiesFor(request.namespace);
  const candidate = candidateOf(request, held, world);
  const named = request.spec.policyRef;
  const ref: PolicyId | undefined =
    named === undefined ? undefined : named.kind === 'ApprovalPolicy' ? { ...named, namespace: request.namespace } : named;
  const marks = new Set(held?.policyMarks ?? []);
  const policies = candidates.filter(
    (p) => governs(p.spec, candidate) || marks.has(policyMark(p)) || (ref !== undefined && sameId(p, ref)),
  );
  const snapshot = (request.status?.policies ?? []).filter((p) => p.asSubmitted);
  const known = new Set([...candidates, ...snapshot].map((p) => policyMark(p)));
  const missing = [...marks]
    .filter((mark) => !known.has(mark))
    .map((mark): PolicyId => ({ kind: clusterApprovalPolicies.kind, name: mark }));
  const refMissing = ref !== undefined && !policies.some((p) => sameId(p, ref)) && !snapshot.some((p) => sameId(p, ref));
  return { policies, missingPolicies: refMissing ? [...missing, ref] : missing };
}

const sameId = (a: PolicyId, b: PolicyId): boolean => a.kind === b.kind && a.name === b.name && a.namespace === b.namespace;

/** What policies match on: the held object for a plain Job, the GovernedJob, or a person's own request. */
function candidateOf(request: RequestRecord, held: HeldFacts | undefined, world: World): Candidate {
  const namespaceLabels = world.namespaceLabels(request.namespace);
  const operation = request.spec.operation;
  if (request.governs === undefined)
    return { apiGroup: group, kind: 'ApprovalRequest', labels: request.labels, namespaceLabels, operation };
  const resource = request.spec.subject.resource;
  if (resource?.kind === 'GovernedJob') {
    const labels = world.governedJobs.get(`${request.namespace}/${resource.name}`)?.labels ?? {};
    return { apiGroup: group, kind: 'GovernedJob', labels, namespaceLabels, operation };
  }
  return { apiGroup: 'batch', kind: 'Job', labels: held?.labels ?? {}, namespaceLabels };
}

interface SubjectSeen {
  readonly subject: SubjectFacts;
  readonly held: HeldFacts | undefined;
}

async function observeSubject(request: RequestRecord, reader: Reader): Promise<SubjectSeen> {
  const resource = request.spec.subject.resource;
  if (resource === undefined) return { held: undefined, subject: plain(digested(request, undefined)) };
  return resource.kind === 'GovernedJob' ? observeGovernedJob(request, resource, reader) : observeWorkload(request, resource, reader);
}

async function observeWorkload(request: RequestRecord, resource: SubjectResource, reader: Reader): Promise<SubjectSeen> {
  const cached = reader.world.heldByUid(resource.uid ?? '');
  const held = cached ?? (await readWorkload(request.namespace, resource, reader.client));
  if (held === undefined) return { held, subject: gone };
  return { held, subject: subjectOf(request, held, held.content, held.fault) };
}

/** Asked of the API server itself: a cache that lags must not make work look gone. */
async function readWorkload(namespace: string, resource: SubjectResource, client: KubeClient): Promise<HeldFacts | undefined> {
  const workload = workloadOf(resource.kind);
  const raw = await getOfUid<RawObject>(client, workload.type, { namespace, name: resource.name }, resource.uid);
  return raw === undefined ? undefined : workload.project(raw);
}

async function observeGovernedJob(request: RequestRecord, resource: SubjectResource, reader: Reader): Promise<SubjectSeen> {
  const ref = { namespace: request.namespace, name: resource.name };
  const cached = reader.world.governedJobs.get(`${ref.namespace}/${ref.name}`);
  const governedJob =
    cached?.uid === resource.uid
      ? cached
      : await getOfUid(reader.client, governedJobs, ref, resource.uid).then((raw) =>
          raw === undefined ? undefined : governedJobRecord(raw),
        );
  if (governedJob === undefined) return { held: undefined, subject: gone };
  const jobs = reader.world.jobsOf(governedJob.uid);
  const wanted = governedJobName(governedJob.name, governedJob.uid, governedJob.spec);
  const held = jobs.find((h) => h.released !== undefined) ?? jobs.find((h) => h.name === wanted);
  if (held === undefined) {
    const wasReleased = request.status?.conditions.some((c) => c.type === 'Released' && c.status === 'True') ?? false;
    return { held, subject: wasReleased ? gone : { exists: true, held: false, fault: 'Its Job has not been created yet.' } };
  }
  const content =
    held.content === undefined
      ? undefined
      : governedJobContent(governedJob.spec, { name: held.name, uid: held.uid, content: held.content });
  return { held, subject: subjectOf(request, held, content, held.fault) };
}

async function getOfUid<T extends { metadata: { uid: string } } = KubeObject>(
  client: KubeClient,
  type: ResourceType,
  ref: { namespace: string; name: string },
  uid: string | undefined,
): Promise<T | undefined> {
  try {
    const found = await client.get<T>(type, ref);
    return uid === undefined || found.metadata.uid === uid ? found : undefined;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

const gone: SubjectFacts = { exists: false, held: false };

function subjectOf(request: RequestRecord, held: HeldFacts, content: string | undefined, fault: string | undefined): SubjectFacts {
  const faults = [fault, ...held.claim.faults].filter((f) => f !== undefined);
  const known = faults.length === 0 ? digested(request, content) : { fault: `${faults.join('; ')}.` };
  return {
    ...plain(known),
    held: held.markedHeld && held.suspended,
    bypassed: request.governs !== undefined && held.markedHeld && !held.suspended && held.released === undefined,
    released: held.released,
    ended: held.ended,
  };
}

const plain = (known: Pick<SubjectFacts, 'digest' | 'fault'>): SubjectFacts => ({ exists: true, held: false, ...known });

function digested(request: RequestRecord, content: string | undefined): Pick<SubjectFacts, 'digest' | 'fault'> {
  try {
    return { digest: requestDigest(request.namespace, request.spec, content) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}
