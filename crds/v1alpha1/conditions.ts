import { z } from 'zod';
import { listMap } from './schemaMarks.ts';
import { ReasonCode, Timestamp } from './values.ts';

/** One aspect of an object's state, in the standard Kubernetes form. */
export const Condition = z.object({
  type: z
    .string()
    .min(1)
    .max(128)
    .regex(/^[A-Za-z][A-Za-z0-9]*$/)
    .describe('Which aspect this condition is about, such as Approved or Ready.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('True, False, or Unknown while it cannot be said yet.'),
  reason: ReasonCode.describe('One word in PascalCase that says why, for programs.'),
  message: z.string().max(4096).describe('A sentence that says why, for people.'),
  lastTransitionTime: Timestamp.describe('When status last changed.'),
  observedGeneration: z.int().min(0).optional().describe('The metadata.generation that this condition was computed from.'),
});
export type Condition = z.infer<typeof Condition>;

/** The conditions of a status: one per type. */
export const Conditions = z.array(Condition).max(16).meta(listMap('type'));
