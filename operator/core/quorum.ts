import type { ApproverRef, DecisionVia } from '../../crds/v1alpha1/index.ts';
import { minimumOf } from './channels.ts';
import { isBarred, qualifies, type MaybeVoter, type Person, type Roll, type StandInSeen, type Voter } from './eligibility.ts';
import { policyKey } from './facts.ts';
import { seat } from './matching.ts';
import { once } from './once.ts';
import { applies, type AskedStage } from './resolve.ts';
import type { StageTimes } from './timing.ts';
import type { Vote, Votes } from './votes.ts';

/** One stage with the votes put in. */
export interface CountedStage {
  readonly asked: AskedStage;
  /** Approvals still wanted are `required - approvals`. */
  readonly required: number;
  readonly approvals: number;
  /** Per requirement, in its order: who fills its places. */
  readonly approvedBy: readonly (readonly string[])[];
  /** Who fills the places of its escalation, where that is what counts. */
  readonly escalatedTo?: readonly string[];
  readonly rejectedBy: readonly string[];
  readonly standIns: readonly StandInSeen[];
  readonly satisfied: boolean;
  readonly rejected: boolean;
  readonly times: StageTimes;
}

/** What counting depends on beside the stages and the votes. */
export interface Poll {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Whoever may count as having asked; an empty name is somebody unknown. */
  readonly requesters: readonly string[];
  /** For whom a person may decide: themselves first, then who had delegated to them when they voted, or by now. */
  readonly principalsOf: (person: MaybeVoter) => readonly Person[];
  /** The same with the delegations that do not count because of who wrote them. */
  readonly principalsByAnyAuthor: (person: MaybeVoter) => readonly Person[];
  /** By what the lists of a stage are read. */
  readonly rollOf: (stage: AskedStage) => Roll;
  readonly timesOf: (stage: AskedStage) => StageTimes;
}

/** Somebody's approval in a place, and in whose name it fills it. */
export interface Seating {
  readonly voter: string;
  readonly principal: string;
}

export interface Counted {
  readonly stages: readonly CountedStage[];
  /** Who decided in whose stead, by the name of who decided. */
  readonly inStead: ReadonlyMap<string, string>;
}

interface Line {
  readonly stage: AskedStage;
  /** The index of the requirement; `escalation` for that of the escalation. */
  readonly number: number | 'escalation';
  readonly from: readonly ApproverRef[];
  /** By what the list is read, and until when. The same for every vote, so it is looked up once. */
  readonly roll: Roll;
  readonly closesAt: number;
}

/** One of as many as the line counts. */
interface Place {
  readonly line: Line;
}

const isEscalated = (stage: AskedStage, { now, timesOf }: Poll): boolean =>
  stage.escalation !== undefined && now >= timesOf(stage).deadline;

/** Everybody whom a stage asks now: its own lists, and that of its escalation once its time is over. */
export const listsOf = (stage: AskedStage, poll: Poll): (readonly ApproverRef[])[] => [
  ...stage.require.map(({ from }) => from),
  ...(stage.escalation !== undefined && isEscalated(stage, poll) ? [stage.escalation.from] : []),
];

/** Whether this person's approval could fill some place of the stage, in their own name or in somebody's stead. */
export function mayApprove(stage: AskedStage, person: MaybeVoter, poll: Poll): boolean {
  if (isBarred(person, poll.requesters, stage.separation)) return false;
  for (const principal of poll.principalsOf(person))
    if (!isBarred(principal, poll.requesters, stage.separation) && isAsked(stage, principal, poll)) return true;
  return false;
}

/** Whether this person's rejection counts in the stage: it does for everybody whom it asks, the requester included, as a no only ever holds. */
export function mayReject(stage: AskedStage, person: MaybeVoter, poll: Poll): boolean {
  for (const principal of poll.principalsOf(person)) if (isAsked(stage, principal, poll)) return true;
  return false;
}

function isAsked(stage: AskedStage, principal: Person, poll: Poll): boolean {
  if (!applies(stage)) return false;
  const roll = poll.rollOf(stage);
  for (const { from } of stage.require) if (qualifies(from, principal, roll)) return true;
  return stage.escalation !== undefined && isEscalated(stage, poll) && qualifies(stage.escalation.from, principal, roll);
}

