import { setTimeout as sleep } from 'node:timers/promises';
import type { DecisionRecord, DecisionVerdict } from '../../crds/v1alpha1/index.ts';
import { apiVersion, approvalDecisions, approvalRequests } from '../../crds/v1alpha1/resources.ts';
import { isNotFound } from '../../operator/kube/client/apiError.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';
import { RefusedError } from '../errors.ts';
import type { Reviewed } from '../explain/summary.ts';
import { explain, ignoredText } from '../explain/why.ts';
import { phaseText, isSettled, requestOf, subjectText, type Request } from '../request.ts';
import type { Session } from './connect.ts';
import { find } from './requests.ts';
import { errorText } from './refusal.ts';
import { readSubject, type Subject } from './subject.ts';

/** What somebody says about the requests. */
export interface Verdict {
  readonly verdict: DecisionVerdict;
  readonly reason?: string | undefined;
  readonly ticket?: string | undefined;
}

/** Finds every request that is named, once each. @throws RefusedError that tells of all names that could not be resolved. */
export async function findAll({ client, namespace }: Session, names: readonly string[]): Promise<Request[]> {
  const found = await Promise.allSettled(names.map((name) => find(client, namespace, name)));
  const problems = found.flatMap((f) => (f.status === 'rejected' ? [asError(f.reason)] : []));
  const [first] = [...problems.filter((p) => !(p instanceof RefusedError)), ...problems];
  if (first instanceof RefusedError && problems.length > 1) throw new RefusedError(problems.map(errorText).join('\n'), first.code);
  if (first !== undefined) throw first;
  const requests = found.flatMap((f) => (f.status === 'fulfilled' ? [f.value] : []));
  return [...new Map(requests.map((r) => [r.uid, r])).values()];
}

const asError = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));

/**
 * Reads what the requests are about and makes sure that it is what the operator digested.
 * @throws RefusedError naming every request that cannot be decided, and why.
 */
export async function review({ client }: Session, requests: readonly Request[], verdict: DecisionVerdict): Promise<Reviewed[]> {
  const reviewed = await Promise.all(
    requests.map(async (request) => {
      const obstacle = notDecidable(request, verdict);
      if (obstacle !== undefined) return { request, obstacle };
      const subject = await readSubject(client, request);
      const doubt = digestDoubt(request, subject);
      // A rejection only ever holds, and a comment does nothing: what cannot be checked may be refused all the same.
      if (verdict === 'Approve' && doubt !== undefined) return { request, obstacle: doubt };
      return { request, jobSpec: subject.jobSpec, digestNote: doubt ?? 'computed anew from what is stored: the same' };
    }),
  );
  const obstacles = reviewed.flatMap((r) => ('obstacle' in r ? [`${r.request.name}: ${r.obstacle}`] : []));
  if (obstacles.length > 0) throw new RefusedError(obstacles.join('\n'));
  return reviewed.flatMap((r) => ('obstacle' in r ? [] : [r]));
}

/** Why nothing can be said about a request at all. */
function notDecidable(request: Request, verdict: DecisionVerdict): string | undefined {
  if (request.status?.subjectDigest === undefined) {
    return 'the operator has not digested it yet, so there is nothing to bind a decision to. Try again in a moment; "kubectl approve why" says what is in the way.';
  }
  if (verdict === 'Comment') return undefined;
  if (isSettled(request)) return `is ${phaseText(request)} already; there is nothing left to decide.`;
  return request.stored.spec.draft ? 'is a draft: nobody is asked until its requester submits it (spec.draft: false).' : undefined;
}

/** Why what is stored cannot be said to be what the request's digest was taken of. */
export function digestDoubt(request: Request, subject: Subject): string | undefined {
  const recorded = request.status?.subjectDigest;
  if (subject.access === 'forbidden' || subject.digest === undefined) {
    return `its digest cannot be checked: ${subject.fault ?? 'no reason was given'}`;
  }
  if (subject.digest === recorded) return undefined;
  return (
    `what is stored is not what was digested: ${subjectText(request)} has the digest ${subject.digest}, the request says ${recorded ?? 'none'}. ` +
    'It has just been changed, or its status was tampered with. Look again with "kubectl approve describe".'
  );
}

/** Sends one decision about all of the requests: name, uid and digest, as they were shown. */
export function send({ client, namespace }: Session, reviewed: readonly Reviewed[], said: Verdict): Promise<KubeObject> {
  const [first] = reviewed;
  const decision = {
    apiVersion,
    kind: approvalDecisions.kind,
    metadata: { generateName: `${(first?.request.name ?? 'decision').slice(0, 240)}-`, namespace },
    spec: {
      requests: reviewed.map(({ request: { name, uid, status } }) => ({ name, uid, digest: status?.subjectDigest })),
      verdict: said.verdict,
      ...(said.reason === undefined ? {} : { reason: said.reason }),
      ...(said.ticket === undefined ? {} : { ticket: said.ticket }),
    },
  };
  return client.create(approvalDecisions, namespace, decision);
}

/** What has come of a decision for one request. */
export interface Effect {
  readonly request: Request;
  /** `pending`: the operator has not taken it in yet. */
  readonly state: 'counted' | 'ignored' | 'pending';
  readonly message: string;
}

const lookEveryMs = [30, 60, 120, 250, 500, 1000, 1000];

/** Looks for about three seconds whether the operator has taken the decision in. It has, in milliseconds, unless it is down. */
export async function effects({ client }: Session, reviewed: readonly Reviewed[], decision: string): Promise<Effect[]> {
  return Promise.all(
    reviewed.map(async ({ request }) => {
      let latest = request;
      for (const pause of lookEveryMs) {
        await sleep(pause);
        try {
          latest = requestOf(await client.get(approvalRequests, { namespace: request.namespace, name: request.name }));
        } catch (error) {
          if (isNotFound(error)) return effectOf(request, undefined);
          throw error;
        }
        const record = latest.status?.decisions.find((d) => d.name === decision);
        if (record !== undefined) return effectOf(latest, record);
      }
      return effectOf(latest, undefined);
    }),
  );
}

function effectOf(request: Request, record: DecisionRecord | undefined): Effect {
  if (record === undefined) return { request, state: 'pending', message: 'It is recorded; the operator has not taken it in yet.' };
  if (record.verdict === 'Comment') return { request, state: 'counted', message: 'Comments count for nothing.' };
  if (record.counted) return { request, state: 'counted', message: explain(request).headline };
  return { request, state: 'ignored', message: `It does not count: ${ignoredText(record.ignoredBecause)}` };
}
