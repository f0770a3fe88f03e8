import { isDeepStrictEqual } from 'node:util';
import { governedJobs, RequestedStages, type ApprovalRequestSpec } from '../../crds/v1alpha1/index.ts';
import { contentDigest } from '../../operator/core/digest.ts';
import { CountersignError } from '../../operator/core/errors.ts';
import { ownStageFaults } from '../../operator/core/lint/quorum.ts';
import { questionFaults } from '../../operator/core/questions.ts';
import { isNotFound } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { ResourceType } from '../../operator/kube/client/types.ts';
import type { AdmissionDeps } from './deps.ts';
import { allowed, refuse, type AdmissionHandler } from './handler.ts';
import { isOperator } from './identity.ts';
import { speakerOf } from './named.ts';
import type { AdmissionRequest, Reviewed } from './review.ts';
import { violationOf, type ViolationDeps } from './violations.ts';

type SubjectResource = NonNullable<ApprovalRequestSpec['subject']['resource']>;

const jobs: ResourceType = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true };
const typeOf = ({ kind }: SubjectResource): ResourceType => (kind === 'Job' ? jobs : governedJobs);
/** Mutation comes before the schema is looked at: whatever is there may be anything. */
const isKnown = (subject: SubjectResource): boolean =>
  ['Job', 'GovernedJob'].includes(subject.kind) && typeof (subject.name as unknown) === 'string';

/** Fills in the uid of the subject, so that the request is about this object and not about the next one of its name. */
export const fillInSubject = (deps: Pick<AdmissionDeps, 'client'>): AdmissionHandler => ({
  path: '/mutate/requests',
  name: 'fill-in-subject',
  kinds: ['ApprovalRequest'],
  review: async ({ object, namespace }, { signal }) => {
    const subject = subjectOf(object);
    if (subject === undefined || !isKnown(subject) || subject.uid !== undefined || namespace === undefined) return allowed;
    const uid = await uidOf(deps.client, subject, namespace, signal);
    // Where there is none, the validation that follows says so.
    return uid === undefined ? allowed : { allowed: true, patch: [{ op: 'add', path: '/spec/subject/resource/uid', value: uid }] };
  },
});

/**
 * Refuses a request about an object that is not there, or that its author may not even see, questions that nobody could answer, stages of its own that nobody
 * could satisfy, a context that has no digest, and what breaks rules of policies.
 */
export const validateRequest = (
  deps: Pick<AdmissionDeps, 'client' | 'isAllowed' | 'operatorUser' | 'relayUser'> & ViolationDeps,
): AdmissionHandler => ({
  path: '/validate/requests',
  name: 'validate-request',
  kinds: ['ApprovalRequest'],
  review: async (request, { signal }) => {
    const faults = [
      ...(isNew(request, questionsOf) ? questionFaults(questionsOf(request.object)) : []),
      ...(isNew(request, stagesOf) ? stageFaults(request.object) : []),
    ];
    if (faults.length > 0) return refuse(`${faults.map(({ path, message }) => `${path}: ${message}`).join('; ')}.`, 422);
    // For held work the operator asks, and there it must be the request that is refused, for all to see.
    if (isOperator(request, deps.operatorUser)) return allowed;
    const undigestible = isNew(request, contextOf) ? contextFault(request.object) : undefined;
    if (undigestible !== undefined) return refuse(undigestible, 422);
    const violation = await violationOf(request, deps);
    if (violation !== undefined) return violation;
    const subject = subjectOf(request.object);
    if (subject === undefined || request.namespace === undefined || !isNew(request, subjectOf)) return allowed;
    const { namespace } = request;
    const speaker = speakerOf(request, deps);
    const { group, plural: resource } = typeOf(subject);
    const what = `${subject.kind} ${subject.name}`;
    const may = await deps.isAllowed(speaker, { verb: 'get', group, resource, namespace, name: subject.name });
    if (!may)
      return refuse(`spec.subject.resource: ${speaker.username} may not get ${what} in namespace ${namespace}; ask for that right.`);
    const uid = await uidOf(deps.client, subject, namespace, signal);
    if (uid === undefined) return refuse(`spec.subject.resource: there is no ${what} in namespace ${namespace}; create it first.`, 422);
    if (subject.uid !== undefined && subject.uid !== uid)
      return refuse(
        `spec.subject.resource.uid: is ${subject.uid}, but ${what} is now ${uid}, another one of the same name; leave uid out.`,
        422,
      );
    return allowed;
  },
});

const subjectOf = (object: Reviewed | null | undefined): SubjectResource | undefined =>
  (object?.['spec'] as Partial<ApprovalRequestSpec> | undefined)?.subject?.resource;

const questionsOf = (object: Reviewed | null | undefined): ApprovalRequestSpec['questions'] =>
  (object?.['spec'] as Partial<ApprovalRequestSpec> | undefined)?.questions;

const contextOf = (object: Reviewed | null | undefined): unknown => (object?.['spec'] as Partial<ApprovalRequestSpec> | undefined)?.context;

/** What could be stored, but never be decided on: a number that has lost digits, say. */
function contextFault(object: Reviewed | null | undefined): string | undefined {
  try {
    contentDigest({ context: contextOf(object) });
    return undefined;
  } catch (error) {
    if (error instanceof CountersignError) return `spec: ${error.message}`;
    throw error;
  }
}

const stagesOf = (object: Reviewed | null | undefined): unknown => (object?.['spec'] as Partial<ApprovalRequestSpec> | undefined)?.stages;

/** What the schema does not take the API server refuses by itself, and says why. */
function stageFaults(object: Reviewed | null | undefined) {
  const stages = RequestedStages.safeParse(stagesOf(object) ?? []);
  return stages.success ? ownStageFaults(stages.data) : [];
}

// What came in while admission was away must not keep its request from being cancelled. And a request outlives its subject: what is only cancelled or
// labelled must not be refused because the subject is gone.
const isNew = ({ operation, object, oldObject }: AdmissionRequest, part: (object: Reviewed | null | undefined) => unknown): boolean =>
  operation === 'CREATE' || (operation === 'UPDATE' && !isDeepStrictEqual(part(object), part(oldObject)));

async function uidOf(client: KubeClient, subject: SubjectResource, namespace: string, signal: AbortSignal): Promise<string | undefined> {
  try {
    const found = await client.get(typeOf(subject), { namespace, name: subject.name }, { metadataOnly: true, signal });
    return found.metadata.uid;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}
