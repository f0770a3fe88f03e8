import { labels, annotations } from '../../crds/v1alpha1/marks.ts';
import { approvalRequests, governedJobs } from '../../crds/v1alpha1/resources.ts';
import { isForbidden, isNotFound } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/client/types.ts';
import { RefusedError, UsageError } from '../errors.ts';
import { requestOf, subjectText, type Request } from '../request.ts';

/** `batch/v1` Jobs. */
export const jobs: ResourceType = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true };

/** What a NAME on the command line means: `wire-4711`, or with its kind, `job/wire-4711`. */
export interface Wanted {
  readonly kind: 'any' | 'request' | 'job' | 'governedJob';
  readonly name: string;
}

const kinds: Readonly<Record<string, Wanted['kind']>> = {
  areq: 'request',
  approvalrequest: 'request',
  approvalrequests: 'request',
  job: 'job',
  jobs: 'job',
  gjob: 'governedJob',
  governedjob: 'governedJob',
  governedjobs: 'governedJob',
};

/** Reads a NAME. @throws UsageError when it is no name, or names a kind that has no requests. */
export function wanted(text: string): Wanted {
  const slash = text.indexOf('/');
  const kind = slash < 0 ? undefined : text.slice(0, slash);
  const name = text.slice(slash + 1);
  const known = kind === undefined ? 'any' : kinds[kind.toLowerCase().split('.')[0] ?? ''];
  if (known === undefined) throw new UsageError(`"${text}": ${kind ?? ''} has no requests; expected areq/NAME, job/NAME or gjob/NAME.`);
  if (!/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/.test(name) || name.length > 253) {
    throw new UsageError(`"${text}" is not the name of an object; expected lower-case letters, digits, - and ., at most 253 of them.`);
  }
  return { kind: known, name };
}

/** Why no request was found, so that whoever waits knows whether one may still come. */
export class NoRequestError extends RefusedError {
  /** The held object that will get a request once the operator has seen it. */
  readonly heldWithoutRequest: boolean;

  constructor(message: string, heldWithoutRequest: boolean) {
    super(message, 'NoRequest');
    this.heldWithoutRequest = heldWithoutRequest;
  }
}

/**
 * The one request that a NAME means: of that name, or the one by which a Job or GovernedJob of that name is held.
 * @throws RefusedError when several fit, naming them; NoRequestError when none does.
 */
export async function find(client: KubeClient, namespace: string, text: string): Promise<Request> {
  const want = wanted(text);
  const may = (kind: Wanted['kind']): boolean => want.kind === 'any' || want.kind === kind;
  const read = (type: ResourceType): Promise<KubeObject | undefined> => readIfAllowed(client, type, { namespace, name: want.name });
  const [request, job, governedJob] = await Promise.all([
    may('request') ? readIfThere(client, approvalRequests, { namespace, name: want.name }) : undefined,
    may('job') ? read(jobs) : undefined,
    may('governedJob') ? read(governedJobs) : undefined,
  ]);
  const subjects = [job, governedJob].filter((object) => object !== undefined);
  const found = [...(request === undefined ? [] : [requestOf(request)]), ...(await requestsFor(client, namespace, subjects))];
  const distinct = [...new Map(found.map((r) => [r.uid, r])).values()];
  if (distinct.length > 1) throw ambiguous(text, distinct);
  const only = distinct[0] ?? (want.kind === 'request' || subjects.length > 0 ? undefined : await formerly(client, namespace, want, text));
  if (only === undefined) throw nothing(text, namespace, subjects[0]);
  return only;
}

/** The requests by which these objects are held. A GovernedJob's Job is held by the GovernedJob's request. */
async function requestsFor(client: KubeClient, namespace: string, subjects: readonly KubeObject[]): Promise<Request[]> {
  const uids = subjects.flatMap(({ metadata }) => [
    metadata.uid,
    ...(metadata.ownerReferences ?? []).filter((o) => o.controller === true && o.kind === 'GovernedJob').map((o) => o.uid),
  ]);
  if (uids.length === 0) return [];
  const labelSelector = `${labels.subjectUid} in (${[...new Set(uids)].join(',')})`;
  const { items } = await client.list(approvalRequests, { namespace, labelSelector });
  return items.map(requestOf);
}

/** Requests outlive their Jobs: when nothing of that name exists any more, what it once was. */
async function formerly(client: KubeClient, namespace: string, want: Wanted, text: string): Promise<Request | undefined> {
  const kind = want.kind === 'job' ? 'Job' : want.kind === 'governedJob' ? 'GovernedJob' : undefined;
  const past: Request[] = [];
  for await (const object of client.listAll(approvalRequests, { namespace })) {
    const request = requestOf(object);
    const subject = request.stored.spec.subject.resource;
    if (subject?.name === want.name && (kind === undefined || subject.kind === kind)) past.push(request);
  }
  if (past.length > 1) throw ambiguous(text, past);
  return past[0];
}

function ambiguous(text: string, candidates: readonly Request[]): RefusedError {
  const lines = candidates.map((r) => `  areq/${r.name}   ${r.status?.phase ?? 'New'}, about ${subjectText(r)}`).sort();
  return new RefusedError(`"${text}" could mean ${candidates.length} requests; name one of them:\n${lines.join('\n')}`);
}

function nothing(text: string, namespace: string, subject: KubeObject | undefined): NoRequestError {
  if (subject === undefined) {
    const message = `There is no ApprovalRequest, Job or GovernedJob "${text}" in namespace ${namespace}; "kubectl approve list" shows what is open.`;
    return new NoRequestError(message, false);
  }
  const held = subject.metadata.labels?.[labels.held];
  if (held === 'true' || subject.kind === 'GovernedJob') {
    return new NoRequestError(`"${text}" is held, but has no request yet: the operator has not seen it. Try again in a moment.`, true);
  }
  const released = subject.metadata.annotations?.[annotations.request];
  const message =
    released === undefined
      ? `"${text}" is not held: no policy governs it, so there is nothing to approve.`
      : `"${text}" was released by request ${released}, which has been deleted since.`;
  return new NoRequestError(message, false);
}

async function readIfThere(
  client: KubeClient,
  type: ResourceType,
  ref: { namespace: string; name: string },
): Promise<KubeObject | undefined> {
  try {
    // A single object says its kind, which `nothing` needs.
    return await client.get(type, ref);
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** An approver need not be allowed to read Jobs to be allowed to approve a request by its own name. */
async function readIfAllowed(
  client: KubeClient,
  type: ResourceType,
  ref: { namespace: string; name: string },
): Promise<KubeObject | undefined> {
  try {
    return await readIfThere(client, type, ref);
  } catch (error) {
    if (isForbidden(error)) return undefined;
    throw error;
  }
}
