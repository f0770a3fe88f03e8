import { isDeepStrictEqual } from 'node:util';
import { apiVersion, group, type GovernedJobStatus, type Pin } from '../../../crds/v1alpha1/index.ts';
import { actionsOf } from '../../core/actions.ts';
import { CountersignError } from '../../core/errors.ts';
import type { ActionJobSeen, GovernedJobFacts, JobSeen, RequestSeen } from '../../core/governedJobFacts.ts';
import { governs, meterForMatches } from '../../core/match.ts';
import { answerOf } from '../../core/outcome.ts';
import type { Ref } from '../../core/ports.ts';
import { governedJobContent, governedJobName, governedJobSource, requestDigest, requestName } from '../../core/subject.ts';
import { isAllowed } from '../../kube/accessReview.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { HeldFacts } from '../../workloads/index.ts';
import type { GovernedJobRecord } from '../records.ts';
import type { World } from '../world.ts';
import { asksItself, stageOf } from './asking.ts';
import type { ActionCalls } from './calls.ts';
import { requestSpec } from './manifests.ts';
import { outputsOf } from './outputs.ts';
import { isTrue } from '../../core/conditions.ts';

export interface Observer {
  readonly client: KubeClient;
  readonly world: World;
  readonly calls: ActionCalls;
}

/** What was read for one pass: plain facts, and the objects that effects are about. */
export interface Observed {
  readonly facts: GovernedJobFacts;
  readonly governedJob: GovernedJobRecord;
  readonly jobs: readonly HeldFacts[];
  readonly actionJobs: readonly HeldFacts[];
}

/** Reads everything that the plan for a GovernedJob may depend on; undefined when there is none, or it is on its way out. */
export async function observe(ref: Ref, observer: Observer): Promise<Observed | undefined> {
  const { client, world, calls } = observer;
  const governedJob = world.governedJobs.get(`${ref.namespace ?? ''}/${ref.name}`);
  if (governedJob === undefined || governedJob.deleting) return undefined;
  const { name, uid, generation, spec, status } = governedJob;
  const jobs = world.jobsOf(uid);
  const actionJobs = world.actionJobsOf(uid);
  const identity = identityOf(governedJob);
  const main = jobs.find((h) => h.released !== undefined) ?? jobs.find((h) => h.name === identity.wantedJob);
  const mustCreate = main === undefined && status?.completedAt === undefined;
  const facts: GovernedJobFacts = {
    now: client.now(),
    name,
    uid,
    generation,
    cancelled: spec.cancelled,
    status,
    authorMayCreateJobs: mustCreate ? await mayCreateJobs(governedJob, client) : undefined,
    wantedJob: identity.wantedJob,
    ...(identity.refusal === undefined ? {} : { refusal: identity.refusal }),
    jobs: jobs.map((held) => jobSeen(held, identity.source)),
    request: requestSeen(governedJob, main, world),
    actions: identity.actions,
    actionJobs: actionJobs.flatMap((held) => actionJobSeen(held, world)),
    calls: calls.seen(uid),
    policyKnown: identity.actions.some((a) => a.stage === 'Pre') && policySaysSomething(governedJob, main, observer),
    outputs: hasJustSucceeded(main, status) ? await outputsOf(client, main) : undefined,
  };
  return { facts, governedJob, jobs, actionJobs };
}

/** What cannot be digested has no Job: its author is told what stands in the way. */
function identityOf({
  name,
  uid,
  spec,
}: GovernedJobRecord): Pick<GovernedJobFacts, 'wantedJob' | 'actions'> & { source?: string; refusal?: string } {
  try {
    return { wantedJob: governedJobName(name, uid, spec), source: governedJobSource(uid, spec), actions: actionsOf(uid, spec) };
  } catch (error) {
    if (error instanceof CountersignError) return { wantedJob: '', actions: [], refusal: error.message };
    throw error;
  }
}

const jobSeen = (held: HeldFacts, source: string | undefined): JobSeen => ({
  name: held.name,
  uid: held.uid,
  released: held.released !== undefined,
  unchanged: source !== undefined && held.source === source,
  stopping: held.stopping ?? false,
  ended: held.ended,
});

