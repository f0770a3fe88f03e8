import { setTimeout as sleep } from 'node:timers/promises';
import { channels as types } from '../../../operator/notify/index.ts';
import { configOf } from '../../../operator/notify/settings.ts';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import type { ApproverDirectory } from '../callers/directory.ts';
import { targetOf, type KnownChannel, type KnownChannels } from '../channels/known.ts';
import type { Known } from '../known.ts';
import { isSettled, type KnownRequest } from '../requests.ts';
import type { Store } from '../store/index.ts';
import { revokeLinks } from '../store/links.ts';
import { deliveriesOf, enqueue, type NewDelivery } from '../store/outbox.ts';
import { noticesDue, type Due, type NoticeFacts, type Teller } from './due.ts';
import { newsOf } from './news.ts';
import type { StageChannels } from './notify.ts';
import { asksSomebody, type NoticePayload } from './payload.ts';
import { updatesDue, type UpdateDue } from './updates.ts';

export interface OwingOptions {
  readonly store: Store;
  readonly known: Pick<Known, 'requests'>;
  readonly directory: Pick<ApproverDirectory, 'byUsername' | 'inGroup'>;
  readonly channels: Pick<KnownChannels, 'toldOf' | 'byTarget' | 'list'>;
  readonly stageChannels: Pick<StageChannels, 'of'>;
  /** What is owed besides: callbacks. */
  readonly besides: (request: KnownRequest, now: number) => readonly NewDelivery[];
  /** Whether all that matters is known: what is owed by half of it might be wrong for good. */
  readonly isSynced: () => boolean;
  /** There is something new in the outbox. */
  readonly onOwed: () => void;
  readonly log: Logger;
  readonly now?: () => number;
  /** How often open requests are looked at again: time alone makes reminders due. */
  readonly lookAgainMs?: number;
}

const lookAgainMs = 30_000;
/** How long to wait when the database is away. */
const awayMs = 2_000;
const requestsAtOnce = 100;

/** Puts into the outbox what people must be told, once, whichever replica sees it first. */
export class Owing {
  readonly #options: OwingOptions;
  /** The uids of requests to be looked at. */
  readonly #waiting = new Set<string>();
  /** By the uid of its request, the keys that are in the outbox for sure: they need not be put there with every change. */
  readonly #put = new Map<string, Set<string>>();
  /** By uid, the digest whose links are good. */
  readonly #digests = new Map<string, string>();
  readonly #ending = new AbortController();
  #wake: () => void = () => undefined;
  #loop: Promise<void> = Promise.resolve();
  #stops: (() => void)[] = [];

  constructor(options: OwingOptions) {
    this.#options = options;
  }

