import type { Clock, Ref } from '../../core/ports.ts';
import type { ClusterConfig } from './clusterConfig.ts';
import type { KubeList, KubeObject, ResourceType, WatchEvent } from './types.ts';

/** What may be set on any call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** The whole call, retries included, ends by then. */
  readonly timeoutMs?: number;
}

/** How to read one object. */
export interface GetOptions extends CallOptions {
  readonly metadataOnly?: boolean;
  readonly subresource?: string;
}

/** Which objects to list. Absent `resourceVersion` means the most recent; '0' means whatever the server's cache has. */
export interface ListOptions extends CallOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly metadataOnly?: boolean;
}

/** What may be said about a write. */
export interface WriteOptions extends CallOptions {
  readonly dryRun?: boolean;
  readonly fieldManager?: string;
  readonly subresource?: string;
}

/** How a patch is to be understood. */
export interface PatchOptions extends WriteOptions {
  readonly type: 'merge' | 'json' | 'apply';
  /** Apply only: take fields over from other managers. */
  readonly force?: boolean;
}

/** Preconditions and manner of a delete. */
export interface DeleteOptions extends CallOptions {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly propagationPolicy?: 'Foreground' | 'Background' | 'Orphan';
  readonly dryRun?: boolean;
}

/** A request in the raw. */
export interface RawRequest extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Where a watch begins and what it sees. */
export interface WatchOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
  readonly resourceVersion?: string;
  /** Streams the present objects first, then a BOOKMARK annotated k8s.io/initial-events-end. */
  readonly sendInitialEvents?: boolean;
  readonly allowBookmarks?: boolean;
  /** The server ends the watch by then. */
  readonly timeoutSeconds?: number;
  /** Ends the watch with a ConnectionError when nothing at all has arrived for so long. */
  readonly idleTimeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What a client is made of. Everything but `cluster` has a default. */
export interface KubeClientOptions {
  readonly cluster: ClusterConfig;
  /** Most connections for requests; watches have their own. Default 32. */
  readonly connections?: number;
  /** Sustained requests per second and how many at once above that; absent: no limit. */
  readonly qps?: number;
  readonly burst?: number;
  /** Most requests waiting for an answer at one time. Default: twice the connections. */
  readonly maxInFlight?: number;
  /** Default for every call. Default 30 s. */
  readonly timeoutMs?: number;
  readonly userAgent?: string;
  /** Called synchronously right before each write is handed to a connection; a throw stops the write. */
  readonly beforeWrite?: () => void;
  /** Told of each answer: verb, status code (0: none) and seconds. */
  readonly observe?: (verb: string, code: number, seconds: number) => void;
  /** Told of each Warning header. */
  readonly onWarning?: (text: string) => void;
}

/** A REST client on shared keep-alive connections. Objects are raw JSON. */
export class KubeClient implements Clock {
  readonly cluster: ClusterConfig;

  constructor(options: KubeClientOptions) {
    this.cluster = options.cluster;
  }

  /** A client on the same connections and limits whose writes are asked about first. */
  fenced(_beforeWrite: () => void): KubeClient {
    throw new Error('not built yet');
  }

  /** Reads one object; NotFound is an ApiError. */
  get<T = KubeObject>(_type: ResourceType, _ref: Ref, _options?: GetOptions): Promise<T> {
    throw new Error('not built yet');
  }

  /** Reads one page. */
  list<T = KubeObject>(_type: ResourceType, _options?: ListOptions): Promise<KubeList<T>> {
    throw new Error('not built yet');
  }

  /** Reads all pages, one after the other. */
  listAll<T = KubeObject>(_type: ResourceType, _options?: ListOptions): AsyncGenerator<T> {
    throw new Error('not built yet');
  }

  /** Creates; the answer is the stored object. */
  create<T = KubeObject>(_type: ResourceType, _namespace: string | undefined, _object: object, _options?: WriteOptions): Promise<T> {
    throw new Error('not built yet');
  }

  /** Patches; put metadata.uid and metadata.resourceVersion into a merge patch to make it conditional. */
  patch<T = KubeObject>(_type: ResourceType, _ref: Ref, _body: unknown, _options: PatchOptions): Promise<T> {
    throw new Error('not built yet');
  }

  /** Replaces; conditional when the object carries a resourceVersion. */
  replace<T = KubeObject>(_type: ResourceType, _ref: Ref, _object: object, _options?: WriteOptions): Promise<T> {
    throw new Error('not built yet');
  }

  /** Deletes, if uid and resourceVersion still fit when they are given. */
  delete(_type: ResourceType, _ref: Ref, _options?: DeleteOptions): Promise<void> {
    throw new Error('not built yet');
  }

  /** Any request; the answer's JSON (or text when it is not JSON). */
  raw<T = unknown>(_request: RawRequest): Promise<T> {
    throw new Error('not built yet');
  }

  /** Streams events until the server ends the watch, the signal aborts or the connection fails. An ERROR event is yielded as it is. */
  watch(_type: ResourceType, _options?: WatchOptions): AsyncGenerator<WatchEvent> {
    throw new Error('not built yet');
  }

  /** The API server's time, estimated from the Date of its answers. The local clock until the first answer. */
  serverNow(): number {
    return Date.now();
  }

  /** Same as serverNow: a client is a Clock. */
  now(): number {
    return this.serverNow();
  }

  /** Closes all connections; running calls end with an error. */
  close(): Promise<void> {
    throw new Error('not built yet');
  }
}