/**
 * Puts the weighed votes into the stages. Within one version of a policy a person fills one place in all its stages (`distinctAcrossStages`, the
 * default) or one place in each; different policies count the same person separately. A stage whose time is over and that escalates is satisfied by
 * its own people or by those of its escalation.
 */
export function countStages(stages: readonly AskedStage[], votes: Votes, poll: Poll): Counted {
  const asOwn = seatAll(stages, votes, poll, () => false);
  const late = asOwn.stages.filter((s) => !s.satisfied && isEscalated(s.asked, poll)).map((s) => s.asked);
  if (late.length === 0) return asOwn;
  return withOwn(
    seatAll(stages, votes, poll, (stage) => late.includes(stage)),
    asOwn,
    late,
  );
}

/** What its own people have said is not lost once a stage has escalated: they are still enough, unless they are of more use elsewhere. */
function withOwn(escalated: Counted, asOwn: Counted, late: readonly AskedStage[]): Counted {
  const own = new Map(asOwn.stages.map((stage) => [stage.asked, stage]));
  const keep = (stage: CountedStage): CountedStage => {
    if (!late.includes(stage.asked)) return stage;
    const shared = stage.asked.separation.distinctAcrossStages
      ? escalated.stages.filter((other) => originKey(other.asked) === originKey(stage.asked))
      : [stage];
    const elsewhere = new Set(shared.flatMap((other) => [...other.approvedBy.flat(), ...(other.escalatedTo ?? [])]));
    const approvedBy = (own.get(stage.asked)?.approvedBy ?? stage.approvedBy).map((names) => names.filter((name) => !elsewhere.has(name)));
    return { ...stage, approvedBy };
  };
  return { stages: escalated.stages.map(keep), inStead: new Map([...asOwn.inStead, ...escalated.inStead]) };
}

function seatAll(stages: readonly AskedStage[], votes: Votes, poll: Poll, escalates: (stage: AskedStage) => boolean): Counted {
  const places = new Map(stages.map((stage) => [stage, placesOf(stage, escalates(stage), poll)]));
  const filled = new Map<Place, Seating>();
  const rules = { principalsOf: ({ principals }: Approver) => principals, identity, fits: fitsIn(poll), kindOf: ({ line }: Place) => line };
  // Most stages want the same of a channel, so who says yes is found out once for them.
  const approversOf = once(
    (minimums: ReadonlySet<DecisionVia>) => approversAt(minimums, votes, poll),
    (minimums) => [...minimums].join(' '),
  );
  for (const group of seatingGroups(stages)) {
    const found = seat(
      group.flatMap((stage) => places.get(stage) ?? []),
      approversOf(new Set(group.map(minimumOf))),
      rules,
    );
    for (const [place, { voter, principal }] of found) filled.set(place, { voter: voter.username, principal: principal.username });
  }
  const inStead = [...filled.values()].flatMap(({ voter, principal }): [string, string][] =>
    voter === principal ? [] : [[voter, principal]],
  );
  return {
    stages: stages.map((stage) => count(stage, places.get(stage) ?? [], filled, rejectersOf(stage, votes), poll)),
    inStead: new Map(inStead),
  };
}

/** Somebody who says yes, by what they say where so sure a channel is wanted: one person, though they may have said it by several. */
interface Approver {
  readonly username: string;
  readonly votes: ReadonlyMap<DecisionVia, Vote>;
  /** For whom they may stand by any of their votes, themselves first; by which of them in which place, `fits` tells. */
  readonly principals: readonly Person[];
}

/** Who says yes to stages that want channels so sure. */
function approversAt(minimums: ReadonlySet<DecisionVia>, votes: Votes, poll: Poll): Approver[] {
  const found = new Map<string, Map<DecisionVia, Vote>>();
  for (const minimum of minimums) {
    for (const [username, vote] of votes.standing(minimum)) {
      if (vote.decision.verdict !== 'Approve') continue;
      const own = found.get(username) ?? new Map<DecisionVia, Vote>();
      found.set(username, own.set(minimum, vote));
    }
  }
  return [...found].map(([username, own]) => ({ username, votes: own, principals: principalsBy(own, poll) }));
}

function principalsBy(votes: ReadonlyMap<DecisionVia, Vote>, poll: Poll): readonly Person[] {
  const [one, ...more] = new Set([...votes.values()].map(({ voter }) => voter));
  if (one === undefined) return [];
  return more.length === 0 ? poll.principalsOf(one) : [one, ...more].flatMap((voter) => poll.principalsOf(voter));
}