function actionJobSeen(held: HeldFacts, world: World): ActionJobSeen[] {
  const stage = stageOf(held);
  return stage === undefined ? [] : [{ ...jobSeen(held, undefined), stage, asksItself: asksItself(held, world) }];
}

/** Read once: what is on record stays. */
const hasJustSucceeded = (main: HeldFacts | undefined, status: GovernedJobStatus | undefined): main is HeldFacts =>
  main?.released !== undefined && main.ended?.succeeded === true && !isTrue(status?.conditions, 'Completed');

/** Nobody gets a Job created by us that they could not create themselves. */
export const mayCreateJobs = ({ requester, namespace }: GovernedJobRecord, client: KubeClient): Promise<boolean> =>
  requester.username === ''
    ? Promise.resolve(false)
    : isAllowed(client, requester, { verb: 'create', group: 'batch', resource: 'jobs', namespace });

/** Whether any policy will have a say, by what the API server marked the Job with, or by what is known of policies here. */
function policySaysSomething(governedJob: GovernedJobRecord, main: HeldFacts | undefined, { world, client }: Observer): boolean {
  if (main !== undefined && main.policyMarks.length > 0) return true;
  const { namespace, labels, spec } = governedJob;
  const namespaceLabels = world.namespaceLabels(namespace);
  const candidate = { apiGroup: group, kind: 'GovernedJob', labels, namespaceLabels, operation: spec.operation };
  const isNamed = (p: { kind: string; name: string }): boolean => p.kind === spec.policyRef?.kind && p.name === spec.policyRef.name;
  const variables = () => matchVariables(governedJob, world, client.now());
  const meter = meterForMatches();
  return world
    .policiesFor(namespace)
    .some((p) => p.spec.enforcement !== 'Audit' && (isNamed(p) || governs(p, candidate, variables, meter)));
}

/** What its request's `match` expressions will read, as far as that is known before there is one. */
function matchVariables(governedJob: GovernedJobRecord, world: World, now: number): Readonly<Record<string, unknown>> {
  const { namespace, name, uid, labels, spec, requester } = governedJob;
  return {
    object: { apiVersion, kind: 'GovernedJob', metadata: { namespace, name, uid, labels }, spec },
    context: spec.parameters ?? {},
    operation: spec.operation,
    approvalRequest: { metadata: { namespace, name: requestName(name, uid), labels: {} }, spec: requestSpec(governedJob) },
    requester: { username: requester.username, groups: requester.groups },
    namespaceObject: world.namespaceObject(namespace),
    now: new Date(now),
  };
}

function requestSeen(governedJob: GovernedJobRecord, held: HeldFacts | undefined, world: World): RequestSeen | undefined {
  const request = world.requestFor(governedJob.uid);
  if (request === undefined) return undefined;
  const { draft: _draft, cancelled, ...says } = request.spec;
  const outcome = answerOf(request.status?.conditions ?? []);
  return {
    name: request.name,
    upToDate: isDeepStrictEqual(says, requestSpec(governedJob)) && request.onBehalfOf === governedJob.onBehalfOf,
    cancelled,
    outcome,
    digest: outcome === undefined ? digestOf(governedJob, held, request.status?.pins) : request.status?.subjectDigest,
  };
}

/** Undefined, too, for what cannot be digested: the request says why. */
function digestOf(governedJob: GovernedJobRecord, held: HeldFacts | undefined, pins: readonly Pin[] | undefined): string | undefined {
  if (held?.content === undefined) return undefined;
  try {
    const content = governedJobContent(governedJob.spec, { name: held.name, uid: held.uid, content: held.content });
    const spec = { ...requestSpec(governedJob), draft: false, cancelled: false };
    return requestDigest(governedJob.namespace, { spec, onBehalfOf: governedJob.onBehalfOf }, content, pins);
  } catch (error) {
    if (error instanceof CountersignError) return undefined;
    throw error;
  }
}
