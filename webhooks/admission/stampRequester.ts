import { annotations } from '../../crds/v1alpha1/index.ts';
import type { AdmissionDeps } from './deps.ts';
import { allowed, type AdmissionHandler } from './handler.ts';
import { isOperator, isRelay } from './identity.ts';
import { callerMarks, setMarks } from './marks.ts';

/**
 * Who asked: overwritten, except by the operator, who asks on behalf of others, and by the approval service, which asks for whom it names and is named as who
 * submitted it. What the MutatingAdmissionPolicy countersign-requester-stamp does.
 */
export const stampRequester = ({ operatorUser, relayUser }: Pick<AdmissionDeps, 'operatorUser' | 'relayUser'>): AdmissionHandler => ({
  path: '/stamp/requests',
  name: 'stamp-requester',
  kinds: ['ApprovalRequest', 'GovernedJob'],
  review: (request) => {
    if (request.operation !== 'CREATE' || request.object == null || isOperator(request, operatorUser)) return allowed;
    const marks = isRelay(request, relayUser) ? { [annotations.submittedBy]: relayUser } : callerMarks(request);
    return { allowed: true, patch: setMarks(request.object, { annotations: marks }) };
  },
});
