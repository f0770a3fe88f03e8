import type { ApproverRef, ChannelRef, NoticeEvent, ResolvedStage } from '../../../crds/v1alpha1/index.ts';
import { isBarred, serviceAccountName } from '../../../operator/core/eligibility.ts';
import { compare } from '../../../operator/core/order.ts';
import { isOpen } from '../../../operator/core/stageStates.ts';
import type { ApproverDirectory } from '../callers/directory.ts';
import { hasVoted, type KnownRequest } from '../requests.ts';
import { newsOf } from './news.ts';

/** A channel, as far as it matters for whom it tells. */
export interface Teller {
  /** As deliveries name it: `NotificationChannel payments/mail`. */
  readonly target: string;
  readonly tells: 'Person' | 'Place';
  readonly reaches: (person: Recipient) => boolean;
}

/** Somebody who may be told, as the directory knows them. */
export interface Recipient {
  readonly username: string;
  readonly mail?: string;
  readonly slackId?: string;
}

/** All that it takes to say what people must be told of a request. */
export interface NoticeFacts {
  readonly request: KnownRequest;
  /** By which channels the people of a stage are told. */
  readonly notifyOf: (stage: ResolvedStage) => readonly ChannelRef[];
  /** The channels that are told of an event: those that are named, and those with a route. */
  readonly tellersOf: (event: NoticeEvent, named: readonly ChannelRef[]) => readonly Teller[];
  readonly directory: Pick<ApproverDirectory, 'byUsername' | 'inGroup'>;
  readonly now: number;
}

/** A notice that is owed. */
export interface Due {
  /** `uid/event/digest/stage/recipient/channel`: it is owed once under it. */
  readonly key: string;
  readonly event: NoticeEvent;
  /** When it happened. */
  readonly at: number;
  readonly target: string;
  /** Which stage, as `stageId` names it; absent for what is about the whole request. */
  readonly stage?: string;
  /** The user name of who is told; null for a place. */
  readonly recipient: string | null;
  /** How many more are asked than the channel tells: nothing is sent, but that it is so is shown. */
  readonly leftOut?: number;
}

/** The most people whom one channel tells of one stage. The others still find the request where they sign in, and how many they are is shown. */
export const mostRecipients = 200;
/** What is older when it is first seen is not told any more. */
export const tooOldMs = 24 * 3_600_000;
/** A stage that is open for less than that needs no reminder. */
const shortestToRemindMs = 600_000;

const everybody = '*';
/** In a key: those who are not told. No user name has a space before and after it. */
const beyond = ' beyond ';

/** The identity of a stage: those of several policies may have one name. */
export const stageId = ({ name, policy }: Pick<ResolvedStage, 'name' | 'policy'>): string =>
  policy === undefined ? name : `${policy.kind}/${policy.namespace ?? ''}/${policy.name}/${name}`;

/** What people must be told of a request as it stands. Depends on nothing but the facts; the order of what they list does not matter. */
export function noticesDue(facts: NoticeFacts): Due[] {
  const all = [...askingDue(facts), ...outcomesDue(facts)].filter(({ at }) => at > facts.now - tooOldMs);
  return [...new Map(all.map((due) => [due.key, due])).values()].sort((a, b) => compare(a.key, b.key));
}

function askingDue(facts: NoticeFacts): Due[] {
  const { status, spec } = facts.request;
  if (status?.phase !== 'Reviewing' || spec.draft || spec.cancelled) return [];
  return status.stages.flatMap((stage) => callsIn(stage, facts).flatMap((call) => callDue(stage, call, facts)));
}

/** Something that people are asked in a stage. */
interface Call {
  readonly event: 'StageOpened' | 'Reminder' | 'Escalated';
  readonly at: number;
  readonly from: readonly ApproverRef[];
}

function callsIn(stage: ResolvedStage, { request, now }: NoticeFacts): Call[] {
  const { state, activeSince, escalatedAt, escalation } = stage;
  if (!isOpen(stage) || activeSince === undefined) return [];
  const from = stage.require.flatMap((requirement) => requirement.from);
  const remindAt = state === 'Active' ? reminderAt(stage, request) : undefined;
  const calls: Call[] = [{ event: 'StageOpened', at: Date.parse(activeSince), from }];
  if (remindAt !== undefined && remindAt <= now) calls.push({ event: 'Reminder', at: remindAt, from });
  if (state === 'Escalated' && escalatedAt !== undefined)
    calls.push({ event: 'Escalated', at: Date.parse(escalatedAt), from: escalation?.from ?? [] });
  return calls;
}

