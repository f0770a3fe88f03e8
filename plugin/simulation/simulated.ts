import type { ApprovalRequestStatus, PolicyRecord } from '../../crds/v1alpha1/index.ts';
import { auditMark, policyMark, policyMarkPrefix } from '../../crds/v1alpha1/marks.ts';
import { apiVersion } from '../../crds/v1alpha1/resources.ts';
import type { Person } from '../../operator/core/eligibility.ts';
import { evaluate } from '../../operator/core/evaluate.ts';
import type { Evaluation } from '../../operator/core/evaluation.ts';
import {
  nothingSaid,
  policyName,
  type NamespaceObject,
  type Observation,
  type PolicyFacts,
  type PolicyId,
} from '../../operator/core/facts.ts';
import { governs, meterForMatches } from '../../operator/core/match.ts';
import { plan } from '../../operator/core/plan.ts';
import { variablesOf } from '../../operator/core/rules/variables.ts';
import type { RawObject } from '../../operator/workloads/contract.ts';
import { requestOf, type Request } from '../request.ts';
import type { Work } from './work.ts';

/** What is known of the cluster into which work is thought. */
export interface Surroundings {
  readonly now: number;
  /** Who would create it. */
  readonly me: Person;
  readonly policies: readonly PolicyFacts[];
  readonly namespaceObject: NamespaceObject;
  /** How often the operation failed before, 0 to 100. */
  readonly failureRate: number;
}

/** What would come of it. */
export type Outcome =
  /** No policy governs it: it would run, and nobody would be asked. */
  'NotGoverned' | Evaluation['verdict'];

/** What the policies would ask of work, had it been created now. */
export interface Simulated {
  readonly work: Work;
  readonly outcome: Outcome;
  /** Policies that hold it. */
  readonly policies: readonly PolicyRecord[];
  /** Policies that would only tell of it (`enforcement: Audit`). */
  readonly audited: readonly PolicyId[];
  /** Policies that said in a trial that they hold it, but that could not be read. */
  readonly unread: readonly string[];
  /** The request as the operator would have it; absent when nothing is asked. */
  readonly request?: Request;
  readonly gate: Evaluation['gate'];
}

/** Whatever could be digested: which digest it is decides nothing. */
const someDigest = `v1:sha256:${'0'.repeat(64)}`;

/** How long a request may wait is the operator's setting, unless somebody says; a deadline that nobody set is not shown. */
const unknownTimeoutMs = 7 * 86_400_000;

/** What would be asked of work; `holding` says which policies count as holding. Pure. */
export function simulate(work: Work, around: Surroundings, holding: (policy: PolicyFacts) => boolean = isHolding): Simulated {
  const { policies, audited, missing } = applying(work, around, holding);
  const unread = unreadMarks(work, around.policies);
  const facts = observationOf(work, around, policies, missing);
  const evaluation = evaluate(facts);
  const { gate } = evaluation;
  if (work.candidates[0]?.kind === 'Job' && policies.length === 0 && missing.length === 0) {
    return { work, outcome: 'NotGoverned', policies: [], audited, unread, gate };
  }
  const { status } = plan(facts);
  const request = requestFor(work, around, withoutUnknownExpiry(status, facts, evaluation.policies));
  return { work, outcome: evaluation.verdict, policies: evaluation.policies, audited, unread, request, gate };
}

const isHolding = ({ spec }: PolicyFacts): boolean => spec.enforcement !== 'Audit';

interface Applying {
  readonly policies: readonly PolicyFacts[];
  readonly audited: readonly PolicyFacts[];
  readonly missing: readonly PolicyId[];
}

