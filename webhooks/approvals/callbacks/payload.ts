import { z } from 'zod';

/** What the outbox keeps of a callback: all of it, as the request may be gone when it is delivered. */
export const CallbackPayload = z.object({
  url: z.string(),
  secretRef: z.object({ name: z.string(), key: z.string() }).optional(),
  /** Whose Secret it is to be. */
  requester: z.object({ username: z.string(), groups: z.array(z.string()) }),
  body: z.string(),
});
export type CallbackPayload = z.infer<typeof CallbackPayload>;
