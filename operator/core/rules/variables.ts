import type { Requester } from '../../../crds/v1alpha1/index.ts';
import { serviceAccountName, type Person } from '../eligibility.ts';
import type { Observation, PolicyFacts } from '../facts.ts';
import type { Judged } from './judge.ts';

/** Who asked: whoever submitted it, or whom they name where every policy trusts them to. */
export function requesterOf({ request, policies }: Pick<Observation, 'request' | 'policies'>): Requester {
  const { requester, onBehalfOf } = request;
  if (onBehalfOf === undefined || onBehalfOf === requester.username || requester.username === '') return requester;
  const isTrusted = policies.length > 0 && policies.every((policy) => trusts(policy, requester.username));
  // Their groups are not known: nobody has seen them here.
  return isTrusted ? { username: onBehalfOf, groups: [], submittedBy: requester.username } : requester;
}

const trusts = ({ spec }: PolicyFacts, username: string): boolean =>
  (spec.separation.trustedSubmitters ?? []).some(
    ({ user, serviceAccount }) =>
      user === username || (serviceAccount !== undefined && serviceAccountName(serviceAccount.namespace, serviceAccount.name) === username),
  );

/** What rules may look at, of a request. */
export function judgedOf(facts: Observation, requester: Requester): Judged {
  const { request, subject } = facts;
  return {
    variables: variablesOf(facts, requester),
    observedFailureRate: facts.observedFailureRate,
    reason: request.spec.reason,
    ticket: request.spec.ticket,
    unpinnedImages: subject.unpinnedImages ?? [],
  };
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
    requester: { username, groups },
    namespaceObject,
    now: new Date(now),
  };
}
