import type { DecisionVia, IgnoredBecause, PolicyRecord, Question } from '../../crds/v1alpha1/index.ts';
import type { Meter } from './cel/meter.ts';
import { isTooWeak } from './channels.ts';
import { voterIn, type Voter } from './eligibility.ts';
import type { DecisionFacts } from './facts.ts';
import { distinctRules, fieldFault, type RuledField } from './fieldRules.ts';
import { once } from './once.ts';
import { answerCheck } from './questions.ts';
import { compare } from './order.ts';
import { sharesOf } from './shares.ts';

/** Why a decision is not among those that are weighed, or undefined when it is. */
export type VoteFault = Extract<
  IgnoredBecause,
  'UidChanged' | 'DigestChanged' | 'Late' | 'Comment' | 'ReasonMissing' | 'TicketMissing' | 'AnswersMissing'
>;

/** A decision that is looked at by itself, before those of the same person are. */
export interface Paper {
  readonly decision: DecisionFacts;
  /** Its author, as they were then. */
  readonly voter: Voter;
  readonly fault?: VoteFault;
}

/** A decision that stands. */
export interface Vote {
  readonly decision: DecisionFacts;
  readonly voter: Voter;
  /** Since when its author has said so without a break, in milliseconds since the epoch: saying it again loses no time. */
  readonly since: number;
}

export interface Votes {
  /** Every decision, in order. */
  readonly papers: readonly Paper[];
  /**
   * Everybody's last word, by user name, where approvals by a channel weaker than this one count for nothing: neither by themselves nor against a no that was
   * said before. A no counts by any channel, as it only ever holds.
   */
  readonly standing: (minimum: DecisionVia) => ReadonlyMap<string, Vote>;
}

/** What a decision must be about, and when it must have come. */
export interface Ballot {
  readonly requestUid: string;
  /** Of what would run now; undefined when that is not known, and then nothing counts. */
  readonly digest: string | undefined;
  /** Milliseconds since the epoch after which a decision is too late. */
  readonly closesAt: number;
  /** Milliseconds since the epoch before which a decision was about something else, though that had this digest once. */
  readonly opensAt: number | undefined;
}

/** What a decision must say to be counted. */
export interface Manners {
  readonly policies: readonly Pick<PolicyRecord, 'decision'>[];
  readonly questions: readonly Question[];
  /** Whether anybody asks its author, as they were when they decided. What others say counts for nothing, so nobody looks at how they said it. */
  readonly isAsked: (voter: Voter) => boolean;
}

/**
 * Sorts out, of all decisions about a request, those that are weighed: they name this very request and this very digest, came in time, and are their
 * author's latest word on it (of two in one second, the rejection). Order and repetition of the input do not matter.
 */
export function castVotes(decisions: readonly DecisionFacts[], ballot: Ballot, manners: Manners): Votes {
  const inOrder = [...new Map(decisions.map((d) => [d.uid, d])).values()].sort(byTime);
  const papers = withManners(
    inOrder.map((decision) => paperOf(decision, ballot)),
    manners,
  );
  return { papers, standing: once((minimum: DecisionVia) => lastWords(papers, minimum)) };
}

function lastWords(papers: readonly Paper[], minimum: DecisionVia): ReadonlyMap<string, Vote> {
  const latest = new Map<string, Vote>();
  for (const { decision, voter, fault } of papers) {
    if (fault !== undefined || (decision.verdict === 'Approve' && isTooWeak(decision.via, minimum))) continue;
    const before = latest.get(decision.approver);
    const since = before?.decision.verdict === decision.verdict ? before.since : voter.votedAt;
    latest.set(decision.approver, { decision, voter, since });
  }
  return latest;
}

function paperOf(decision: DecisionFacts, ballot: Ballot): Paper {
  const voter = voterIn(decision);
  const fault = faultOf(decision, voter, ballot);
  return fault === undefined ? { decision, voter } : { decision, voter, fault };
}

function faultOf(decision: DecisionFacts, { votedAt }: Voter, ballot: Ballot): VoteFault | undefined {
  if (decision.requestUid !== ballot.requestUid) return 'UidChanged';
  if (decision.verdict !== 'Approve' && decision.verdict !== 'Reject') return 'Comment';
  if (ballot.digest === undefined || decision.digest !== ballot.digest) return 'DigestChanged';
  if (ballot.opensAt !== undefined && votedAt < ballot.opensAt - oneSecond) return 'DigestChanged';
  // Written so that a time that cannot be read is late as well.
  return votedAt <= ballot.closesAt ? undefined : 'Late';
}

/** The API server writes times to the second. */
const oneSecond = 1_000;

/** The same, and of approvals that nothing is wrong with whether they say what they must. A no counts however it is said: it only ever holds. */
function withManners(papers: readonly Paper[], manners: Manners): readonly Paper[] {
  const check = mannersCheck(manners);
  if (check === undefined) return papers;
  const held = new Set(papers.filter((p) => p.fault === undefined && p.decision.verdict === 'Approve' && manners.isAsked(p.voter)));
  const meterOf = sharesOf([...held], {
    whose: (p) => p.decision.approver,
    spent: (steps) => `it takes more than ${steps} steps, its share of what all decisions may take`,
  });
  return papers.map((paper) => {
    const fault = held.has(paper) ? check(paper.decision, meterOf(paper)) : undefined;
    return fault === undefined ? paper : { ...paper, fault };
  });
}

/** Undefined where nobody wants anything said. */
function mannersCheck({ policies, questions }: Manners): ((decision: DecisionFacts, meter: Meter) => VoteFault | undefined) | undefined {
  const decisions = policies.map((policy) => policy.decision);
  const rules = { reason: distinctRules(decisions, 'reason'), ticket: distinctRules(decisions, 'ticket') };
  if (rules.reason.length + rules.ticket.length + questions.length === 0) return undefined;
  const answersFaults = answerCheck(questions);
  const lacks = (field: RuledField, decision: DecisionFacts, meter: Meter): boolean =>
    rules[field].some((rule) => fieldFault(field, rule, decision[field], { meter }) !== undefined);
  return (decision, meter) => {
    if (lacks('reason', decision, meter)) return 'ReasonMissing';
    if (lacks('ticket', decision, meter)) return 'TicketMissing';
    return answersFaults(decision.response, meter).length > 0 ? 'AnswersMissing' : undefined;
  };
}

const weight = (d: DecisionFacts): number => (d.verdict === 'Reject' ? 1 : 0);

const byTime = (a: DecisionFacts, b: DecisionFacts): number => compare(a.time, b.time) || weight(a) - weight(b) || compare(a.uid, b.uid);
