import { z } from 'zod';

/** What the outbox keeps of a callback: all of it, as the request may be gone when it is delivered. */
export const CallbackPayload = z.object({
  url: z.string(),
  secretRef: z.object({ name: z.string(), key: z.string() }).optional(),
  /** Who named the Secret, and so must be allowed to read it. Absent where nobody knew who did, and in what earlier versions owed. */
  author: z.object({ username: z.string(), groups: z.array(z.string()) }).optional(),
  body: z.string(),
});
export type CallbackPayload = z.infer<typeof CallbackPayload>;
