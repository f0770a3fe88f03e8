import { allowed, type AdmissionHandler } from './handler.ts';
import { isOperator } from './identity.ts';
import { callerMarks, setMarks } from './marks.ts';

/** Who asked: overwritten, except by the operator, who asks on behalf of others. What the MutatingAdmissionPolicy countersign-requester-stamp does. */
export const stampRequester = (operatorUser: string): AdmissionHandler => ({
  path: '/stamp/requests',
  name: 'stamp-requester',
  kinds: ['ApprovalRequest', 'GovernedJob'],
  review: (request) => {
    if (request.operation !== 'CREATE' || request.object == null || isOperator(request, operatorUser)) return allowed;
    return { allowed: true, patch: setMarks(request.object, { annotations: callerMarks(request) }) };
  },
});
