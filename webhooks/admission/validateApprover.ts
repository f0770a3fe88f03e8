import { isDeepStrictEqual } from 'node:util';
import { ApproverSpec } from '../../crds/v1alpha1/index.ts';
import { sharedFields } from '../../operator/core/approvers.ts';
import type { AdmissionDeps } from './deps.ts';
import { allowed, refuse, type AdmissionHandler } from './handler.ts';

const mostFaults = 3;

/**
 * Tells whoever writes an Approver at once that another one has the same user name, mail address or Slack id. A courtesy, not a guard: two may be written
 * at once, and where several fit, nobody who comes by mail or Slack is taken for any of them.
 */
export const validateApprover = ({ approvers }: Pick<AdmissionDeps, 'approvers'>): AdmissionHandler => ({
  path: '/validate/approvers',
  name: 'validate-approver',
  kinds: ['Approver'],
  review: ({ operation, object, oldObject }) => {
    if (object == null || !['CREATE', 'UPDATE'].includes(operation)) return allowed;
    // One that came in with a fault must stay free to be labelled.
    if (operation === 'UPDATE' && isDeepStrictEqual(object['spec'], oldObject?.['spec'])) return allowed;
    const spec = ApproverSpec.safeParse(object['spec']);
    // What the schema does not take the API server refuses by itself, and says why.
    if (!spec.success) return allowed;
    const others = [...approvers()].filter(({ name }) => name !== object.metadata.name);
    const faults = others.flatMap((other) =>
      sharedFields(spec.data, other).map((field) => `spec.${field}: is that of Approver ${other.name} too`),
    );
    return faults.length === 0
      ? allowed
      : refuse(
          `${faults.slice(0, mostFaults).join('; ')}; each is of one person only: change that Approver instead, or mend one of the two.`,
          422,
        );
  },
});
