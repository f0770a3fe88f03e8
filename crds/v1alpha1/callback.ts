import { z } from 'zod';
import { atomicObject } from './schemaMarks.ts';
import { ObjectName } from './values.ts';

/** Whom to tell of the outcome. */
export const Callback = z
  .object({
    url: z
      .string()
      .max(2048)
      .regex(/^https:\/\/[^\s]+$/)
      .describe(
        'What is called with the outcome, signed: starts with https://. A host of the public internet, or one that the administrator of the operator allows.',
      ),
    secretRef: z
      .object({
        name: ObjectName.describe('The name of the Secret.'),
        key: z
          .string()
          .min(1)
          .max(253)
          .regex(/^[-._a-zA-Z0-9]+$/)
          .describe('The key in it.'),
      })
      .meta(atomicObject)
      .optional()
      .describe(
        'A Secret of this namespace to sign with besides, by HMAC. Whoever wrote the request must be allowed to read it (not the person in whose name they ask), and so must the approval service.',
      ),
  })
  .meta(atomicObject);
export type Callback = z.infer<typeof Callback>;

/** Where whoever asked goes on, in their own words. */
export const CallbackCheckpoint = z
  .object({
    workflowId: z.string().min(1).max(256).describe('What is to be gone on with.'),
    checkpointId: z.string().min(1).max(256).describe('Where in it.'),
  })
  .meta(atomicObject);
export type CallbackCheckpoint = z.infer<typeof CallbackCheckpoint>;

/** What kinds that ask have of it. */
export const callbackFields = {
  callback: Callback.optional().describe(
    'Who is told of the outcome. No part of what runs, so the digest does not cover it; it never changes.',
  ),
  checkpoint: CallbackCheckpoint.optional().describe(
    'Given back in the callback, so that whoever asked knows where to go on. The digest does not cover it; it never changes.',
  ),
};
