import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { KubeClient } from './client/kubeClient.ts';
import type { KubeObject, ResourceType } from './client/types.ts';

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
}

/** A difference: `old` absent means it is new, `new` absent means it is gone. */
export interface CacheChange<T> {
  readonly key: string;
  readonly old?: T;
  readonly new?: T;
}

/** Keeps a copy of all objects of a kind, and keeps it current through whatever happens to the connection. */
export class WatchCache<T> {
  /** Fulfilled once all objects that existed at the start are here. */
  readonly synced: Promise<void> = Promise.resolve();

  constructor(_options: WatchCacheOptions<T>) {
    // Bodies follow.
  }

  start(): void {
    throw new Error('not built yet');
  }

  stop(): Promise<void> {
    throw new Error('not built yet');
  }

  isSynced(): boolean {
    throw new Error('not built yet');
  }

  get(_key: string): T | undefined {
    throw new Error('not built yet');
  }

  values(): IterableIterator<T> {
    throw new Error('not built yet');
  }

  get size(): number {
    throw new Error('not built yet');
  }

  /** The newest resourceVersion seen by the watch. */
  get resourceVersion(): string {
    throw new Error('not built yet');
  }

  /** Adds an index; may be called before or after start. */
  addIndex(_name: string, _valuesOf: (object: T) => readonly string[]): void {
    throw new Error('not built yet');
  }

  byIndex(_name: string, _value: string): T[] {
    throw new Error('not built yet');
  }

  /** Calls back for each difference, after the cache holds it. Returns how to stop. */
  onChange(_listener: (change: CacheChange<T>) => void): () => void {
    throw new Error('not built yet');
  }

  /** Takes over the answer of an own write, so that the next read sees it. */
  observe(_raw: KubeObject): void {
    throw new Error('not built yet');
  }
}
