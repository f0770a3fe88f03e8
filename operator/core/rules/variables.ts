import type { Requester } from '../../../crds/v1alpha1/index.ts';
import type { Person } from '../eligibility.ts';
import type { Observation, PolicyFacts, RequestFacts } from '../facts.ts';
import { speaksOfJobsAlone } from '../match.ts';
import { meterForPolicies, type Judged } from './judge.ts';
import { believes, submissionOf, type Submission } from './submitters.ts';

/** Who asked: whoever submitted it, or whom they name where every policy trusts them to. */
export function requesterOf({ request, policies }: Asking): Requester {
  const submission = submissionOf(request);
  if (submission === undefined || !isBelieved(submission, request, policies)) return request.requester;
  // Their groups are not known: nobody has seen them here.
  return { username: submission.inNameOf, groups: [], submittedBy: submission.by };
}

interface Asking {
  readonly request: Pick<RequestFacts, 'requester' | 'onBehalfOf' | 'status'>;
  readonly policies: readonly Pick<PolicyFacts, 'spec'>[];
}

// Where no policy is left, those of the submission stand alone, and so does whom they believed.
function isBelieved(submission: Submission, { status }: Asking['request'], policies: Asking['policies']): boolean {
  if (policies.length > 0) return policies.every(({ spec }) => believes(spec, submission));
  const recorded = status?.requester;
  return recorded?.submittedBy === submission.by && recorded.username === submission.inNameOf;
}

/** What rules may look at, of a request. */
export function judgedOf(facts: Observation, requester: Requester): Judged {
  const { request, subject } = facts;
  return {
    variables: variablesOf(facts, requester),
    observedFailureRate: facts.observedFailureRate,
    submission: submissionOf(request),
    reason: request.spec.reason,
    ticket: request.spec.ticket,
    unpinnedImages: subject.unpinnedImages ?? [],
    meter: meterForPolicies(),
  };
}

/**
 * The same for one policy. One that speaks of Jobs alone knows a GovernedJob by the Job that would run: `object` is that Job, and while there is none,
 * `object` is nothing, so that what reads it fails, and the request holds.
 */
export function judgedBy({ spec }: Pick<PolicyFacts, 'spec'>, about: Judged, { request, subject }: Observation): Judged {
  if (!request.governs || request.spec.subject.resource?.kind !== 'GovernedJob' || !speaksOfJobsAlone(spec)) return about;
  const { object: _governedJob, ...others } = about.variables;
  return { ...about, variables: subject.job === undefined ? others : { ...others, object: subject.job } };
}

/** What expressions may read of a request. */
export type Described = Pick<Observation, 'request' | 'namespaceObject' | 'now'> & {
  readonly subject: Pick<Observation['subject'], 'object'>;
};

/** By the names that expressions use; `risk` aside, which follows from them. */
export function variablesOf(
  { request, subject, namespaceObject, now }: Described,
  { username, groups }: Pick<Person, 'username' | 'groups'>,
): Judged['variables'] {
  const { namespace, name, labels, spec } = request;
  return {
    ...(subject.object === undefined ? {} : { object: subject.object }),
    context: spec.context ?? {},
    operation: spec.operation,
    approvalRequest: { metadata: { namespace, name, labels }, spec },
    // Nobody is somebody of whom nothing is known: what hangs on who asks fails then, and what fails holds.
    ...(username === '' ? {} : { requester: { username, groups } }),
    namespaceObject,
    now: new Date(now),
  };
}
