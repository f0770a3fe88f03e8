import { cronJobControllers } from '../../operator/core/requesterStamp.ts';
import { podNameExtra } from '../../operator/guards/expressions.ts';
import type { AdmissionRequest } from './review.ts';

/** The operator, and one of its pods: whoever only borrows the name has no pod. */
export const isOperator = ({ userInfo }: AdmissionRequest, operatorUser: string): boolean =>
  userInfo.username === operatorUser && podNameExtra in userInfo.extra;

/** The controller that makes the Jobs of CronJobs. */
export const isCronJobController = ({ userInfo }: AdmissionRequest): boolean =>
  cronJobControllers.some((username) => username === userInfo.username);
