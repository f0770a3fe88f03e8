import type { ApprovalPolicySpec } from '../../../crds/v1alpha1/index.ts';
import { authorAnnotations } from '../../../crds/v1alpha1/marks.ts';
import { serviceAccountName } from '../eligibility.ts';
import type { RequestFacts } from '../facts.ts';

/** Somebody who asks in the name of another. */
export interface Submission {
  /** Who really asked, as the API server saw them. */
  readonly by: string;
  /** Whom they name. */
  readonly inNameOf: string;
}

/** As long as a user name may be in a status. */
const longestName = 512;

/** Undefined for whoever asks in their own name, and where nobody knows who asked: then nobody is believed. */
export const submissionOf = ({ requester, onBehalfOf }: Pick<RequestFacts, 'requester' | 'onBehalfOf'>): Submission | undefined =>
  onBehalfOf === undefined || requester.username === '' || onBehalfOf === requester.username
    ? undefined
    : { by: requester.username, inNameOf: onBehalfOf };

type Trusting = Pick<ApprovalPolicySpec, 'separation'>;

/** Whether a policy believes it. */
export const believes = (policy: Trusting, submission: Submission): boolean => submissionFaults(policy, submission).length === 0;

/** Why a policy does not believe it: it trusts somebody else to ask for others, or that is no user name. */
export function submissionFaults({ separation: { trustedSubmitters = [] } }: Trusting, { by, inNameOf }: Submission): string[] {
  const annotation = `annotation ${authorAnnotations.onBehalfOf}`;
  if (inNameOf.length > longestName)
    return [`${annotation} has ${inNameOf.length} characters; expected a user name, of at most ${longestName}`];
  const isTrusted = trustedSubmitters.some(
    ({ user, serviceAccount }) =>
      user === by || (serviceAccount !== undefined && serviceAccountName(serviceAccount.namespace, serviceAccount.name) === by),
  );
  if (isTrusted) return [];
  return [
    `${annotation} names ${inNameOf}, but ${by} may not ask for others; leave it out, or have spec.separation.trustedSubmitters name ${by}`,
  ];
}
