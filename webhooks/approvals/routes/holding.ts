import type { Caller } from '../callers/caller.ts';
import { preferenceOf } from '../http/prefer.ts';
import { Problem } from '../http/problem.ts';
import type { Answer, Call } from '../http/route.ts';
import type { KnownObjects } from '../known.ts';
import type { RequestDeps } from './deps.ts';

/** Something that comes to be decided, and how it is shown. */
export interface Awaited {
  readonly uid: string;
  readonly path: string;
  readonly isDecided: () => boolean;
  /** As it is now; undefined when it is gone. */
  readonly view: () => unknown;
}

/** How an object is followed by what the watch tells of it. */
interface Followed<T> {
  readonly uid: string;
  readonly path: string;
  readonly isDecided: (object: T) => boolean;
  readonly view: (object: T) => unknown;
  /** How it is shown until the watch has told of it. */
  readonly made: unknown;
}

/** An object that callers wait for. */
export function awaited<T>(objects: Pick<KnownObjects<T>, 'byUid'>, { uid, path, isDecided, view, made }: Followed<T>): Awaited {
  const asked = <Answer>(ask: (object: T) => Answer, otherwise: Answer): Answer => {
    const object = objects.byUid(uid);
    return object === undefined ? otherwise : ask(object);
  };
  return { uid, path, isDecided: () => asked(isDecided, false), view: () => asked(view, made) };
}

/** Seconds after which whoever was not told yet should ask again. */
const askAgainSeconds = 5;

/** How long a caller wants to be held, in seconds; undefined when they did not say. */
export function wantedWait(headers: Call['headers']): number | undefined {
  const { wait, respondAsync } = preferenceOf(headers['prefer']);
  return wait ?? (respondAsync ? 0 : undefined);
}

/**
 * Holds the call until it is decided, for so many seconds at most and no longer than is allowed: 200 with what came of it, or 202 with where and when to
 * ask again.
 */
export async function heldAnswer(
  { waiters, longestWaitMs }: Pick<RequestDeps, 'waiters' | 'longestWaitMs'>,
  { caller, signal, headers }: Pick<Call<unknown, unknown, unknown, Caller>, 'caller' | 'signal' | 'headers'>,
  seconds: number,
  awaited: Awaited,
): Promise<Answer> {
  const ms = Math.min(seconds * 1000, longestWaitMs);
  if (ms > 0) await waiters.wait(awaited.uid, awaited.isDecided, { caller: caller.username, ms, signal });
  const preferred = wantedWait(headers);
  const applied =
    preferred === undefined ? {} : { 'preference-applied': preferred === 0 ? 'respond-async' : `wait=${Math.floor(ms / 1000)}` };
  const body = awaited.view();
  if (body === undefined) throw new Problem(404, 'not-found', `${awaited.path} was deleted meanwhile.`);
  if (awaited.isDecided()) return { status: 200, body, headers: applied };
  return pending(awaited.path, body, applied);
}

/** 202: it is under way; where to look for it, and when. */
export const pending = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status: 202,
  body,
  headers: { ...headers, location: path, 'retry-after': String(askAgainSeconds) },
});
