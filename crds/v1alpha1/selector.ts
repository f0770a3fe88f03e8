import { z } from 'zod';
import { maxProperties, withRules } from './schemaMarks.ts';

const keyPattern = '^([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$';
const LabelKey = z.string().min(1).max(317).regex(new RegExp(keyPattern));
const LabelValue = z
  .string()
  .max(63)
  .regex(/^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/);

/** One condition on a label. */
export const LabelSelectorRequirement = z
  .object({
    key: LabelKey.describe('The label that the condition is about.'),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('In, NotIn, Exists or DoesNotExist.'),
    values: z.array(LabelValue).max(64).optional().describe('The values for In and NotIn; empty for Exists and DoesNotExist.'),
  })
  .meta(
    withRules({
      rule: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
      message: 'In and NotIn need values, Exists and DoesNotExist have none: add or remove values, or change operator',
      messageExpression:
        "'operator is ' + self.operator + (has(self.values) && size(self.values) > 0 ? ' and values is not empty' : ' and values is empty') + ': In and NotIn need values, Exists and DoesNotExist have none; add or remove values, or change operator'",
    }),
  );
export type LabelSelectorRequirement = z.infer<typeof LabelSelectorRequirement>;

/** A Kubernetes LabelSelector. An empty one selects everything. */
export const LabelSelector = z
  .object({
    matchLabels: z
      .record(z.string(), LabelValue)
      .meta({
        ...maxProperties(16),
        ...withRules({
          rule: `self.all(key, size(key) <= 317 && key.matches('${keyPattern}'))`,
          message:
            "a key is no label's name: expected a name of up to 63 letters, digits, '-', '_' and '.', with a DNS prefix and '/' before it if need be",
        }),
      })
      .optional()
      .describe('Labels and the values they must have, all of them.'),
    matchExpressions: z.array(LabelSelectorRequirement).max(16).optional().describe('Conditions on labels, all of which must hold.'),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' });
export type LabelSelector = z.infer<typeof LabelSelector>;
