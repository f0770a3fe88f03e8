import { isTooWeak } from '../../../operator/core/channels.ts';
import { isOpen } from '../../../operator/core/stageStates.ts';
import { channels as types } from '../../../operator/notify/index.ts';
import type { Delivered, Links as NoticeLinks, Notice, Recipient, Reference } from '../../../operator/notify/contract.ts';
import type { ResolvedStage } from '../../../crds/v1alpha1/index.ts';
import { callerFrom, type ApproverDirectory } from '../callers/directory.ts';
import type { Channels } from '../channels/channels.ts';
import type { KnownChannel } from '../channels/known.ts';
import type { ChannelStatus } from '../channels/status.ts';
import { delayAmong, dropped, type Came, type Deliverer } from '../deliveries/deliverer.ts';
import type { Known } from '../known.ts';
import type { Links } from '../links/index.ts';
import { readSubject, type SubjectSeen } from '../pages/subject.ts';
import type { RequestDeps } from '../routes/deps.ts';
import { hasVoted, isSettled, type KnownRequest } from '../requests.ts';
import type { Store } from '../store/index.ts';
import { deliveriesOf, deliveryByKey, type Delivery } from '../store/outbox.ts';
import type { ChannelEvents } from './channelEvents.ts';
import { askedIn, mostRecipients, recipientNamed, stageId } from './due.ts';
import { newsOf } from './news.ts';
import { asksSomebody, NoticePayload } from './payload.ts';
import { noticeRequest, pageOf } from './render.ts';

export interface NoticeDelivererDeps {
  readonly store: Store;
  readonly known: Pick<Known, 'requests'>;
  readonly directory: Pick<ApproverDirectory, 'byUsername' | 'inGroup'>;
  readonly channels: Pick<Channels, 'known' | 'tell'>;
  readonly status: Pick<ChannelStatus, 'report'>;
  readonly events: ChannelEvents;
  readonly links: Pick<Links, 'mint'>;
  readonly client: RequestDeps['client'];
  readonly permissions: RequestDeps['permissions'];
  /** Where people find the service. */
  readonly origin: string;
}

const secondMs = 1_000;
const delaysMs = [5, 15, 45, 120, 360, 1_200, 3_600].map((seconds) => seconds * secondMs);
const lookAgainMs = 5 * secondMs;

/** Delivers notices, by the channels that the cluster has. */
export class NoticeDeliverer implements Deliverer {
  readonly #deps: NoticeDelivererDeps;

  constructor(deps: NoticeDelivererDeps) {
    this.#deps = deps;
  }

  delayMs(attempts: number): number {
    return delayAmong(delaysMs, attempts);
  }

  labelOf({ target }: Delivery): string {
    return this.#deps.channels.known.byTarget(target)?.spec.type ?? 'None';
  }

  onHealth({ target }: Delivery, health: 'opened' | 'resumed', message: string): void {
    const channel = this.#deps.channels.known.byTarget(target);
    if (channel !== undefined) this.#deps.events.tell(channel, health, message);
  }

  async deliver(delivery: Delivery): Promise<Came> {
    const payload = NoticePayload.parse(delivery.payload);
    const channel = this.#deps.channels.known.byTarget(delivery.target);
    if (channel === undefined) return dropped('The channel does not exist any more.');
    if (channel.spec.paused) return dropped('The channel is paused.');
    const request = this.#deps.known.requests.byUid(delivery.requestUid);
    if (request === undefined) return dropped('The request does not exist any more.');
    if (payload.leftOut !== undefined) return this.#sayLeftOut(delivery, payload, payload.leftOut, request);
    if (payload.update !== undefined) return this.#update(delivery, payload, payload.update, channel, request);
    return asksSomebody(payload) ? this.#ask(delivery, payload, channel, request) : this.#tellOutcome(delivery, payload, channel, request);
  }

