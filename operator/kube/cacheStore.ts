import { compareResourceVersions } from './resourceVersions.ts';

/** A difference: `old` absent means it is new, `new` absent means it is gone. */
export interface CacheChange<T> {
  readonly key: string;
  readonly old?: T;
  readonly new?: T;
  /** True when it was learnt from the answer to a write of this process, before the watch told it. */
  readonly own?: boolean;
}

interface Entry<T> {
  readonly resourceVersion: string;
  readonly object: T;
}

interface Index<T> {
  readonly valuesOf: (object: T) => readonly string[];
  /** Most values belong to one object, and a Set for each of those would outweigh the objects. */
  readonly keys: Map<string, string | Set<string>>;
}

/** The objects of one kind by key, with indexes; knows older from newer. */
export class CacheStore<T> {
  readonly #entries = new Map<string, Entry<T>>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #listeners = new Set<(change: CacheChange<T>) => void>();
  readonly #onListenerError: (error: unknown) => void;

  constructor(onListenerError: (error: unknown) => void) {
    this.#onListenerError = onListenerError;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.object;
  }

  versionOf(key: string): string | undefined {
    return this.#entries.get(key)?.resourceVersion;
  }

  entries(): MapIterator<[string, Entry<T>]> {
    return this.#entries.entries();
  }

  *values(): Generator<T> {
    for (const entry of this.#entries.values()) yield entry.object;
  }

  addIndex(name: string, valuesOf: (object: T) => readonly string[]): void {
    if (this.#indexes.has(name)) throw new Error(`index ${name} was added before`);
    const index: Index<T> = { valuesOf, keys: new Map() };
    this.#indexes.set(name, index);
    for (const [key, entry] of this.#entries) addToIndex(index, key, entry.object);
  }

  byIndex(name: string, value: string): T[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new Error(`there is no index ${name}`);
    const keys = index.keys.get(value);
    if (keys === undefined) return [];
    return (typeof keys === 'string' ? [keys] : [...keys]).map((key) => this.get(key)).filter((object) => object !== undefined);
  }

  onChange(listener: (change: CacheChange<T>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Whether an object of this version would tell anything new. */
  isNews(key: string, resourceVersion: string): boolean {
    const known = this.#entries.get(key);
    return known === undefined || compareResourceVersions(resourceVersion, known.resourceVersion) > 0;
  }

  /** Keeps an object, whether or not it is news: ask isNews before. */
  set(key: string, resourceVersion: string, object: T, own: boolean): void {
    const old = this.#entries.get(key);
    this.#entries.set(key, { resourceVersion, object });
    for (const index of this.#indexes.values()) {
      if (old !== undefined) removeFromIndex(index, key, old.object);
      addToIndex(index, key, object);
    }
    this.#tell({ key, new: object, ...(old === undefined ? {} : { old: old.object }), ...(own ? { own } : {}) });
  }

  delete(key: string): void {
    const old = this.#entries.get(key);
    if (old === undefined) return;
    this.#entries.delete(key);
    for (const index of this.#indexes.values()) removeFromIndex(index, key, old.object);
    this.#tell({ key, old: old.object });
  }

  #tell(change: CacheChange<T>): void {
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (error) {
        // One listener's fault must neither stop the watch nor keep the news from the others.
        this.#onListenerError(error);
      }
    }
  }
}

function addToIndex<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.valuesOf(object)) {
    const keys = index.keys.get(value);
    if (keys === undefined) index.keys.set(value, key);
    else if (keys instanceof Set) keys.add(key);
    else if (keys !== key) index.keys.set(value, new Set([keys, key]));
  }
}

function removeFromIndex<T>(index: Index<T>, key: string, object: T): void {
  for (const value of index.valuesOf(object)) {
    const keys = index.keys.get(value);
    if (keys instanceof Set) {
      keys.delete(key);
      if (keys.size === 0) index.keys.delete(value);
    } else if (keys === key) index.keys.delete(value);
  }
}
