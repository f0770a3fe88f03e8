import type { DecisionFacts, Observation, PolicyFacts, PolicyId, SubjectFacts } from '../../core/facts.ts';
import { speaksOfJobsAlone } from '../../core/match.ts';
import { asksToPin, governedJobReferences, refersToContents, type References } from '../../core/pins.ts';
import { contentDigest } from '../../core/digest.ts';
import { asksForPermission } from '../../core/resolve.ts';
import { observed } from '../../core/rules/compile.ts';
import type { Repeatable } from '../../core/facts.ts';
import { requestDigest } from '../../core/subject.ts';
import { askedAbout, delegationsReadObject, thatMatter } from '../../core/whoMatters.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { HeldFacts, RawObject } from '../../workloads/index.ts';
import type { History } from '../history.ts';
import type { ApproverPermissions } from '../permissions.ts';
import { decisionFor, type RequestRecord } from '../records.ts';
import type { World } from '../world.ts';
import { pinsFor, type Pinned } from './pins.ts';
import { applyingPolicies } from './policies.ts';
import { observeSubject, readHeld, readObject, repeatContent, subjectFacts, type SubjectSeen } from './subject.ts';

export interface Reader {
  readonly client: KubeClient;
  readonly world: World;
  readonly history: History;
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
  const { world, client } = reader;
  const request = world.requests.get(key);
  if (request === undefined) return undefined;
  const seen = await observeSubject(request, reader);
  const object = once(() => (request.governs === undefined ? Promise.resolve(requestObject(request)) : readObject(seen, reader)));
  const matched = { now: client.now(), request: requestFacts(request), namespaceObject: world.namespaceObject(request.namespace) };
  const { policies, missingPolicies } = await applyingPolicies(request, seen, matched, world, object);
  const decisions = decisionsOn(request, world);
  const delegations = decisions.length === 0 ? [] : world.people.delegationsIn(request.namespace);
  const wanted = { policies, read: object, byDelegations: delegationsReadObject(decisions, delegations) };
  const subject = await describeSubject(request, seen, wanted, reader);
  const weighed = thatMatter(decisions, subject.digest);
  const facts: Observation = {
    ...matched,
    subject,
    policies,
    missingPolicies,
    decisions,
    permissions: await reader.permissions.of({
      namespace: request.namespace,
      people: askedAbout(weighed, delegations),
      policies: permissionPolicies(request, policies),
      decisions: weighed,
    }),
    delegations,
    managers: decisions.some((d) => d.verdict === 'Reassign') ? world.people.managers : new Map(),
    reviewsOwed: decisions.some((d) => d.verdict === 'Override') ? world.reviewsOwed(request.uid) : [],
    standing: world.standingIn(request.namespace),
    observedFailureRate: usesHistory(policies) ? reader.history.failureRate(request.namespace, request.spec.operation) : 0,
    clockDisagrees: client.clockDisagrees(),
    defaultTimeoutMs: reader.defaultTimeoutMs,
  };
  return { facts, request, held: seen.held };
}

const requestFacts = (request: RequestRecord): Observation['request'] => ({
  namespace: request.namespace,
  name: request.name,
  uid: request.uid,
  generation: request.generation,
  createdAt: Date.parse(request.createdAt),
  requester: request.requester,
  onBehalfOf: request.onBehalfOf,
  labels: request.labels,
  governs: request.governs !== undefined,
  spec: request.spec,
  status: request.status,
});

const decisionsOn = (request: RequestRecord, world: World): DecisionFacts[] =>
  world.decisions
    .byIndex('request', request.uid)
    .flatMap((d) => (d.namespace === request.namespace ? (decisionFor(d, request.uid) ?? []) : []));

/** Policies of which somebody must be asked whether RBAC lets them approve. */
function permissionPolicies({ status }: RequestRecord, policies: readonly PolicyFacts[]): PolicyId[] {
  const kept = (status?.stages ?? []).flatMap((stage) => (stage.policy !== undefined && asksForPermission(stage) ? [stage.policy] : []));
  return [...kept, ...policies.filter((p) => (p.spec.stages ?? []).some(asksForPermission))];
}

