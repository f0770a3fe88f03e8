import { allowed, type AdmissionHandler } from './handler.ts';
import type { PatchOperation } from './review.ts';

/** Who decided: filled in, never overwritten; the guard refuses what differs. What the MutatingAdmissionPolicy countersign-decision-stamp does. */
export const stampDecision: AdmissionHandler = {
  path: '/stamp/decisions',
  name: 'stamp-decision',
  kinds: ['ApprovalDecision'],
  review: ({ operation, object, userInfo }) => {
    const spec = object?.['spec'];
    // Without a spec the schema refuses it, in words.
    if (operation !== 'CREATE' || typeof spec !== 'object' || spec === null || Array.isArray(spec)) return allowed;
    const stamps = { approver: userInfo.username, groups: userInfo.groups, via: 'Kubernetes' };
    const patch: PatchOperation[] = Object.entries(stamps)
      .filter(([field]) => !(field in spec))
      .map(([field, value]) => ({ op: 'add', path: `/spec/${field}`, value }));
    return { allowed: true, patch };
  },
};
