import { auditJob } from './auditJob.ts';
import { fillInSubject, validateRequest } from './approvalRequests.ts';
import type { AdmissionDeps } from './deps.ts';
import type { AdmissionHandler } from './handler.ts';
import { holdJob } from './holdJob.ts';
import { stampCronJob } from './stampCronJob.ts';
import { stampDecision } from './stampDecision.ts';
import { stampDelegation } from './stampDelegation.ts';
import { stampRequester } from './stampRequester.ts';
import { validateApprover } from './validateApprover.ts';
import { validateChannel } from './validateChannel.ts';
import { validateDecision } from './validateDecision.ts';
import { validateDelegation } from './validateDelegation.ts';
import { validateGovernedJob } from './validateGovernedJob.ts';
import { validatePolicy } from './validatePolicy.ts';
import { validateRelayed } from './validateRelayed.ts';

/** Everything that is admitted. A new kind is a file and a line here, and an entry in charts/countersign/templates/webhooks.yaml. */
export const admissionHandlers = (deps: AdmissionDeps): readonly AdmissionHandler[] => [
  validateDecision(deps),
  validateRequest(deps),
  validateGovernedJob(deps),
  validatePolicy,
  validateDelegation(deps),
  validateApprover(deps),
  validateChannel,
  validateRelayed(deps),
  fillInSubject(deps),
  // Hold mode Webhook only; elsewhere the API server does these itself.
  stampDecision(deps),
  stampDelegation,
  stampRequester(deps),
  stampCronJob,
  holdJob(deps),
  auditJob(deps),
];
