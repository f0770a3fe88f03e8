import { annotations, type DecisionVia } from '../../crds/v1alpha1/index.ts';
import type { Person } from '../../operator/core/eligibility.ts';
import type { AdmissionDeps } from './deps.ts';
import { isRelay } from './identity.ts';
import type { AdmissionRequest } from './review.ts';

/** A person for whom the approval service writes, and how they came to it. */
export interface Named extends Person {
  readonly via: DecisionVia | undefined;
}

/** Whose rights a write is judged by: the caller's or, when that is the approval service, those of whom it names. */
export const speakerOf = (request: AdmissionRequest, { relayUser }: Pick<AdmissionDeps, 'relayUser'>): Person =>
  isRelay(request, relayUser) ? namedIn(request) : { username: request.userInfo.username, groups: request.userInfo.groups };

/** Whom the approval service names. That somebody is named at all, and nobody who may not be, the guards see to; here nobody is somebody without a name. */
export function namedIn(request: AdmissionRequest): Named {
  if (request.kind.kind === 'ApprovalDecision') return inDecision(request);
  const marks = request.object?.metadata.annotations ?? {};
  return request.operation === 'CREATE'
    ? {
        username: marks[annotations.requester] ?? '',
        groups: lines(marks[annotations.requesterGroups]),
        via: marks[annotations.via] as DecisionVia | undefined,
      }
    : { username: marks[annotations.cancelledBy] ?? '', groups: lines(marks[annotations.cancelledByGroups]), via: undefined };
}

function inDecision({ object }: AdmissionRequest): Named {
  const { approver = '', groups = [], via } = (object?.['spec'] ?? {}) as { approver?: string; groups?: string[]; via?: DecisionVia };
  return { username: approver, groups, via };
}

const lines = (text = ''): string[] => text.split('\n').filter((line) => line !== '');
