import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { CacheStore } from './cacheStore.ts';
import type { CacheChange } from './cacheStore.ts';
import { ApiError, ConnectionError, isExpired, isInvalid } from './client/apiError.ts';
import type { StatusDetails } from './client/apiError.ts';
import type { KubeClient } from './client/kubeClient.ts';
import type { KubeObject, ResourceType, WatchEvent } from './client/types.ts';
import { keyOf } from './keys.ts';
import { reasonOf } from './reasonOf.ts';
import { compareResourceVersions } from './resourceVersions.ts';
import { fitsSelector } from './selector.ts';

export type { CacheChange } from './cacheStore.ts';

/** What a cache keeps and where it comes from. */
export interface WatchCacheOptions<T> {
  readonly client: KubeClient;
  readonly type: ResourceType;
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** Keeps what is used of an object; the rest is dropped as it arrives. managedFields are gone already. */
  readonly project: (raw: KubeObject) => T;
  /** Default `namespace/name`. */
  readonly keyOf?: (raw: KubeObject) => string;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** The server is asked to end each watch after about this long; a silent connection is given up shortly after. Default 45 s. */
  readonly watchSeconds?: number;
  /** A watch is given up when the server has not ended it by so much later. Default 5 s. */
  readonly idleGraceMs?: number;
}

const pageSize = 500;
const shortestPauseMs = 50;
const longestPauseMs = 10_000;
const shortestWatchMs = 500;
/** A watch that lasted so long was healthy: the next failure is a first one. */
const healthyMs = 5_000;
const initialEventsEnd = 'k8s.io/initial-events-end';

/**
 * Keeps a projection of all objects of a kind, and keeps it current through whatever happens to the connection. Begins with a streamed list
 * where the server can, which needs a third of the memory of paged lists; each object is trimmed as it arrives.
 */
export class WatchCache<T> {
  /** Fulfilled once all objects that existed at the start are here. */
  readonly synced: Promise<void>;
  readonly #options: WatchCacheOptions<T>;
  readonly #keyOf: (raw: KubeObject) => string;
  readonly #log: Logger;
  readonly #store: CacheStore<T>;
  readonly #stopping = new AbortController();
  #resolveSynced: () => void = () => undefined;
  #isSynced = false;
  #resourceVersion = '';
  /** Keys met by the relist under way. */
  #met: Set<string> | undefined;
  #streamsLists = true;
  #loop: Promise<void> | undefined;