/** Once, when half of the time to answer is over. */
export function reminderAt(
  { activeSince, deadline }: Pick<ResolvedStage, 'activeSince' | 'deadline'>,
  { status }: Pick<KnownRequest, 'status'>,
): number | undefined {
  const end = deadline ?? status?.expiresAt;
  if (activeSince === undefined || end === undefined) return undefined;
  const from = Date.parse(activeSince);
  const length = Date.parse(end) - from;
  return length >= shortestToRemindMs ? from + length / 2 : undefined;
}

function callDue(stage: ResolvedStage, { event, at, from }: Call, facts: NoticeFacts): Due[] {
  const { uid, status } = facts.request;
  const id = stageId(stage);
  const due = (recipient: string | null, { target }: Teller): Due => ({
    key: [uid, event, status?.subjectDigest ?? '', id, recipient ?? everybody, target].join('/'),
    event,
    at,
    target,
    stage: id,
    recipient,
  });
  const tellers = facts.tellersOf(event, facts.notifyOf(stage));
  const asked = tellers.some(({ tells }) => tells === 'Person') ? askedIn(stage, from, facts) : [];
  return tellers.flatMap((teller) => {
    if (teller.tells === 'Place') return [due(null, teller)];
    // Bounded before those who voted are left out: otherwise each vote would have somebody else told.
    const reached = asked.filter((person) => teller.reaches(person));
    const told = reached
      .slice(0, mostRecipients)
      .filter(({ username }) => !hasVoted(username, facts.request, stage))
      .map(({ username }) => due(username, teller));
    const leftOut = reached.length - mostRecipients;
    // A reminder leaves out the same people again.
    return leftOut <= 0 || event === 'Reminder' ? told : [...told, { ...due(beyond, teller), recipient: null, leftOut }];
  });
}

/** Who is asked in a stage by any of these entries, as far as the directory knows: by name, and by group. In the order of their names. */
export function askedIn(
  stage: Pick<ResolvedStage, 'standIns' | 'separation'>,
  from: readonly ApproverRef[],
  { request, directory }: Pick<NoticeFacts, 'request' | 'directory'>,
): Recipient[] {
  const requesters = [request.requester.username, ...present(request.requester.submittedBy)];
  const named = from.flatMap(({ user, serviceAccount }) =>
    serviceAccount === undefined ? present(user) : [serviceAccountName(serviceAccount.namespace, serviceAccount.name)],
  );
  const inGroups = from.flatMap(({ group }) => (group === undefined ? [] : directory.inGroup(group).map(({ username }) => username)));
  const usernames = new Set(named.map((name) => stage.standIns?.find((standIn) => standIn.for === name)?.user ?? name).concat(inGroups));
  return [...usernames]
    .sort()
    .filter((username) => !isBarred({ username, groups: [] }, requesters, stage.separation))
    .map((username) => recipientNamed(username, directory));
}

/** Somebody with the addresses that the directory has of them. */
export function recipientNamed(username: string, directory: Pick<ApproverDirectory, 'byUsername'>): Recipient {
  const { mail, slackId } = directory.byUsername(username) ?? {};
  return { username, ...(mail === undefined ? {} : { mail }), ...(slackId === undefined ? {} : { slackId }) };
}

/** The requester is told, and every place; a message that is there already is changed instead (see updates.ts). */
function outcomesDue(facts: NoticeFacts): Due[] {
  const { request, directory } = facts;
  return newsOf(request).flatMap(({ event, at }) => {
    if (event === 'Progressed') return [];
    const requester = recipientNamed(request.requester.username, directory);
    return facts.tellersOf(event, namedBy(facts)).flatMap((teller) => {
      if (teller.tells === 'Person' && !teller.reaches(requester)) return [];
      const recipient = teller.tells === 'Person' ? requester.username : null;
      return [
        { key: [request.uid, event, '', '', recipient ?? everybody, teller.target].join('/'), event, at, target: teller.target, recipient },
      ];
    });
  });
}

/** The channels that any stage of the request names. */
export const namedBy = ({ request, notifyOf }: Pick<NoticeFacts, 'request' | 'notifyOf'>): ChannelRef[] =>
  (request.status?.stages ?? []).filter(({ state }) => state !== 'Skipped').flatMap(notifyOf);

const present = (name: string | undefined): string[] => (name === undefined ? [] : [name]);
