import type { Caller } from '../callers/caller.ts';
import { Problem } from '../http/problem.ts';
import type { Answer } from '../http/route.ts';
import { decide, type Decision } from '../relay/decide.ts';
import type { KnownRequest } from '../requests.ts';
import type { RequestDeps } from './deps.ts';

/** A request, and what the approver was shown of it, if they say so. */
export interface Shown {
  readonly request: KnownRequest;
  readonly digest?: string | undefined;
}

/** Relays one decision on requests of one namespace. @throws Problem */
export async function relayDecision(
  deps: Pick<RequestDeps, 'client'>,
  caller: Caller,
  shown: readonly Shown[],
  said: Omit<Decision, 'namespace' | 'requests'>,
): Promise<Answer> {
  const namespaces = new Set(shown.map(({ request }) => request.namespace));
  const [namespace] = namespaces;
  if (namespace === undefined || namespaces.size > 1) {
    const where = [...namespaces].sort().join(', ');
    throw new Problem(
      422,
      'several-namespaces',
      `body.requests: are of the namespaces ${where}; one decision is in one namespace, so send one for each.`,
    );
  }
  const requests = shown.map(({ request, digest }) => ({ name: request.name, uid: request.uid, digest: digestOf(request, digest) }));
  const { name } = await decide(deps, caller, { ...said, namespace, requests });
  const body = { name, namespace, verdict: said.verdict, approver: caller.username, requests: requests.map(({ uid }) => uid) };
  return { status: 201, body };
}

function digestOf({ name, status }: KnownRequest, shown: string | undefined): string {
  const current = status?.subjectDigest;
  if (current === undefined)
    throw new Problem(
      409,
      'not-yet',
      `ApprovalRequest ${name} cannot be decided yet (phase ${status?.phase ?? 'New'}); try again once its phase is Reviewing.`,
      {
        headers: { 'retry-after': '1' },
      },
    );
  if (shown === undefined || shown === current) return current;
  throw new Problem(
    409,
    'changed',
    `What ApprovalRequest ${name} is about has changed: the digest sent is ${shown}, and it is now ${current}. Look at it again.`,
  );
}
