import { isDeepStrictEqual } from 'node:util';
import { allowed, type AdmissionHandler } from './handler.ts';
import { callerMarks, setMarks } from './marks.ts';

/** Who wrote what a delegation says: overwritten, whenever that changes. What the MutatingAdmissionPolicy countersign-delegation-stamp does. */
export const stampDelegation: AdmissionHandler = {
  path: '/stamp/delegations',
  name: 'stamp-delegation',
  kinds: ['ApprovalDelegation'],
  review: (request) => {
    const { operation, object, oldObject } = request;
    if (object == null || !['CREATE', 'UPDATE'].includes(operation)) return allowed;
    if (operation === 'UPDATE' && isDeepStrictEqual(object['spec'], oldObject?.['spec'])) return allowed;
    return { allowed: true, patch: setMarks(object, { annotations: callerMarks(request) }) };
  },
};
