import type { ClusterConfig } from './clusterConfig.ts';

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
