import { z } from 'zod';

const labelKey = z.string().min(1).max(317);
const labelValue = z.string().max(63);

/** One condition on a label. */
export const LabelSelectorRequirement = z.object({
  key: labelKey.describe('The label that the condition is about.'),
  operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('In, NotIn, Exists or DoesNotExist.'),
  values: z.array(labelValue).max(64).optional().describe('The values for In and NotIn; empty for Exists and DoesNotExist.'),
});
export type LabelSelectorRequirement = z.infer<typeof LabelSelectorRequirement>;

/** A Kubernetes LabelSelector. An empty one selects everything. */
export const LabelSelector = z.object({
  matchLabels: z.record(z.string(), labelValue).optional().describe('Labels and the values they must have, all of them.'),
  matchExpressions: z.array(LabelSelectorRequirement).max(16).optional().describe('Conditions on labels, all of which must hold.'),
});
export type LabelSelector = z.infer<typeof LabelSelector>;
