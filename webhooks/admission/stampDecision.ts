import type { AdmissionDeps } from './deps.ts';
import { allowed, type AdmissionHandler } from './handler.ts';
import { isRelay } from './identity.ts';
import type { PatchOperation } from './review.ts';

/**
 * Who decided: filled in, never overwritten; the guard refuses what differs. The approval service says for whom it speaks, and where it does not nobody is
 * put in. What the MutatingAdmissionPolicy countersign-decision-stamp does.
 */
export const stampDecision = ({ relayUser }: Pick<AdmissionDeps, 'relayUser'>): AdmissionHandler => ({
  path: '/stamp/decisions',
  name: 'stamp-decision',
  kinds: ['ApprovalDecision'],
  review: (request) => {
    const { operation, object, userInfo } = request;
    const spec = object?.['spec'];
    // Without a spec the schema refuses it, in words.
    if (operation !== 'CREATE' || typeof spec !== 'object' || spec === null || Array.isArray(spec)) return allowed;
    if (isRelay(request, relayUser)) return allowed;
    const stamps = { approver: userInfo.username, groups: userInfo.groups, via: 'Kubernetes' };
    const patch: PatchOperation[] = Object.entries(stamps)
      .filter(([field]) => !(field in spec))
      .map(([field, value]) => ({ op: 'add', path: `/spec/${field}`, value }));
    return { allowed: true, patch };
  },
});