const rejectersOf = (stage: AskedStage, votes: Votes): Voter[] =>
  [...votes.standing(minimumOf(stage)).values()].flatMap(({ decision, voter }) => (decision.verdict === 'Reject' ? [voter] : []));

function placesOf(stage: AskedStage, escalated: boolean, poll: Poll): Place[] {
  if (!applies(stage)) return [];
  const common = { stage, roll: poll.rollOf(stage), closesAt: poll.timesOf(stage).closesAt };
  if (escalated && stage.escalation !== undefined) {
    const { from, count } = stage.escalation;
    return placesIn({ ...common, number: 'escalation', from }, count);
  }
  return stage.require.flatMap(({ count, from }, number) => placesIn({ ...common, number, from }, count));
}

const placesIn = (line: Line, count: number): Place[] => Array.from({ length: count }, () => ({ line }));

/** Whether somebody's vote can fill a place in the name of a principal. Neither of the two may have asked for it. */
const fitsIn =
  (poll: Poll) =>
  (principal: Person, { line: { stage, from, roll, closesAt } }: Place, approver: Approver): boolean => {
    const vote = approver.votes.get(minimumOf(stage));
    return (
      vote !== undefined &&
      poll.principalsOf(vote.voter).includes(principal) &&
      vote.since <= closesAt &&
      !isBarred(vote.voter, poll.requesters, stage.separation) &&
      !isBarred(principal, poll.requesters, stage.separation) &&
      !(vote.voter.username !== principal.username && isGone(principal, roll)) &&
      qualifies(from, principal, roll)
    );
  };

/** Somebody stands in for them in this stage. Then nobody else does by a delegation of theirs, or one person would be two. */
const isGone = (person: Person, { standIns }: Roll): boolean => standIns.some((standIn) => standIn.for === person.username);

function count(
  asked: AskedStage,
  places: readonly Place[],
  filled: ReadonlyMap<Place, Seating>,
  rejecters: readonly MaybeVoter[],
  poll: Poll,
): CountedStage {
  const by = (number: Line['number']): string[] =>
    places.flatMap((place) => (place.line.number === number ? (filled.get(place)?.voter ?? []) : [])).sort();
  const approvedBy = asked.require.map((_, line) => by(line));
  const escalatedTo = places.some((p) => p.line.number === 'escalation') ? by('escalation') : undefined;
  const approvals = places.filter((place) => filled.has(place)).length;
  const rejectedBy = rejecters.filter((person) => mayReject(asked, person, poll)).map((p) => p.username);
  return {
    asked,
    required: places.length,
    approvals,
    approvedBy,
    ...(escalatedTo === undefined ? {} : { escalatedTo }),
    rejectedBy: rejectedBy.sort(),
    standIns: poll.rollOf(asked).standIns,
    satisfied: places.length > 0 && approvals === places.length,
    rejected: isRejected(asked, rejecters, poll),
    times: poll.timesOf(asked),
  };
}

/** Enough rejections, of different people: somebody's no in their own name and another's in their stead are one. */
function isRejected(stage: AskedStage, rejecters: readonly MaybeVoter[], poll: Poll): boolean {
  const count = stage.rejections ?? 1;
  if (!applies(stage) || rejecters.length < count) return false;
  const wanted = Array.from({ length: count }, (_, index) => ({ index }));
  const found = seat(wanted, rejecters, {
    principalsOf: poll.principalsOf,
    identity,
    fits: (principal) => isAsked(stage, principal, poll),
    kindOf: () => stage,
  });
  return found.size === wanted.length;
}

/** Stages in which one person may fill only one place between them. */
function seatingGroups(stages: readonly AskedStage[]): AskedStage[][] {
  const groups = new Map<string, AskedStage[]>();
  stages.forEach((stage, index) => {
    const key = stage.separation.distinctAcrossStages ? originKey(stage) : `alone ${index}`;
    groups.set(key, [...(groups.get(key) ?? []), stage]);
  });
  return [...groups.values()];
}

/** Equal for stages of one version of one policy; the request's own stages are one group. */
export const originKey = (stage: AskedStage): string =>
  `${stage.policy === undefined ? 'own' : policyKey(stage.policy)} ${stage.asSubmitted}`;

const identity = ({ username }: Person): string => username;
