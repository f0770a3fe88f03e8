import type { ApprovalRequestStatus, PolicyRecord, StandingApproval } from '../../crds/v1alpha1/index.ts';
import { rfc3339 } from './conditions.ts';
import { storedDurationMs } from './duration.ts';
import type { Evaluation } from './evaluation.ts';
import { policyKey, type Observation, type StandingFacts } from './facts.ts';
import { compare } from './order.ts';
import { outcomeOf, type Outcome } from './outcome.ts';
import { applies, type Asked, type AskedStage } from './resolve.ts';

/** The standing approval that a request has now: given as people approve it and never later, ended by whoever may say no, and by its requester. */
export function standingOf(facts: Observation, evaluation: Evaluation, outcome: Outcome | undefined): StandingApproval | undefined {
  const { status } = facts.request;
  const before = status?.standing;
  if (before === undefined) {
    const settlesNow = outcome?.reason === 'Approved' && outcomeOf(status?.conditions ?? []) === undefined;
    return settlesNow ? given(facts, evaluation) : undefined;
  }
  if (before.revokedBy !== undefined) return before;
  const by = facts.request.spec.cancelled ? facts.request.requester.username : evaluation.revokedBy;
  return by === undefined ? before : { ...before, revokedBy: by };
}

/** Everybody whose approval counts must have agreed to further runs, and every policy must allow it; the least of what they say is given. */
function given(facts: Observation, { policies, decisions, requester }: Evaluation): StandingApproval | undefined {
  const { repeatable } = facts.subject;
  const approvals = decisions.filter((d) => d.counted && d.verdict === 'Approve');
  // What nobody is known to have asked for is asked about each time.
  if (repeatable === undefined || approvals.length === 0 || policies.length === 0 || requester.username === '') return undefined;
  const offers = [
    ...approvals.map(({ standing }) => ({ runs: standing?.runs ?? 0, ms: storedDurationMs(standing?.duration) ?? 0 })),
    ...policies.map(({ standing }) => ({ runs: standing?.maxRuns ?? 0, ms: storedDurationMs(standing?.maxDuration) ?? 0 })),
  ];
  const runs = Math.min(...offers.map((o) => o.runs));
  const ms = Math.min(...offers.map((o) => o.ms));
  return runs < 1 || ms < 1 ? undefined : { runs, until: rfc3339(facts.now + ms), ...repeatable, uses: [] };
}

/** What standing approvals have to say of a request. */
export interface Cover {
  /** The request along with which this one is approved: it is counted among the uses. */
  readonly approvedUnder?: string;
  /** The request that would cover it, had it been counted. */
  readonly claims?: string;
}

/** What a request says to others of the standing approval that it carries; undefined when it carries none. */
export function standingFacts(request: string, status: ApprovalRequestStatus | undefined): StandingFacts | undefined {
  if (status?.standing === undefined) return undefined;
  const { standing, policies, stages, decisions } = status;
  const separate = stages
    .filter((stage) => !stage.separation.requesterMayApprove)
    .flatMap((stage) => [...stage.require.flatMap((r) => r.approvedBy), ...(stage.escalation?.approvedBy ?? [])]);
  const inStead = decisions.flatMap((d) =>
    d.counted && d.onBehalfOf !== undefined && separate.includes(d.approver) ? [d.onBehalfOf] : [],
  );
  return { request, standing, policies, stages: stagesAsked(stages), approvers: [...new Set([...separate, ...inStead])] };
}

/** The stages that are asked for, each with its policy. */
const stagesAsked = (stages: readonly Pick<AskedStage, 'name' | 'policy' | 'applies'>[]): string[] =>
  stages.filter(applies).map(({ name, policy }) => `${policy === undefined ? 'own' : policyKey(policy)} ${name}`);

/**
 * Looks for a standing approval of the same that is good now and has a run left: under the same policies, which ask the same stages of both (whether they
 * do may hang on who asks, and when), and not by whoever asks now, where they may not approve what they ask for.
 */
export function coverOf(
  facts: Observation,
  { policies, stages }: Pick<Asked, 'policies' | 'stages'>,
  requesters: readonly string[],
): Cover {
  const { repeatable, digest } = facts.subject;
  // Nothing is approved that has no digest: nobody could say later what it was.
  if (repeatable === undefined || digest === undefined || !facts.request.governs || requesters.includes('')) return {};
  const asked = stagesAsked(stages);
  const good = facts.standing
    .filter(
      ({ standing }) =>
        standing.covers === repeatable.covers && standing.content === repeatable.content && standing.revokedBy === undefined,
    )
    .filter((other) => samePolicies(other.policies, policies) && sameSet(other.stages, asked))
    .filter((other) => !other.approvers.some((approver) => requesters.includes(approver)))
    .sort((a, b) => compare(a.request, b.request));
  const used = good.find(({ standing }) => standing.uses.some((use) => use.uid === facts.request.uid));
  if (used !== undefined) return { approvedUnder: used.request };
  const free = good.find(({ standing }) => Date.parse(standing.until) > facts.now && standing.uses.length < standing.runs);
  return free === undefined ? {} : { claims: free.request };
}

/** The same policies in the same version: what people agreed to under other rules is not what these ask. */
function samePolicies(a: readonly PolicyRecord[], b: readonly PolicyRecord[]): boolean {
  const versions = (records: readonly PolicyRecord[]) => records.map((p) => `${policyKey(p)} ${p.uid} ${p.generation}`);
  return sameSet(versions(a), versions(b));
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const [ours, theirs] = [new Set(a), new Set(b)];
  return ours.size === theirs.size && [...ours].every((one) => theirs.has(one));
}

/** The status of the covering request with one more use; undefined when it covers no more. */
export function withUse(
  status: ApprovalRequestStatus,
  use: { readonly request: string; readonly uid: string; readonly now: number },
): ApprovalRequestStatus | undefined {
  const { standing } = status;
  if (standing === undefined || standing.revokedBy !== undefined || Date.parse(standing.until) <= use.now) return undefined;
  if (standing.uses.length >= standing.runs || standing.uses.some((u) => u.uid === use.uid)) return undefined;
  return { ...status, standing: { ...standing, uses: [...standing.uses, { request: use.request, uid: use.uid, at: rfc3339(use.now) }] } };
}
