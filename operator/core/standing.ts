import type { ApprovalRequestStatus, PolicyRecord, StandingApproval } from '../../crds/v1alpha1/index.ts';
import { rfc3339 } from './conditions.ts';
import { storedDurationMs } from './duration.ts';
import type { Evaluation } from './evaluation.ts';
import { policyKey, type Observation } from './facts.ts';
import type { Outcome } from './outcome.ts';

/** The standing approval that a request has now: given when people approved it, ended by whoever may say no, and by its requester. */
export function standingOf(facts: Observation, evaluation: Evaluation, outcome: Outcome | undefined): StandingApproval | undefined {
  const before = facts.request.status?.standing;
  if (before === undefined) return outcome?.reason === 'Approved' ? given(facts, evaluation) : undefined;
  if (before.revokedBy !== undefined) return before;
  const by = facts.request.spec.cancelled ? facts.request.requester.username : evaluation.revokedBy;
  return by === undefined ? before : { ...before, revokedBy: by };
}

/** Everybody whose approval counts must have agreed to further runs, and every policy must allow it; the least of what they say is given. */
function given(facts: Observation, { policies, decisions }: Evaluation): StandingApproval | undefined {
  const { repeatable } = facts.subject;
  const approvals = decisions.filter((d) => d.counted && d.verdict === 'Approve');
  if (repeatable === undefined || approvals.length === 0 || policies.length === 0) return undefined;
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

/** Looks for a standing approval of the same, under the same policies, that is good now and has a run left. */
export function coverOf(facts: Observation, policies: readonly PolicyRecord[]): Cover {
  const { repeatable } = facts.subject;
  if (repeatable === undefined || !facts.request.governs) return {};
  const good = facts.standing
    .filter(
      ({ standing }) =>
        standing.covers === repeatable.covers && standing.content === repeatable.content && standing.revokedBy === undefined,
    )
    .filter((other) => samePolicies(other.policies, policies))
    .sort((a, b) => (a.request < b.request ? -1 : 1));
  const used = good.find(({ standing }) => standing.uses.some((use) => use.uid === facts.request.uid));
  if (used !== undefined) return { approvedUnder: used.request };
  const free = good.find(({ standing }) => Date.parse(standing.until) > facts.now && standing.uses.length < standing.runs);
  return free === undefined ? {} : { claims: free.request };
}

/** The same policies in the same version: what people agreed to under other rules is not what these ask. */
function samePolicies(a: readonly PolicyRecord[], b: readonly PolicyRecord[]): boolean {
  const versions = (records: readonly PolicyRecord[]) => new Set(records.map((p) => `${policyKey(p)} ${p.uid} ${p.generation}`));
  const [ours, theirs] = [versions(a), versions(b)];
  return ours.size === theirs.size && [...ours].every((version) => theirs.has(version));
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
