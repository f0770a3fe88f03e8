import { approvalRequests, governedJobs, group, type Resource } from '../../../crds/v1alpha1/index.ts';
import type { Caller } from '../callers/caller.ts';
import { isDecided, type KnownExecution } from '../executions.ts';
import { Problem } from '../http/problem.ts';
import type { KnownObjects } from '../known.ts';
import { isSettled, type KnownRequest } from '../requests.ts';
import type { RequestDeps } from './deps.ts';

/** So long an id may be unknown here that another replica has just given: the watch tells of it in less. */
const patienceMs = 300;

/** The request of that id, if the caller may see it. @throws Problem 404, in the same words whether it is not there or not to be seen. */
export const findRequest = (deps: RequestDeps, caller: Caller, id: string): Promise<KnownRequest> =>
  find(deps, caller, id, approvalRequests, deps.known.requests);

/** The GovernedJob of that id, if the caller may see it. @throws Problem 404, likewise. */
export const findExecution = (deps: RequestDeps, caller: Caller, id: string): Promise<KnownExecution> =>
  find(deps, caller, id, governedJobs, deps.known.executions);

/** The request of that id, or that of the execution of that id. @throws Problem 404, likewise. */
export async function findEither(deps: RequestDeps, caller: Caller, id: string): Promise<KnownRequest> {
  const { requests, executions } = deps.known;
  const execution = executions.byUid(id);
  const name = execution?.status?.approvalRequest?.name;
  const asked = execution === undefined || name === undefined ? undefined : requests.get(execution.namespace, name);
  return findRequest(deps, caller, asked?.uid ?? id);
}

async function find<T extends { readonly namespace: string; readonly name: string; readonly uid: string }>(
  { permissions }: RequestDeps,
  caller: Caller,
  id: string,
  { kind, plural }: Resource,
  objects: KnownObjects<T>,
): Promise<T> {
  const found = objects.byUid(id) ?? (await appearing(objects, id));
  if (found !== undefined) {
    const access = { verb: 'get', group, resource: plural, namespace: found.namespace, name: found.name };
    if (await permissions.may(caller, access)) return found;
  }
  throw new Problem(
    404,
    'not-found',
    `There is no ${kind} ${id} that ${caller.username} may see; ids are given by whatever made it, and by the lists.`,
  );
}

function appearing<T extends { readonly uid: string }>(objects: KnownObjects<T>, id: string): Promise<T | undefined> {
  return new Promise((resolve) => {
    const end = (found?: T): void => {
      clearTimeout(timer);
      stop();
      resolve(found);
    };
    const stop = objects.onChange((object) => {
      if (object.uid === id) end(object);
    });
    const timer = setTimeout(end, patienceMs);
  });
}

/** Wakes those who wait for a request or a GovernedJob whenever one is decided. Answers how to stop. */
export function wakeWaiters({ known, waiters }: Pick<RequestDeps, 'known' | 'waiters'>): () => void {
  const stops = [
    known.requests.onChange((request) => {
      if (isSettled(request)) waiters.wake(request.uid);
    }),
    known.executions.onChange((execution) => {
      if (isDecided(execution)) waiters.wake(execution.uid);
    }),
  ];
  return () => stops.forEach((stop) => stop());
}
