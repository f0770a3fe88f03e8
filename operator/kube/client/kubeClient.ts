import type { Clock, Ref } from '../../core/ports.ts';
import type { ClusterConfig } from './clusterConfig.ts';
import type {
  DeleteOptions,
  GetOptions,
  KubeClientOptions,
  ListOptions,
  PatchOptions,
  RawRequest,
  WatchOptions,
  WriteOptions,
} from './options.ts';
import { queryOf } from './query.ts';
import { Requester } from './requester.ts';
import type { Call } from './requester.ts';
import { resourcePath } from './types.ts';
import type { KubeList, KubeObject, ResourceType, WatchEvent } from './types.ts';
import { eventsOf, watchWith } from './watch.ts';

export type * from './options.ts';

const json = 'application/json';
const metadataOf = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
const metadataOfList = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';

/** The API server answers 415 to any other spelling. */
const patchTypes = {
  merge: 'application/merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

/** As far as the local clock and the API server's may be apart. */
const mostClockDifferenceMs = 30_000;

/** A REST client on shared keep-alive connections. Objects are raw JSON. */
export class KubeClient implements Clock {
  readonly cluster: ClusterConfig;
  readonly #requester: Requester;
  readonly #beforeWrite: (() => void) | undefined;

  constructor(options: KubeClientOptions, shared?: Requester) {
    const connections = options.connections ?? 32;
    this.cluster = options.cluster;
    this.#beforeWrite = options.beforeWrite;
    this.#requester =
      shared ??
      new Requester({ ...options, connections, timeoutMs: options.timeoutMs ?? 30_000, userAgent: options.userAgent ?? 'countersign' });
  }

  /** A client on the same connections and limits, whose writes are asked about first. */
  fenced(beforeWrite: () => void): KubeClient {
    return new KubeClient({ cluster: this.cluster, beforeWrite }, this.#requester);
  }

  /** Reads one object; NotFound is an ApiError. */
  get<T = KubeObject>(type: ResourceType, ref: Ref, options: GetOptions = {}): Promise<T> {
    const accept = options.metadataOnly === true ? metadataOf : json;
    return this.#read('get', resourcePath(type, { ...ref, subresource: options.subresource }), accept, options);
  }

  /** Reads one page. */
  async list<T = KubeObject>(type: ResourceType, options: ListOptions = {}): Promise<KubeList<T>> {
    const { labelSelector, fieldSelector, limit, resourceVersion } = options;
    const query = queryOf({ labelSelector, fieldSelector, limit, resourceVersion, continue: options.continue });
    const accept = options.metadataOnly === true ? metadataOfList : json;
    const path = resourcePath(type, { namespace: options.namespace }) + query;
    const page = await this.#read<Omit<KubeList<T>, 'items'> & { items: T[] | null }>('list', path, accept, options);
    // An empty list of metadata is written as null.
    return { ...page, items: page.items ?? [] };
  }

  /** Reads all objects, page after page (500 each unless `limit` says otherwise). */
  async *listAll<T = KubeObject>(type: ResourceType, options: ListOptions = {}): AsyncGenerator<T> {
    let next: ListOptions = { limit: 500, ...options };
    for (;;) {
      const page = await this.list<T>(type, next);
      yield* page.items;
      if (page.metadata.continue === undefined || page.metadata.continue === '') return;
      // A continued list goes on at the version of its first page and may not name another.
      next = withoutVersion(next, page.metadata.continue);
    }
  }

  /** Creates; the answer is the stored object. */
  create<T = KubeObject>(type: ResourceType, namespace: string | undefined, object: object, options: WriteOptions = {}): Promise<T> {
    const name = options.subresource === undefined ? undefined : (object as KubeObject).metadata.name;
    const path = resourcePath(type, { namespace, name, subresource: options.subresource });
    return this.#write('create', 'POST', path + writeQuery(options), JSON.stringify(object), json, options);
  }

  /** Patches; put metadata.uid and metadata.resourceVersion into a merge patch to make it conditional. */
  patch<T = KubeObject>(type: ResourceType, ref: Ref, body: unknown, options: PatchOptions): Promise<T> {
    const path = resourcePath(type, { ...ref, subresource: options.subresource });
    return this.#write('patch', 'PATCH', path + writeQuery(options), JSON.stringify(body), patchTypes[options.type], options);
  }

  /** Replaces; conditional when the object carries a resourceVersion. */
  replace<T = KubeObject>(type: ResourceType, ref: Ref, object: object, options: WriteOptions = {}): Promise<T> {
    const path = resourcePath(type, { ...ref, subresource: options.subresource });
    return this.#write('update', 'PUT', path + writeQuery(options), JSON.stringify(object), json, options);
  }

  /** Deletes, if uid and resourceVersion still fit when they are given. */
  async delete(type: ResourceType, ref: Ref, options: DeleteOptions = {}): Promise<void> {
    const { uid, resourceVersion, propagationPolicy } = options;
    // undici gives up the connection after a DELETE with a body, and a new one costs ten times the request. Only resourceVersion needs the body.
    const preconditions = resourceVersion === undefined ? undefined : { uid, resourceVersion };
    const body = preconditions === undefined ? undefined : JSON.stringify({ kind: 'DeleteOptions', apiVersion: 'v1', preconditions });
    const dryRun = options.dryRun === true ? 'All' : undefined;
    const query = queryOf({ uid: preconditions === undefined ? uid : undefined, propagationPolicy, dryRun });
    await this.#write('delete', 'DELETE', resourcePath(type, ref) + query, body, json, options);
  }

  /** Any request; the answer's JSON, or its text when it is not JSON. */
  async raw<T = unknown>(request: RawRequest): Promise<T> {
    const reads = request.method === 'GET';
    const answer = await this.#requester.send({
      verb: reads ? 'get' : request.method.toLowerCase(),
      method: request.method,
      path: request.path + queryOf(request.query ?? {}),
      accept: request.headers?.['accept'] ?? 'application/json, */*',
      contentType: request.body === undefined ? undefined : (request.headers?.['content-type'] ?? json),
      body: request.body === undefined ? undefined : typeof request.body === 'string' ? request.body : JSON.stringify(request.body),
      extraHeaders: otherHeaders(request.headers),
      beforeSend: reads ? undefined : this.#beforeWrite,
      ...timing(request),
    });
    const isJson = (answer.headers['content-type'] ?? '').startsWith(json);
    return (isJson ? JSON.parse(answer.body) : answer.body) as T;
  }

  /** Streams events until the server ends the watch, the signal aborts or the connection fails. An ERROR event is yielded as it is. */
  watch(type: ResourceType, options: WatchOptions = {}): AsyncGenerator<WatchEvent> {
    return eventsOf((onEvent, signal) => this.watchWith(type, { ...options, signal }, onEvent), options.signal);
  }

  /** As `watch`, without a promise per event: fulfilled when the server ends the watch. */
  watchWith(type: ResourceType, options: WatchOptions, onEvent: (event: WatchEvent) => void): Promise<void> {
    return watchWith(this.#requester, type, options, onEvent);
  }

  /** The API server's time, estimated from the Date of its answers. The local clock until the first answer. */
  serverNow(): number {
    return this.#requester.clock.now();
  }

  /** Whether the local clock and the API server's are so far apart that one of them must be wrong. */
  clockDisagrees(): boolean {
    return Math.abs(this.#requester.clock.now() - Date.now()) > mostClockDifferenceMs;
  }

  /** Same as serverNow: a client is a Clock. */
  now(): number {
    return this.#requester.clock.now();
  }

  /** Closes all connections, also those of fenced copies; running calls end with an error. */
  close(): Promise<void> {
    return this.#requester.close();
  }

  async #read<T>(verb: string, path: string, accept: string, options: Timing): Promise<T> {
    const answer = await this.#requester.send({ verb, method: 'GET', path, accept, ...timing(options) });
    return JSON.parse(answer.body) as T;
  }

  async #write<T>(
    verb: string,
    method: Call['method'],
    path: string,
    body: string | undefined,
    contentType: string,
    options: Timing,
  ): Promise<T> {
    const answer = await this.#requester.send({
      verb,
      method,
      path,
      accept: json,
      contentType: body === undefined ? undefined : contentType,
      body,
      beforeSend: this.#beforeWrite,
      ...timing(options),
    });
    return JSON.parse(answer.body) as T;
  }
}

interface Timing {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

function timing(options: Timing): Pick<Call, 'signal' | 'timeoutMs'> {
  return { signal: options.signal, timeoutMs: options.timeoutMs };
}

function withoutVersion(options: ListOptions, from: string): ListOptions {
  const next: { -readonly [K in keyof ListOptions]: ListOptions[K] } = { ...options, continue: from };
  delete next.resourceVersion;
  return next;
}

function writeQuery(options: WriteOptions & { force?: boolean }): string {
  const { dryRun, fieldManager, force } = options;
  return queryOf({ dryRun: dryRun === true ? 'All' : undefined, fieldManager, force });
}

function otherHeaders(headers: Readonly<Record<string, string>> | undefined): Record<string, string> | undefined {
  if (headers === undefined) return undefined;
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !['accept', 'content-type'].includes(name.toLowerCase())));
}
