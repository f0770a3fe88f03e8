import { setTimeout as sleep } from 'node:timers/promises';
import type { DecisionRecord } from '../../crds/v1alpha1/index.ts';
import { apiVersion, approvalDecisions, approvalRequests } from '../../crds/v1alpha1/resources.ts';
import { isNotFound } from '../../operator/kube/client/apiError.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';
import { RefusedError } from '../errors.ts';
import { letsRun, obstacleTo, type Verdict } from '../explain/decidable.ts';
import { effectOf, type Effect } from '../explain/effect.ts';
import type { Reviewed } from '../explain/summary.ts';
import { requestOf, subjectText, type Request } from '../request.ts';
import type { Session } from './connect.ts';
import { find } from './requests.ts';
import { errorText } from './refusal.ts';
import { readSubject, type Subject } from './subject.ts';

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
export async function review({ client }: Session, requests: readonly Request[], said: Verdict): Promise<Reviewed[]> {
  const reviewed = await Promise.all(
    requests.map(async (request) => {
      const obstacle = obstacleTo(request, said);
      if (obstacle !== undefined) return { request, obstacle };
      const subject = await readSubject(client, request);
      const doubt = digestDoubt(request, subject);
      // Whatever lets nothing run, such as a rejection, may be said all the same about what cannot be checked.
      if (letsRun(said.verdict) && doubt !== undefined) return { request, obstacle: doubt };
      return { request, jobSpec: subject.jobSpec, runs: subject.runs, digestNote: doubt ?? 'computed anew from what is stored: the same' };
    }),
  );
  const obstacles = reviewed.flatMap((r) => ('obstacle' in r ? [`${r.request.name}: ${r.obstacle}`] : []));
  if (obstacles.length > 0) throw new RefusedError(obstacles.join('\n'));
  return reviewed.flatMap((r) => ('obstacle' in r ? [] : [r]));
}

/** Why what is stored cannot be said to be what the request's digest was taken of. */
export function digestDoubt(request: Request, subject: Subject): string | undefined {
  const recorded = request.status?.subjectDigest;
  if (subject.access === 'forbidden' || subject.digest === undefined) {
    return `its digest cannot be checked: ${subject.fault ?? 'no reason was given'}`;
  }
  const changed = subject.pins?.changed ?? [];
  if (changed.length > 0) {
    return `what it refers to is not what was digested any more: ${changed.join(', ')}. The operator takes that in within a minute, and people are asked anew.`;
  }
  if (subject.digest === recorded) return undefined;
  return (
    `what is stored is not what was digested: ${subjectText(request)} has the digest ${subject.digest}, the request says ${recorded ?? 'none'}. ` +
    'It has just been changed, or its status was tampered with. Look again with "kubectl approve describe".'
  );
}

/** The one decision about all of these requests of one namespace: name, uid and digest, as they were shown. */
export function decisionAbout(reviewed: readonly Reviewed[], said: Verdict): object {
  const [first] = reviewed;
  const { reason, ticket, response, reassign, standing } = said;
  return {
    apiVersion,
    kind: approvalDecisions.kind,
    metadata: { generateName: `${(first?.request.name ?? 'decision').slice(0, 240)}-`, namespace: first?.request.namespace },
    spec: {
      requests: reviewed.map(({ request: { name, uid, status } }) => ({ name, uid, digest: status?.subjectDigest })),
      verdict: said.verdict,
      ...(reason === undefined ? {} : { reason }),
      ...(ticket === undefined ? {} : { ticket }),
      ...(response === undefined ? {} : { response }),
      ...(reassign === undefined ? {} : { reassign }),
      ...(standing === undefined ? {} : { standing }),
    },
  };
}

/** Sends one decision about all of the requests, which are of one namespace. */
export function send({ client }: Session, reviewed: readonly Reviewed[], said: Verdict, dryRun = false): Promise<KubeObject> {
  return client.create(approvalDecisions, reviewed[0]?.request.namespace, decisionAbout(reviewed, said), { dryRun });
}

const lookEveryMs = [30, 60, 120, 250, 500, 1000, 1000];

/** Looks for about three seconds whether the operator has taken the decision in. It has, in milliseconds, unless it is down. */
export async function effects({ client }: Session, reviewed: readonly Reviewed[], said: Verdict, decision: string): Promise<Effect[]> {
  return Promise.all(
    reviewed.map(async ({ request }) => {
      let latest = request;
      for (const pause of lookEveryMs) {
        await sleep(pause);
        try {
          latest = requestOf(await client.get(approvalRequests, { namespace: request.namespace, name: request.name }));
        } catch (error) {
          if (isNotFound(error)) return effectOf(request, undefined, said);
          throw error;
        }
        const record = latest.status?.decisions.find((d: DecisionRecord) => d.name === decision);
        if (record !== undefined) return effectOf(latest, record, said);
      }
      return effectOf(latest, undefined, said);
    }),
  );
}