function applying(work: Work, around: Surroundings, holding: (policy: PolicyFacts) => boolean): Applying {
  const { namespaceObject, now } = around;
  const request = requestFacts(work, around);
  const variables = (object: RawObject) => () => variablesOf({ request, subject: { object }, namespaceObject, now }, request.requester);
  const meter = meterForMatches();
  const namespaceLabels = namespaceObject.metadata.labels;
  const fits = (policy: PolicyFacts): boolean =>
    work.candidates.some((candidate) => {
      const object = candidate.kind === 'Job' ? (work.job ?? work.object) : work.object;
      return governs(policy, { ...candidate, namespaceLabels }, variables(object), meter);
    });
  const marks = new Set(work.marks);
  const { policyRef } = work.spec;
  const ref =
    policyRef === undefined ? undefined : { ...policyRef, ...(policyRef.kind === 'ApprovalPolicy' ? { namespace: work.namespace } : {}) };
  const isNamed = (policy: PolicyFacts): boolean =>
    marks.has(policyMark(policy)) || marks.has(auditMark(policy)) || (ref?.kind === policy.kind && ref.name === policy.name);
  const all = around.policies.filter((policy) => isNamed(policy) || fits(policy));
  const policies = all.filter(holding);
  const refIsThere = ref === undefined || policies.some((policy) => policy.kind === ref.kind && policy.name === ref.name);
  return { policies, audited: all.filter((policy) => !holding(policy)), missing: refIsThere ? [] : [ref] };
}

/** Marks of policies that are not among those that could be read, as the policies are called. */
function unreadMarks({ marks }: Work, policies: readonly PolicyFacts[]): string[] {
  const known = new Set(policies.map(policyMark));
  return marks
    .filter((mark) => mark.startsWith(policyMarkPrefix) && !known.has(mark))
    .map((mark) => mark.slice(policyMarkPrefix.length).replace(/^cluster_\./, 'ClusterApprovalPolicy '));
}

function requestFacts(
  { namespace, name, governs: isHeld, labels, onBehalfOf, spec }: Work,
  { me, now }: Surroundings,
): Observation['request'] {
  return {
    namespace,
    name,
    uid: 'simulated',
    generation: 1,
    createdAt: now,
    requester: { username: me.username, groups: [...me.groups] },
    labels,
    governs: isHeld,
    spec,
    status: undefined,
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
  };
}

function observationOf(
  work: Work,
  around: Surroundings,
  policies: readonly PolicyFacts[],
  missingPolicies: readonly PolicyId[],
): Observation {
  const fault = work.faults.length === 0 ? undefined : `${work.faults.join('; ')}.`;
  return {
    now: around.now,
    request: requestFacts(work, around),
    subject: {
      exists: true,
      held: work.governs,
      object: work.object,
      job: work.job,
      unpinnedImages: work.unpinnedImages,
      ...(fault === undefined ? { digest: someDigest } : { fault }),
    },
    policies,
    missingPolicies,
    ...nothingSaid,
    namespaceObject: around.namespaceObject,
    observedFailureRate: around.failureRate,
    clockDisagrees: false,
    defaultTimeoutMs: unknownTimeoutMs,
  };
}

function withoutUnknownExpiry(
  status: ApprovalRequestStatus,
  { request }: Observation,
  policies: readonly PolicyRecord[],
): ApprovalRequestStatus {
  if (request.spec.timeout !== undefined || policies.some((policy) => policy.timeout !== undefined)) return status;
  const { expiresAt: _unknown, ...rest } = status;
  return rest;
}

function requestFor({ namespace, name, governs: isHeld, spec }: Work, { now }: Surroundings, status: ApprovalRequestStatus): Request {
  const { subjectDigest: _made, ...shown } = status;
  return requestOf({
    apiVersion,
    kind: 'ApprovalRequest',
    metadata: {
      name,
      namespace,
      uid: 'simulated',
      resourceVersion: '0',
      creationTimestamp: new Date(now).toISOString(),
      labels: isHeld ? { 'countersign.dev/subject-uid': 'simulated' } : {},
    },
    spec,
    status: shown,
  });
}

/** A policy as people call it. */
export const titleOf = (policy: PolicyId): string => `${policy.kind} ${policyName(policy)}`;
