import { isDeepStrictEqual } from 'node:util';
import { ApprovalPolicySpec, PolicyKind } from '../../crds/v1alpha1/index.ts';
import { faultText, policyFaults } from '../../operator/core/lint/index.ts';
import { allowed, refuse, type AdmissionHandler } from './handler.ts';
import type { AdmissionRequest } from './review.ts';

/**
 * Tells the author of a policy at once what is wrong with it, all of it. A courtesy, not a guard: the operator looks again, and a policy with a fault that
 * came in while admission was away holds.
 */
export const validatePolicy: AdmissionHandler = {
  path: '/validate/policies',
  name: 'validate-policy',
  kinds: PolicyKind.options,
  review: (request) => {
    const { object, kind } = request;
    if (object == null || !changes(request)) return allowed;
    const spec = ApprovalPolicySpec.safeParse(object['spec']);
    // What the schema does not take the API server refuses by itself, and says why.
    if (!spec.success) return allowed;
    const faults = policyFaults(spec.data, { kind: PolicyKind.parse(kind.kind) }).map(faultText);
    return faults.length === 0 ? allowed : refuse(shortened(faults), 422);
  },
};

// A policy that came in with a fault must stay free to be labelled, and its status to be written.
const changes = ({ operation, object, oldObject }: AdmissionRequest): boolean =>
  operation === 'CREATE' || (operation === 'UPDATE' && !isDeepStrictEqual(object?.['spec'], oldObject?.['spec']));

const mostFaults = 10;
const longest = 4_000;

function shortened(faults: readonly string[]): string {
  const told = faults.slice(0, mostFaults).join('; ');
  const more = faults.length > mostFaults ? ` (and ${faults.length - mostFaults} more)` : '';
  return `${told.length > longest ? `${told.slice(0, longest)}…` : told}${more}.`;
}
