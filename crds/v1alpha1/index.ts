/** Everything of the API's version v1alpha1. */
export * from './approvalDecision.ts';
export * from './approvalDelegation.ts';
export * from './approvalPolicy.ts';
export * from './approvalRequest.ts';
export * from './approver.ts';
export * from './clusterApprovalPolicy.ts';
export * from './conditions.ts';
export * from './governedJob.ts';
export * from './kinds.ts';
export * from './marks.ts';
export * from './metadata.ts';
export * from './reasons.ts';
export * from './resources.ts';
export * from './schemaMarks.ts';
export * from './selector.ts';
export * from './stage.ts';
export * from './window.ts';
export { Digest, Duration, JsonObject } from './values.ts';