const usesHistory = (policies: readonly PolicyFacts[]): boolean => policies.some((p) => p.spec.risk?.historicalFailureRate === observed);

/** What `object` is in expressions about a person's own request. */
const requestObject = ({ namespace, name, uid, resourceVersion, createdAt, labels, spec }: RequestRecord): RawObject => ({
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'ApprovalRequest',
  metadata: { namespace, name, uid, resourceVersion, creationTimestamp: createdAt, labels },
  spec,
});

/** Who looks at the governed object, and how it is read. */
interface Wanted {
  readonly policies: readonly PolicyFacts[];
  /** Whether conditions of delegations do. */
  readonly byDelegations: boolean;
  readonly read: () => Promise<RawObject | undefined>;
}

async function describeSubject(
  request: RequestRecord,
  seen: SubjectSeen,
  { policies, byDelegations, read }: Wanted,
  { client, world }: Reader,
): Promise<SubjectFacts> {
  const pins = asksToPin(policies, request.status?.policies) && seen.held !== undefined;
  const references = referencesIn(seen);
  // What was let go is bound to what it referred to then.
  const pinned: Pinned =
    seen.held?.released !== undefined
      ? { pins: request.status?.pins ?? [], notes: [] }
      : pins
        ? await pinsFor(references, request.namespace, client)
        : { notes: [] };
  const repeats = policies.some((p) => p.spec.standing !== undefined) || world.standingIn(request.namespace).length > 0;
  const readers = policies.filter((p) => p.rules.readsObject);
  const raw = repeats || byDelegations || readers.length > 0 ? await read() : undefined;
  const readsJob = seen.governedJob !== undefined && readers.some((p) => speaksOfJobsAlone(p.spec));
  const job = readsJob ? await readHeld(seen.held, client) : undefined;
  const fault = seen.fault ?? pinned.fault;
  return {
    ...subjectFacts(request, seen),
    ...(raw === undefined ? {} : { object: raw }),
    ...(job === undefined ? {} : { job }),
    ...(repeats && raw !== undefined && request.governs !== undefined ? { repeatable: repeatable(request, seen, raw, pinned) } : {}),
    ...(pinned.pins === undefined ? {} : { pins: pinned.pins }),
    pinned: pins && refersToContents(references),
    unpinnedImages: references?.unpinnedImages ?? [],
    ...(fault === undefined && seen.exists ? digested(request, seen.content, pinned) : { fault }),
  };
}

/** What all that would run refers to. Once it is let go, what is written into the spec of a GovernedJob is nothing that runs. */
function referencesIn({ held, governedJob }: SubjectSeen): References | undefined {
  if (governedJob === undefined || held === undefined || held.released !== undefined) return held?.references;
  return governedJobReferences(governedJob.spec, held.references);
}

function digested(request: RequestRecord, content: string | undefined, { pins }: Pinned): Pick<SubjectFacts, 'digest' | 'fault'> {
  try {
    return { digest: requestDigest(request.namespace, request, content, pins) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

function repeatable(request: RequestRecord, seen: SubjectSeen, raw: RawObject, { pins }: Pinned): Repeatable | undefined {
  const { operation, context = {}, reason = '', ticket = '' } = request.spec;
  const { onBehalfOf = '' } = request;
  const { controller } = seen.held ?? {};
  try {
    const content = repeatContent(seen, raw);
    if (content === undefined) return undefined;
    const covers = controller?.kind === 'CronJob' ? `CronJob ${controller.name} (${controller.uid})` : `operation ${operation}`;
    return { covers, content: contentDigest({ content, operation, context, reason, ticket, onBehalfOf, pins: pins ?? [] }) };
  } catch {
    // What has no digest has no approval either; the request says why.
    return undefined;
  }
}

/** The same read for everybody who asks. */
function once<T>(read: () => Promise<T>): () => Promise<T> {
  let known: Promise<T> | undefined;
  return () => (known ??= read());
}