  start(): void {
    const { known } = this.#options;
    this.#stops.push(known.requests.onChange(({ uid }) => this.look(uid)));
    const timer = setInterval(() => this.#lookAtOpen(), this.#options.lookAgainMs ?? lookAgainMs);
    timer.unref();
    this.#stops.push(() => clearInterval(timer));
    for (const { uid } of known.requests.list()) this.#waiting.add(uid);
    this.#loop = this.#run();
  }

  async stop(): Promise<void> {
    for (const stop of this.#stops.splice(0)) stop();
    this.#ending.abort();
    this.#wake();
    await this.#loop;
  }

  /** Something may be owed for this request. */
  look(uid: string): void {
    this.#waiting.add(uid);
    this.#wake();
  }

  #lookAtOpen(): void {
    const { known } = this.#options;
    for (const request of known.requests.list()) if (!isSettled(request)) this.#waiting.add(request.uid);
    for (const kept of [this.#put, this.#digests]) {
      for (const uid of kept.keys()) if (known.requests.byUid(uid) === undefined) kept.delete(uid);
    }
    this.#wake();
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      if (this.#waiting.size === 0 || !this.#options.isSynced()) await this.#idle();
      else await this.#someOfThem();
    }
  }

  async #someOfThem(): Promise<void> {
    const uids = [...this.#waiting].slice(0, requestsAtOnce);
    for (const uid of uids) this.#waiting.delete(uid);
    try {
      await this.#putFor(uids);
    } catch (error) {
      // Nothing is forgotten: they are looked at again, as they are then.
      for (const uid of uids) this.#waiting.add(uid);
      this.#options.log.warn({ err: error }, 'what is owed to channels and callbacks cannot be kept just now');
      await sleep(awayMs, undefined, { signal: this.#ending.signal }).catch(() => undefined);
    }
  }

  async #putFor(uids: readonly string[]): Promise<void> {
    const { known, store } = this.#options;
    const owed: NewDelivery[] = [];
    const marks: [string, string][] = [];
    for (const uid of uids) {
      const request = known.requests.byUid(uid);
      if (request === undefined) continue;
      const found = await this.#owedFor(request);
      owed.push(...found.owed);
      if (found.mark !== undefined) marks.push([uid, found.mark]);
    }
    const missing = owed.filter(({ key, requestUid }) => !this.#isPut(requestUid, key));
    const added = missing.length === 0 ? [] : await enqueue(store, missing, this.#now());
    for (const [uid, key] of [...marks, ...missing.map(({ requestUid, key }) => [requestUid, key] as const)])
      this.#put.set(uid, (this.#put.get(uid) ?? new Set()).add(key));
    if (added.length > 0) this.#options.onOwed();
  }

  #isPut(uid: string, key: string): boolean {
    return this.#put.get(uid)?.has(key) === true;
  }

  /** What is owed for a request, and a mark by which its news need not be looked at again once that is in the outbox. */
  async #owedFor(request: KnownRequest): Promise<{ owed: NewDelivery[]; mark: string | undefined }> {
    const now = this.#now();
    const notices = [
      ...noticesDue(this.#factsOf(request, now)).map((due) => deliveryOf(request, due)),
      ...this.#options.besides(request, now),
    ];
    await this.#endLinksToOthers(request);
    const latest = newsOf(request).at(-1);
    const mark = latest === undefined ? undefined : `looked at ${latest.mark}`;
    if (mark === undefined || this.#isPut(request.uid, mark)) return { owed: notices, mark: undefined };
    return { owed: [...notices, ...(await this.#updatesFor(request, now))], mark };
  }

  #factsOf(request: KnownRequest, now: number): NoticeFacts {
    const { directory, channels, stageChannels } = this.#options;
    const { namespace, spec } = request;
    const tellersOf: NoticeFacts['tellersOf'] = (event, named) =>
      channels.toldOf({ event, operation: spec.operation, namespace }, named).flatMap(tellerOf);
    return { request, directory, notifyOf: (stage) => stageChannels.of(stage), tellersOf, now };
  }

  /** What was said before is to be changed, as there is news of it; and when it is over, the links that were sent with it end. */
  async #updatesFor(request: KnownRequest, now: number): Promise<NewDelivery[]> {
    const { store, channels } = this.#options;
    if (channels.list().length === 0) return [];
    // What was asked before the news is in there by now: this replica put it there, or another does and hears of the news in its turn.
    const asked = (await deliveriesOf(store, request.uid)).filter(
      (each) => each.kind === 'Notice' && asksSomebody(each) && isMessage(each),
    );
    if (asked.length > 0 && isSettled(request)) await revokeLinks(store, request.uid);
    const changeable = asked.filter(({ target }) => {
      const channel = channels.byTarget(target);
      return channel !== undefined && types[channel.spec.type].update !== undefined;
    });
    return updatesDue(request, changeable, now).map((due) => updateOf(request, due));
  }

  async #endLinksToOthers({ uid, status }: KnownRequest): Promise<void> {
    const digest = status?.subjectDigest;
    if (digest === undefined) return;
    const before = this.#digests.get(uid);
    if (before !== undefined && before !== digest) await revokeLinks(this.#options.store, uid, digest);
    this.#digests.set(uid, digest);
  }

  async #idle(): Promise<void> {
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    // Short while caches fill: nobody wakes it once they are full.
    const ms = this.#options.isSynced() ? 60_000 : 100;
    const wait = this.#ending.signal.aborted ? Promise.resolve() : sleep(ms, undefined, { signal: woken.signal, ref: false });
    await wait.catch(() => undefined);
    this.#wake = () => undefined;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}

/** A channel that can be used. One whose config is wrong says so in its status, and nothing is owed to it. */
function tellerOf(channel: KnownChannel): Teller[] {
  const type = types[channel.spec.type];
  const made = configOf(type, channel.spec.config);
  if ('faults' in made) return [];
  const { config } = made;
  return [{ target: targetOf(channel), tells: type.tells(config), reaches: (person) => type.reaches?.(person, config) ?? true }];
}

const common = ({ namespace, name, uid }: KnownRequest) => ({ kind: 'Notice' as const, namespace, request: name, requestUid: uid });

const deliveryOf = (request: KnownRequest, { key, event, at, target, stage, recipient, leftOut }: Due): NewDelivery => ({
  ...common(request),
  key,
  event,
  target,
  recipient,
  payload: payloadOf(request, { event, at, stage, leftOut }),
});

const updateOf = (request: KnownRequest, { key, news: { event, at }, of }: UpdateDue): NewDelivery => ({
  ...common(request),
  key,
  event,
  target: of.target,
  recipient: of.recipient,
  payload: payloadOf(request, { event, at, update: of.key }),
});

function payloadOf(
  { status }: KnownRequest,
  {
    event,
    at,
    stage,
    update,
    leftOut,
  }: Pick<Due, 'event' | 'at'> & { stage?: string | undefined; update?: string; leftOut?: number | undefined },
): NoticePayload {
  const digest = status?.subjectDigest;
  return {
    event,
    at,
    ...(digest === undefined ? {} : { digest }),
    ...(stage === undefined ? {} : { stage }),
    ...(update === undefined ? {} : { update }),
    ...(leftOut === undefined ? {} : { leftOut }),
  };
}

/** Neither the change of one, nor a note of who is left out. */
function isMessage({ payload }: Pick<NewDelivery, 'payload'>): boolean {
  const { update, leftOut } = payload as NoticePayload;
  return update === undefined && leftOut === undefined;
}
