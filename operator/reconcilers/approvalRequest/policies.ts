import { group, markedPolicy, policyMark } from '../../../crds/v1alpha1/index.ts';
import type { PolicyId } from '../../core/facts.ts';
import { governs, meterForMatches, needsObject, type Candidate } from '../../core/match.ts';
import { variablesOf, type Described } from '../../core/rules/variables.ts';
import type { HeldFacts, RawObject } from '../../workloads/index.ts';
import type { PolicyRecord, RequestRecord } from '../records.ts';
import type { World } from '../world.ts';
import type { SubjectSeen } from './subject.ts';

/** What of a request the policies' `match` may read. */
export type Matched = Omit<Described, 'subject'>;

/** The policies that apply to a request now, and those that somebody says apply but that are not there. */
export async function applyingPolicies(
  request: RequestRecord,
  seen: SubjectSeen,
  matched: Matched,
  world: World,
  object: () => Promise<RawObject | undefined>,
): Promise<{ policies: PolicyRecord[]; missingPolicies: PolicyId[] }> {
  const all = world.policiesFor(request.namespace);
  const candidate = candidateOf(request, seen, world);
  const marks = new Set(seen.held?.policyMarks ?? []);
  const ref = refOf(request);
  // One that only audits is no policy here.
  const candidates = all.filter((p) => p.spec.enforcement !== 'Audit');
  const named = (p: PolicyRecord): boolean => marks.has(policyMark(p)) || (ref !== undefined && sameId(p, ref));
  const isRead = candidates.some((p) => !named(p) && needsObject(p, candidate));
  const read = isRead ? await object() : undefined;
  const subject = read === undefined ? {} : { object: read };
  const variables = () => variablesOf({ ...matched, subject }, request.requester);
  const meter = meterForMatches();
  const policies = candidates.filter((p) => named(p) || governs(p, candidate, variables, meter));
  return { policies, missingPolicies: missing(request, policies, all, marks) };
}

function refOf({ namespace, spec: { policyRef } }: RequestRecord): PolicyId | undefined {
  if (policyRef === undefined) return undefined;
  return policyRef.kind === 'ApprovalPolicy' ? { ...policyRef, namespace } : policyRef;
}

function missing(request: RequestRecord, policies: readonly PolicyId[], all: readonly PolicyId[], marks: ReadonlySet<string>): PolicyId[] {
  const snapshot = (request.status?.policies ?? []).filter((p) => p.asSubmitted);
  const known = new Set([...all, ...snapshot].map((p) => policyMark(p)));
  const unknown = [...marks].filter((mark) => !known.has(mark)).map(markedPolicy);
  const ref = refOf(request);
  const refMissing = ref !== undefined && !policies.some((p) => sameId(p, ref)) && !snapshot.some((p) => sameId(p, ref));
  return refMissing ? [...unknown, ref] : unknown;
}

const sameId = (a: PolicyId, b: PolicyId): boolean => a.kind === b.kind && a.name === b.name && a.namespace === b.namespace;

/** What policies match on: the held object for a plain Job, the GovernedJob, or a person's own request. */
function candidateOf(request: RequestRecord, { held, governedJob }: SubjectSeen, world: World): Candidate {
  const namespaceLabels = world.namespaceLabels(request.namespace);
  const operation = request.spec.operation;
  if (request.governs === undefined)
    return { apiGroup: group, kind: 'ApprovalRequest', labels: request.labels, namespaceLabels, operation };
  const resource = request.spec.subject.resource;
  if (resource?.kind === 'GovernedJob') {
    const known = governedJob ?? world.governedJobs.get(`${request.namespace}/${resource.name}`);
    return { apiGroup: group, kind: 'GovernedJob', labels: known?.labels ?? {}, namespaceLabels, operation };
  }
  return { apiGroup: 'batch', kind: 'Job', labels: labelsOf(held), namespaceLabels };
}

const labelsOf = (held: HeldFacts | undefined): Readonly<Record<string, string>> => held?.labels ?? {};
