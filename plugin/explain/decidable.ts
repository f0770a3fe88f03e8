import type { DecisionVerdict, Reassignment, Standing } from '../../crds/v1alpha1/index.ts';
import { policyName } from '../../operator/core/facts.ts';
import { storedDurationMs } from '../../operator/core/duration.ts';
import { oneLine } from '../../operator/core/printable.ts';
import { isOpen, isUndecided } from '../../operator/core/stageStates.ts';
import { isHeldBack, isSettled, phaseText, type Request } from '../request.ts';

/** What somebody says about requests. */
export interface Verdict {
  readonly verdict: DecisionVerdict;
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
  readonly reassign?: Reassignment | undefined;
  readonly standing?: Standing | undefined;
  /** With Approve: answers to what the requests ask, as they were typed. */
  readonly answers?: ReadonlyMap<string, string> | undefined;
  /** The same as the questions have them. */
  readonly response?: Readonly<Record<string, unknown>> | undefined;
  /** With Reject: what is ended is the standing approval, the request itself was approved long ago. */
  readonly revokes?: boolean | undefined;
}

/** Whether the verdict lets work run, so that it may only be sent about what could be checked. */
export const letsRun = (verdict: DecisionVerdict): boolean => verdict === 'Approve' || verdict === 'Override';

/** Why this cannot be said about the request, as far as its status tells; undefined when it can. Pure. */
export function obstacleTo(request: Request, said: Verdict): string | undefined {
  if (request.status?.subjectDigest === undefined) {
    return 'the operator has not digested it yet, so there is nothing to bind a decision to. Try again in a moment; "kubectl approve why" says what is in the way.';
  }
  switch (said.verdict) {
    case 'Comment':
      return undefined;
    case 'Approve':
      return notOpen(request) ?? (said.standing === undefined ? undefined : standingObstacle(request, said.standing));
    case 'Reject':
      if (said.revokes === true) return revokeObstacle(request);
      return isHeldBack(request) ? undefined : notOpen(request);
    case 'Override':
      return overrideObstacle(request);
    case 'Review':
      return reviewObstacle(request);
    case 'Reassign':
      return notOpen(request) ?? (said.reassign === undefined ? undefined : reassignObstacle(request, said.reassign));
  }
}

/** A stricter policy holds back what was approved: more people are asked. */
const asksMore = (request: Request): boolean => isHeldBack(request) && (request.status?.stages ?? []).some(isOpen);

function notOpen(request: Request): string | undefined {
  if (isSettled(request) && !asksMore(request)) return `is ${phaseText(request)} already; there is nothing left to decide.`;
  return request.stored.spec.draft ? 'is a draft: nobody is asked until its requester submits it (spec.draft: false).' : undefined;
}

/** What was approved and waits, for a window say, may still be let go at once. */
function overrideObstacle(request: Request): string | undefined {
  return isHeldBack(request) ? undefined : notOpen(request);
}

function reviewObstacle(request: Request): string | undefined {
  const overridden = request.status?.override;
  if (overridden === undefined) return 'was not overridden, so there is nothing to review.';
  const { reviewedBy } = overridden;
  return reviewedBy === undefined ? undefined : `was reviewed by ${reviewedBy} already.`;
}

function revokeObstacle(request: Request): string | undefined {
  const standing = request.status?.standing;
  if (standing === undefined) return 'carries no standing approval, so there is nothing to revoke; --reject is for requests that are open.';
  return standing.revokedBy === undefined ? undefined : `the standing approval was ended by ${standing.revokedBy} already.`;
}

/** The most that every policy lets approvers agree to in advance. */
function standingObstacle(request: Request, wanted: Standing): string | undefined {
  for (const policy of request.status?.policies ?? []) {
    const name = `${policy.kind} ${policyName(policy)}`;
    const { standing } = policy;
    if (standing === undefined) return `${name} allows no standing approval (its spec has no standing); leave --standing out.`;
    const longest = storedDurationMs(standing.maxDuration) ?? 0;
    if (wanted.runs > standing.maxRuns || (storedDurationMs(wanted.duration) ?? 0) > longest) {
      return `${name} allows at most --standing ${standing.maxRuns}/${standing.maxDuration}; ${wanted.runs}/${wanted.duration} is more.`;
    }
  }
  return undefined;
}

function reassignObstacle(request: Request, { stage: name, from, to }: Reassignment): string | undefined {
  const stages = request.stored.status?.stages ?? [];
  const named = stages.filter((s) => s.name === name);
  if (named.length === 0) return `has no stage "${oneLine(name)}"; it has ${listed(stages.map((s) => s.name))}.`;
  const open = named.filter(isUndecided);
  if (open.length === 0) return `its stage ${oneLine(name)} asks nobody any more (${listed(named.map((s) => s.state))}).`;
  const asked = open.flatMap((s) => [
    ...s.require.flatMap((r) => r.from.flatMap(({ user }) => (user === undefined ? [] : [user]))),
    ...(s.standIns ?? []).map((standIn) => standIn.user),
  ]);
  if (!asked.includes(from)) return `its stage ${oneLine(name)} does not ask "${oneLine(from)}" by name; it asks ${listed(asked)}.`;
  return from === to ? '--from and --to are the same person; name somebody else in --to.' : undefined;
}

const listed = (names: readonly string[]): string => (names.length === 0 ? 'none' : [...new Set(names)].map(oneLine).join(', '));