  /** Says how many are not told where whoever looks into it will look: among the deliveries, and in an Event on the request. */
  #sayLeftOut({ key, target }: Delivery, { stage }: NoticePayload, count: number, request: KnownRequest): Came {
    const name = request.status?.stages.find((each) => stageId(each) === stage)?.name ?? stage ?? '';
    const who = count === 1 ? 'one more person is' : `${count} more people are`;
    const message = `${target} tells ${mostRecipients} people of stage ${name}, the first by name; ${who} asked, and not told. They find the request where they sign in, or by kubectl approve list --mine.`;
    this.#deps.events.notAllTold(request, key, message);
    return dropped(message);
  }

  /** Asks those who are asked now; whoever has decided meanwhile is left alone. */
  async #ask(delivery: Delivery, payload: NoticePayload, channel: KnownChannel, request: KnownRequest): Promise<Came> {
    const stage = request.status?.stages.find((each) => stageId(each) === payload.stage);
    if (isSettled(request) || stage === undefined || !isOpen(stage)) return dropped('Nobody is asked any more: the stage is over.');
    if (request.status?.subjectDigest !== payload.digest)
      return dropped('What is asked for was changed since; people are asked about that.');
    const { recipient } = delivery;
    if (recipient === null) {
      const asked = askedIn(stage, payload.event === 'Escalated' ? (stage.escalation?.from ?? []) : listsOf(stage), {
        request,
        directory: this.#deps.directory,
      });
      return this.#tell(delivery, payload, channel, request, { recipients: asked.slice(0, mostRecipients), stage });
    }
    if (hasVoted(recipient, request, stage)) return dropped('They have decided.');
    const person = recipientNamed(recipient, this.#deps.directory);
    const links = await this.#linksFor(channel, request, stage, person);
    return this.#tell(delivery, payload, channel, request, { recipients: [{ ...person, links }], stage });
  }

  /**
   * A link is known to nobody but its receiver, so each attempt makes new ones. The earlier stay good, as the mail that carried them may have arrived
   * although nobody said so, and a mailbox that knows a repetition by its Message-ID keeps the first: to end its links would leave that person with none.
   * Each of them decides once, in a day at most, and for the same person; all end when the request is decided or changes.
   */
  async #linksFor(
    channel: KnownChannel,
    request: KnownRequest,
    stage: ResolvedStage,
    { username: approver, mail }: Recipient,
  ): Promise<NoticeLinks> {
    const { links, origin } = this.#deps;
    const view = pageOf(request, origin);
    // Where mail is not sure enough, its links lead to the page, where whoever follows them signs in.
    // And a link is good while the address is theirs: where there is none, there is none to be sent.
    if (!maySendLinks(channel) || isTooWeak('Email', stage.minimumChannel) || mail === undefined) return { view };
    const { namespace, name, uid, status } = request;
    const bound = { namespace, request: name, requestUid: uid, digest: status?.subjectDigest ?? '', approver, mail };
    const [approve, reject] = await Promise.all([
      links.mint({ ...bound, verdict: 'Approve' }),
      links.mint({ ...bound, verdict: 'Reject' }),
    ]);
    return { view, approve, reject };
  }

  /** Tells the requester; a place only where there is no message of ours that is changed instead. */
  async #tellOutcome(delivery: Delivery, payload: NoticePayload, channel: KnownChannel, request: KnownRequest): Promise<Came> {
    if (delivery.recipient === null) {
      const earlier = (await deliveriesOf(this.#deps.store, request.uid)).filter((d) => d.target === delivery.target && asksSomebody(d));
      if (earlier.some(({ state }) => state === 'Pending')) return later('An earlier notice is still on its way.');
      const isChangeable = types[channel.spec.type].update !== undefined;
      if (isChangeable && earlier.some(({ reference }) => reference !== undefined))
        return dropped('The earlier message is changed instead.');
    }
    const recipients = delivery.recipient === null ? [] : [recipientNamed(delivery.recipient, this.#deps.directory)];
    return this.#tell(delivery, payload, channel, request, { recipients });
  }

  /** Changes the message that an earlier notice left. */
  async #update(delivery: Delivery, payload: NoticePayload, of: string, channel: KnownChannel, request: KnownRequest): Promise<Came> {
    const latest = newsOf(request).at(-1);
    if (latest !== undefined && latest.at > payload.at && latest.event !== payload.event) return dropped('Something newer is told.');
    const earlier = await deliveryByKey(this.#deps.store, of);
    if (earlier?.state === 'Pending') return later('The message to be changed is still on its way.');
    if (earlier?.reference === undefined) return dropped('There is no message to be changed.');
    const recipients = earlier.recipient === null ? [] : [recipientNamed(earlier.recipient, this.#deps.directory)];
    return this.#tell(delivery, payload, channel, request, { recipients, reference: earlier.reference as Reference });
  }

  async #tell(delivery: Delivery, payload: NoticePayload, channel: KnownChannel, request: KnownRequest, told: Told): Promise<Came> {
    const { channels, status, origin } = this.#deps;
    const notice: Notice = {
      key: delivery.key,
      event: payload.event,
      at: payload.at,
      request: noticeRequest(request, origin, await this.#subjectFor(delivery.recipient, request)),
      recipients: told.recipients,
      ...(told.stage === undefined ? {} : { stage: told.stage.name, stageId: stageId(told.stage) }),
    };
    const came = await channels.tell(channel, notice, told.reference);
    if (came.ok || !isAboutRecipient(came)) void status.report(channel, came);
    return cameOf(came, told.reference);
  }

  /** What would run, as far as they may read it themselves. */
  async #subjectFor(username: string | null, request: KnownRequest): Promise<SubjectSeen | undefined> {
    const { client, permissions, directory } = this.#deps;
    const person = username === null ? undefined : directory.byUsername(username);
    if (person === undefined || request.spec.subject.resource === undefined) return undefined;
    const caller = callerFrom(person, 'Email');
    const mayGet = (type: { readonly group: string; readonly plural: string }, name: string): Promise<boolean> =>
      permissions.may(caller, { verb: 'get', group: type.group, resource: type.plural, namespace: request.namespace, name });
    return readSubject({ client, mayGet }, request);
  }
}

interface Told {
  readonly recipients: readonly Recipient[];
  readonly stage?: ResolvedStage;
  readonly reference?: Reference;
}

/**
 * Whoever's account at the mail server it is reads what it sent, links included, and could press them for everybody who was asked: only an administrator's may
 * have any.
 */
const maySendLinks = ({ kind, spec }: KnownChannel): boolean =>
  kind === 'ClusterNotificationChannel' && types[spec.type].carriesLinks === true;

const listsOf = ({ require }: ResolvedStage) => require.flatMap(({ from }) => from);

const later = (message: string): Came => ({ what: 'later', inMs: lookAgainMs, message });

/** Nothing is wrong with the channel if only this person has no address that it takes. */
const isAboutRecipient = (came: Delivered): boolean => !came.ok && came.final && came.message.startsWith('Not sent: ');

function cameOf(came: Delivered, reference: Reference | undefined): Came {
  if (!came.ok) return { what: 'refused', refused: came };
  return { what: 'taken', message: reference === undefined ? 'It was taken.' : 'The message was changed.', reference: came.reference };
}
