import type { GovernedJobSpec } from '../../crds/v1alpha1/index.ts';
import { policyMark, policyMarkPrefix } from '../../crds/v1alpha1/marks.ts';
import { group } from '../../crds/v1alpha1/resources.ts';
import type { DecisionFacts, NamespaceObject, Observation, Permissions, PolicyFacts, PolicyId } from '../../operator/core/facts.ts';
import { policyKey } from '../../operator/core/facts.ts';
import { governs, meterForMatches } from '../../operator/core/match.ts';
import { governedJobReferences, referencesOf } from '../../operator/core/pins.ts';
import { variablesOf } from '../../operator/core/rules/variables.ts';
import { timeOf } from '../../operator/core/timing.ts';
import type { RawObject } from '../../operator/workloads/contract.ts';
import { requestFacts, type Request } from '../request.ts';
import type { Matchable } from './work.ts';

/** A request that is open, or approved and held all the same, with what was read of it. */
export interface OpenRequest {
  readonly request: Request;
  /** What it is about, as it is stored; absent when that is outside the cluster, gone, or may not be read. */
  readonly object: RawObject | undefined;
  /** Of a GovernedJob, its Job as it is stored, where that is there and may be read. */
  readonly job?: RawObject | undefined;
  readonly decisions: readonly DecisionFacts[];
  readonly delegations: Observation['delegations'];
  readonly managers: Observation['managers'];
  readonly namespaceObject: NamespaceObject;
  readonly failureRate: number;
}

/** What the core weighs of such a request, if these were the policies. Pure. */
export function openObservation(open: OpenRequest, policies: readonly PolicyFacts[], now: number): Observation {
  const { request, object, job, namespaceObject } = open;
  const { spec, status } = request.stored;
  const facts = requestFacts(request);
  const candidate = { ...candidateOf(open), namespaceLabels: namespaceObject.metadata.labels };
  const variables = () => variablesOf({ request: facts, subject: { object }, namespaceObject, now }, facts.requester);
  const held = request.stored.spec.subject.resource?.kind === 'GovernedJob' ? job : object;
  const marks = new Set(Object.keys(held?.metadata.annotations ?? {}).filter((key) => key.startsWith(policyMarkPrefix)));
  const isNamed = (p: PolicyFacts): boolean =>
    marks.has(policyMark(p)) || (spec.policyRef?.kind === p.kind && spec.policyRef.name === p.name);
  const meter = meterForMatches();
  const applying = policies.filter((p) => p.spec.enforcement !== 'Audit' && (isNamed(p) || governs(p, candidate, variables, meter)));
  return {
    now,
    request: facts,
    subject: {
      exists: true,
      held: request.governs,
      digest: status?.subjectDigest,
      object,
      job,
      unpinnedImages: imagesIn(open),
    },
    policies: applying,
    missingPolicies: [],
    decisions: open.decisions,
    permissions: permissionsOnRecord(request),
    delegations: open.delegations,
    managers: open.managers,
    reviewsOwed: [],
    standing: [],
    namespaceObject,
    observedFailureRate: open.failureRate,
    clockDisagrees: false,
    defaultTimeoutMs: defaultTimeoutMs(request),
  };
}

/** The images that are named by a tag alone. */
function imagesIn({ request, object }: OpenRequest): readonly string[] {
  const spec = object?.['spec'];
  if (request.stored.spec.subject.resource?.kind !== 'GovernedJob') return referencesOf(spec).unpinnedImages;
  const governed = (spec ?? {}) as Partial<GovernedJobSpec>;
  return governedJobReferences(governed, referencesOf(governed.jobTemplate?.spec)).unpinnedImages;
}

/**
 * How long the operator lets a request wait when nobody says: its setting, which only a request that nobody says it of tells. Infinity where it is not
 * known: a time that was made up would be told as if it were so.
 */
function defaultTimeoutMs({ stored: { spec, status } }: Request): number {
  const isSaid = spec.timeout !== undefined || (status?.policies ?? []).some((p) => p.timeout !== undefined);
  const [from, to] = [timeOf(status?.submittedAt), timeOf(status?.expiresAt)];
  return isSaid || from === undefined || to === undefined ? Infinity : to - from;
}

function candidateOf({ request, object }: OpenRequest): Matchable {
  const { spec, object: stored } = request.stored;
  if (!request.governs)
    return { apiGroup: group, kind: 'ApprovalRequest', labels: stored.metadata.labels ?? {}, operation: spec.operation };
  const labels = object?.metadata.labels ?? {};
  return spec.subject.resource?.kind === 'GovernedJob'
    ? { apiGroup: group, kind: 'GovernedJob', labels, operation: spec.operation }
    : { apiGroup: 'batch', kind: 'Job', labels };
}

/** Nobody may ask the API server what others may; whose vote counted by a permission is on record. */
function permissionsOnRecord({ stored }: Request): Permissions {
  const { stages = [], decisions = [] } = stored.status ?? {};
  const allowed = new Set(
    stages.flatMap((stage) =>
      stage.policy === undefined
        ? []
        : stage.require
            .filter((r) => r.from.some((entry) => entry.permission !== undefined))
            .flatMap((r) => r.approvedBy.map((who) => `${policyKey(stage.policy as PolicyId)} ${who}`)),
    ),
  );
  return {
    mayApprove: (approver, policy) => allowed.has(`${policyKey(policy)} ${approver}`),
    may: (verb, approver) => decisions.some((d) => d.counted && d.approver === approver && d.verdict.toLowerCase() === verb),
  };
}