  constructor(options: WatchCacheOptions<T>) {
    this.#options = options;
    this.#keyOf = options.keyOf ?? ((raw) => keyOf(raw.metadata));
    this.#log = options.log.child({ kind: options.type.kind });
    this.#store = new CacheStore((error) => this.#log.error({ err: error }, 'a listener of the watch cache threw'));
    this.synced = new Promise((resolve) => (this.#resolveSynced = resolve));
    options.metrics.onCollect(() => options.metrics.cacheObjects.set({ kind: options.type.kind }, this.size));
  }

  start(): void {
    if (this.#loop !== undefined) throw new Error(`the watch cache of ${this.#options.type.kind} was started before`);
    this.#loop = this.#run();
  }

  /** Ends the watch; what is cached stays as it is. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#loop;
  }

  isSynced(): boolean {
    return this.#isSynced;
  }

  get(key: string): T | undefined {
    return this.#store.get(key);
  }

  values(): Generator<T> {
    return this.#store.values();
  }

  get size(): number {
    return this.#store.size;
  }

  /** The newest resourceVersion that the watch has told of: everything up to it is here. */
  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  /** Adds an index; `valuesOf` must depend on nothing but the object. May be called before or after start. */
  addIndex(name: string, valuesOf: (object: T) => readonly string[]): void {
    this.#store.addIndex(name, valuesOf);
  }

  byIndex(name: string, value: string): T[] {
    return this.#store.byIndex(name, value);
  }

  /** Calls back for each difference, after the cache holds it. Returns how to stop. */
  onChange(listener: (change: CacheChange<T>) => void): () => void {
    return this.#store.onChange(listener);
  }

  /**
   * Takes over the answer of an own write, so that the next read sees it; listeners are told with `own: true`, and not again when the watch
   * brings the same version.
   */
  observe(raw: KubeObject): void {
    const key = this.#keyOf(raw);
    const version = raw.metadata.resourceVersion;
    // The watch has passed this version: had it not been changed or deleted since, it would be here.
    if (compareResourceVersions(version, this.#resourceVersion) <= 0) return;
    if (!this.#store.isNews(key, version)) return;
    const selector = this.#options.labelSelector;
    const isNew = this.#store.get(key) === undefined;
    // An object that does not fit would never be taken out again, as the watch does not tell of it.
    if (isNew && (!this.#isInNamespace(raw) || (selector !== undefined && fitsSelector(selector, raw.metadata.labels) !== true))) return;
    this.#keep(key, raw, true);
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (!this.#isStopping()) {
      const begun = performance.now();
      try {
        if (this.#resourceVersion === '') await this.#list();
        else await this.#watch();
        // A server that hangs up politely, again and again, must not be met with a spin.
        if (performance.now() - begun < shortestWatchMs) throw new ConnectionError('the server ended the watch at once', true);
        failures = 0;
      } catch (error) {
        if (this.#isStopping()) return;
        failures = performance.now() - begun > healthyMs ? 1 : failures + 1;
        await this.#recover(error, failures);
      } finally {
        this.#met = undefined;
      }
    }
  }

  #isStopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  async #recover(error: unknown, failures: number): Promise<void> {
    const reason = isExpired(error) ? 'Expired' : reasonOf(error);
    this.#options.metrics.watchRestarts.inc({ kind: this.#options.type.kind, reason });
    if (this.#streamsLists && isInvalid(error)) {
      this.#log.info('the server does not stream lists; listing page by page');
      this.#streamsLists = false;
      return;
    }
    const askedFor = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0;
    const backOff = Math.min(longestPauseMs, shortestPauseMs * 2 ** Math.min(failures - 1, 20)) * (0.5 + Math.random() / 2);
    const pauseMs = Math.round(Math.max(askedFor, backOff));
    // A single break is daily life; a row of them is somebody's problem.
    this.#log[failures > 2 ? 'warn' : 'debug']({ err: error, reason, failures, pauseMs }, 'the watch ended and will be begun again');
    if (isExpired(error)) this.#resourceVersion = '';
    await sleep(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  /** Brings everything anew, then goes on watching. */
  async #list(): Promise<void> {
    this.#met = new Set();
    if (this.#streamsLists) await this.#streamList();
    else {
      await this.#pageList();
      await this.#watch();
    }
  }

  async #pageList(): Promise<void> {
    const { client, type, namespace, labelSelector } = this.#options;
    let from: string | undefined;
    for (;;) {
      const options = { namespace, labelSelector, limit: pageSize, signal: this.#stopping.signal };
      const page = await client.list(type, from === undefined ? options : { ...options, continue: from });
      for (const item of page.items) this.#see(item);
      from = page.metadata.continue;
      if (from === undefined || from === '') return this.#listed(page.metadata.resourceVersion);
    }
  }

  #streamList(): Promise<void> {
    return this.#stream({ sendInitialEvents: true });
  }

  #watch(): Promise<void> {
    return this.#stream({ resourceVersion: this.#resourceVersion });
  }

  async #stream(from: { sendInitialEvents: true } | { resourceVersion: string }): Promise<void> {
    const { client, type, namespace, labelSelector, watchSeconds = 45, idleGraceMs = 5_000 } = this.#options;
    const seconds = watchSeconds * (1 + Math.random() / 3);
    const idleTimeoutMs = seconds * 1000 + idleGraceMs;
    const timeoutSeconds = Math.ceil(seconds);
    const signal = this.#stopping.signal;
    await client.watchWith(type, { namespace, labelSelector, timeoutSeconds, idleTimeoutMs, signal, ...from }, (event) =>
      this.#onEvent(event),
    );
  }

  #onEvent(event: WatchEvent): void {
    switch (event.type) {
      case 'ADDED':
      case 'MODIFIED':
        this.#see(event.object);
        if (this.#met === undefined) this.#advance(event.object.metadata.resourceVersion);
        return;
      case 'DELETED':
        this.#gone(event.object);
        return;
      case 'BOOKMARK':
        if (this.#met === undefined) this.#advance(event.object.metadata.resourceVersion);
        else if (event.object.metadata.annotations?.[initialEventsEnd] === 'true') this.#listed(event.object.metadata.resourceVersion);
        return;
      case 'ERROR':
        throw statusError(event.object);
    }
  }

  #see(raw: KubeObject): void {
    const key = this.#keyOf(raw);
    this.#met?.add(key);
    // Older: a repeated or reordered event. Equal: an own write that was taken over from its answer.
    if (this.#store.isNews(key, raw.metadata.resourceVersion)) this.#keep(key, raw, false);
  }

  #keep(key: string, raw: KubeObject, own: boolean): void {
    delete raw.metadata.managedFields;
    this.#store.set(key, raw.metadata.resourceVersion, this.#options.project(raw), own);
  }

  #gone(raw: KubeObject): void {
    const key = this.#keyOf(raw);
    const version = raw.metadata.resourceVersion;
    this.#met?.delete(key);
    const known = this.#store.versionOf(key);
    // The deletion carries a version of its own; one older than what is kept is of an earlier object of that name.
    if (known !== undefined && compareResourceVersions(version, known) >= 0) this.#store.delete(key);
    if (this.#met === undefined) this.#advance(version);
  }

  /** The list is whole as of this version: what it did not name is gone, unless it is newer than the list. */
  #listed(version: string): void {
    const met = this.#met;
    this.#met = undefined;
    if (met !== undefined) {
      for (const [key, entry] of [...this.#store.entries()]) {
        if (!met.has(key) && compareResourceVersions(entry.resourceVersion, version) <= 0) this.#store.delete(key);
      }
    }
    this.#advance(version);
    if (this.#isSynced) return;
    this.#isSynced = true;
    this.#resolveSynced();
    this.#log.debug({ objects: this.size, resourceVersion: version }, 'the watch cache is in sync');
  }

  #advance(version: string): void {
    if (compareResourceVersions(version, this.#resourceVersion) > 0) this.#resourceVersion = version;
  }

  #isInNamespace(raw: KubeObject): boolean {
    return this.#options.namespace === undefined || raw.metadata.namespace === this.#options.namespace;
  }
}

/** An ERROR event carries a Status, as an answer would. */
function statusError(object: unknown): ApiError {
  const status = object as { code?: number; reason?: string; message?: string; details?: StatusDetails };
  return new ApiError(
    status.code ?? 500,
    status.reason ?? '',
    status.message ?? 'the watch was ended without a reason',
    status.details ?? {},
  );
}
