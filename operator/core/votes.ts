import type { FieldRule, IgnoredBecause, PolicyRecord, Question } from '../../crds/v1alpha1/index.ts';
import type { DecisionFacts } from './facts.ts';
import { fieldFaults, type RuledField } from './fieldRules.ts';
import { answerCheck } from './questions.ts';
import { compare } from './order.ts';

/** Why a decision is not among those that are weighed, or undefined when it is. */
export type VoteFault = Extract<
  IgnoredBecause,
  'UidChanged' | 'DigestChanged' | 'Superseded' | 'Late' | 'Comment' | 'ReasonMissing' | 'TicketMissing' | 'AnswersMissing'
>;

export interface Vote {
  readonly decision: DecisionFacts;
  /** Since when its author has said so without a break, in milliseconds since the epoch: saying it again loses no time. */
  readonly since: number;
  readonly fault?: VoteFault;
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
}

/**
 * Sorts out, of all decisions about a request, those that are weighed: they name this very request and this very digest, came in time, and are their
 * author's latest word on it (of two in one second, the rejection). Order and repetition of the input do not matter.
 */
export function castVotes(decisions: readonly DecisionFacts[], ballot: Ballot, manners: Manners): Vote[] {
  const inOrder = [...new Map(decisions.map((d) => [d.uid, d])).values()].sort(byTime);
  const faulty = mannersCheck(manners);
  const faults = new Map(inOrder.map((d) => [d.uid, faultOf(d, ballot) ?? faulty(d)]));
  const latest = new Map<string, Vote>();
  for (const decision of inOrder) {
    if (faults.get(decision.uid) !== undefined) continue;
    const before = latest.get(decision.approver);
    const since = before?.decision.verdict === decision.verdict ? before.since : Date.parse(decision.time);
    latest.set(decision.approver, { decision, since });
  }
  return inOrder.map((decision) => {
    const vote = latest.get(decision.approver);
    if (vote?.decision.uid === decision.uid) return vote;
    return { decision, since: Date.parse(decision.time), fault: faults.get(decision.uid) ?? 'Superseded' };
  });
}

function faultOf(decision: DecisionFacts, ballot: Ballot): VoteFault | undefined {
  if (decision.requestUid !== ballot.requestUid) return 'UidChanged';
  if (decision.verdict !== 'Approve' && decision.verdict !== 'Reject') return 'Comment';
  if (ballot.digest === undefined || decision.digest !== ballot.digest) return 'DigestChanged';
  if (ballot.opensAt !== undefined && Date.parse(decision.time) < ballot.opensAt - oneSecond) return 'DigestChanged';
  // Written so that a time that cannot be read is late as well.
  return Date.parse(decision.time) <= ballot.closesAt ? undefined : 'Late';
}

/** The API server writes times to the second. */
const oneSecond = 1_000;

/** A no counts however it is said: it only ever holds. */
function mannersCheck({ policies, questions }: Manners): (decision: DecisionFacts) => VoteFault | undefined {
  const answersFaults = answerCheck(questions);
  const rules = { reason: distinct(policies, 'reason'), ticket: distinct(policies, 'ticket') };
  const lacks = (field: RuledField, decision: DecisionFacts): boolean =>
    rules[field].some((rule) => fieldFaults(field, rule, decision[field]).length > 0);
  return (decision) => {
    if (decision.verdict !== 'Approve') return undefined;
    if (lacks('reason', decision)) return 'ReasonMissing';
    if (lacks('ticket', decision)) return 'TicketMissing';
    return answersFaults(decision.response).length > 0 ? 'AnswersMissing' : undefined;
  };
}

/** Policies often ask for the same; each decision is held to it once. */
const distinct = (policies: Manners['policies'], field: RuledField): FieldRule[] => [
  ...new Map(
    policies.flatMap(({ decision }) => decision?.[field] ?? []).map((rule) => [`${rule.required} ${rule.pattern ?? ''}`, rule]),
  ).values(),
];

const weight = (d: DecisionFacts): number => (d.verdict === 'Reject' ? 1 : 0);

const byTime = (a: DecisionFacts, b: DecisionFacts): number => compare(a.time, b.time) || weight(a) - weight(b) || compare(a.uid, b.uid);
