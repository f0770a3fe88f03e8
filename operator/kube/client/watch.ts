import { ConnectionError } from './apiError.ts';
import { LineSplitter } from './lineSplitter.ts';
import type { WatchOptions } from './options.ts';
import { queryOf } from './query.ts';
import type { Requester } from './requester.ts';
import { resourcePath } from './types.ts';
import type { ResourceType, WatchEvent } from './types.ts';

/** How long the server may take to begin a watch. */
const beginTimeoutMs = 30_000;

function watchPath(type: ResourceType, options: WatchOptions): string {
  const { labelSelector, fieldSelector, resourceVersion, timeoutSeconds, sendInitialEvents } = options;
  const query = queryOf({
    watch: true,
    allowWatchBookmarks: options.allowBookmarks ?? true,
    labelSelector,
    fieldSelector,
    resourceVersion,
    timeoutSeconds,
    sendInitialEvents,
    resourceVersionMatch: sendInitialEvents === true ? 'NotOlderThan' : undefined,
  });
  return resourcePath(type, { namespace: options.namespace }) + query;
}

/** Runs one watch; see KubeClient.watchWith. What `onEvent` throws ends the watch and is thrown on. */
export async function watchWith(
  requester: Requester,
  type: ResourceType,
  options: WatchOptions,
  onEvent: (event: WatchEvent) => void,
): Promise<void> {
  const ended = new AbortController();
  const splitter = new LineSplitter((line) => onEvent(JSON.parse(line) as WatchEvent));
  const idle = idleTimer(options.idleTimeoutMs, (error) => ended.abort(error));
  const signal = options.signal === undefined ? ended.signal : AbortSignal.any([ended.signal, options.signal]);
  const onData = (chunk: Buffer): void => {
    idle?.refresh();
    try {
      splitter.push(chunk);
    } catch (error) {
      ended.abort(error instanceof SyntaxError ? new ConnectionError(`the watch sent what is not JSON: ${error.message}`, true) : error);
    }
  };
  try {
    await requester.send({
      verb: 'watch',
      method: 'GET',
      path: watchPath(type, options),
      accept: 'application/json',
      timeoutMs: beginTimeoutMs,
      signal,
      onData,
    });
  } finally {
    clearTimeout(idle);
  }
  if (splitter.unfinished) throw new ConnectionError('the watch ended inside an event', true);
}

function idleTimer(idleTimeoutMs: number | undefined, onIdle: (error: ConnectionError) => void): NodeJS.Timeout | undefined {
  if (idleTimeoutMs === undefined) return undefined;
  const say = (): void => onIdle(new ConnectionError(`nothing arrived on the watch for ${idleTimeoutMs} ms`, true));
  return setTimeout(say, idleTimeoutMs);
}

/** Turns calls back into an iterator. Leaving the loop ends the watch. */
export async function* eventsOf(
  run: (onEvent: (event: WatchEvent) => void, signal: AbortSignal) => Promise<void>,
  outer: AbortSignal | undefined,
): AsyncGenerator<WatchEvent> {
  const left = new AbortController();
  const signal = outer === undefined ? left.signal : AbortSignal.any([left.signal, outer]);
  const state: { arrived: WatchEvent[]; over?: { error?: unknown }; wakeUp: () => void } = { arrived: [], wakeUp: () => undefined };
  const end = (result: { error?: unknown }): void => {
    state.over = result;
    state.wakeUp();
  };
  const onEvent = (event: WatchEvent): void => {
    state.arrived.push(event);
    state.wakeUp();
  };
  run(onEvent, signal).then(
    () => end({}),
    (error: unknown) => end({ error }),
  );
  try {
    for (;;) {
      const batch = state.arrived;
      state.arrived = [];
      yield* batch;
      if (state.arrived.length > 0) continue;
      if (state.over !== undefined) break;
      await new Promise<void>((resolve) => (state.wakeUp = resolve));
    }
    if ('error' in state.over && outer?.aborted !== true) throw state.over.error;
  } finally {
    left.abort();
  }
}
