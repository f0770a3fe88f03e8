import {
  labels,
  type ApprovalRequest,
  type ApprovalRequestSpec,
  type ApprovalRequestStatus,
  type Requester,
} from '../../crds/v1alpha1/index.ts';
import { isTrue } from '../../operator/core/conditions.ts';
import { onBehalfOfFrom, requesterFrom } from '../../operator/core/requesterStamp.ts';
import { saidBefore, type Hearing } from '../../operator/core/saidBefore.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';
import { knownMetadata, type KnownMetadata } from './metadata.ts';

/** An ApprovalRequest as the service knows it. */
export interface KnownRequest extends KnownMetadata {
  readonly requester: Requester;
  /** Who wrote it, as the API server or the service's own check saw them: whoever asks in another's name, and not that other. Absent where nobody knows. */
  readonly author?: Requester;
  /** For whom whoever wrote it says that they ask: part of what is digested. */
  readonly onBehalfOf?: string;
  /** The uid of the work that it releases; absent for a request that releases nothing. */
  readonly governs?: string;
  readonly spec: ApprovalRequestSpec;
  readonly status: ApprovalRequestStatus | undefined;
}

/** For a watch cache of ApprovalRequests. */
export function knownRequest(raw: KubeObject): KnownRequest {
  const { metadata, spec, status } = raw as unknown as ApprovalRequest;
  const governs = metadata.labels?.[labels.subjectUid];
  const author = requesterFrom(metadata.annotations);
  return {
    ...knownMetadata(raw),
    requester: status?.requester ?? author,
    spec,
    status,
    ...(author.username === '' ? {} : { author }),
    ...onBehalfOfFrom(metadata.annotations),
    ...(governs === undefined ? {} : { governs }),
  };
}

/** Whether the request has come to its end, with whatever outcome. */
export const isSettled = ({ status }: Pick<KnownRequest, 'status'>): boolean => isTrue(status?.conditions, 'Settled');

/** Whether they have said yes or no in a stage of the request as it is now, and need not say it again there. */
export const hasVoted = (username: string, { status }: Pick<KnownRequest, 'status'>, stage: Hearing): boolean =>
  status !== undefined && saidBefore(username, status, stage) !== undefined;

export const outcomes = ['Pending', 'Approved', 'Rejected', 'Cancelled', 'Expired'] as const;
export type Outcome = (typeof outcomes)[number];

/** What has come of a request. A yes that is not settled yet is still pending: the policies as they are now may ask for more. */
export function outcomeOf(request: Pick<KnownRequest, 'status'>): Outcome {
  if (!isSettled(request)) return 'Pending';
  const phase = request.status?.phase;
  return phase === 'Rejected' || phase === 'Cancelled' || phase === 'Expired' ? phase : 'Approved';
}
