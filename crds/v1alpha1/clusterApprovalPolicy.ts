import { z } from 'zod';
import { ApprovalPolicySpec, ApprovalPolicyStatus } from './approvalPolicy.ts';
import { ObjectMeta } from './metadata.ts';
import { apiVersion } from './resources.ts';

/** Says which work in the cluster is governed, and who must agree to it. */
export const ClusterApprovalPolicy = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('ClusterApprovalPolicy'),
  metadata: ObjectMeta,
  spec: ApprovalPolicySpec.describe('What is governed, and who must agree.'),
  status: ApprovalPolicyStatus.optional().describe('Whether the policy is enforced. Written by the operator alone.'),
});
export type ClusterApprovalPolicy = z.infer<typeof ClusterApprovalPolicy>;
