import { cronJobControllers } from '../../operator/core/requesterStamp.ts';
import { podNameExtra } from '../../operator/guards/expressions.ts';
import type { AdmissionRequest } from './review.ts';

const isPodOf = ({ userInfo }: AdmissionRequest, serviceAccountUser: string): boolean =>
  userInfo.username === serviceAccountUser && podNameExtra in userInfo.extra;

/** The operator, and one of its pods: whoever only borrows the name has no pod. */
export const isOperator = (request: AdmissionRequest, operatorUser: string): boolean => isPodOf(request, operatorUser);

/** The approval service, which writes for whom it names. */
export const isRelay = (request: AdmissionRequest, relayUser: string): boolean => isPodOf(request, relayUser);

/** The controller that makes the Jobs of CronJobs. */
export const isCronJobController = ({ userInfo }: AdmissionRequest): boolean =>
  cronJobControllers.some((username) => username === userInfo.username);
