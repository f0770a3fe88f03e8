import { z } from 'zod';
import { NoticeEvent } from '../../../crds/v1alpha1/index.ts';

/** What the outbox keeps of a notice. The rest is read when it is delivered, so that people are told how it stands then. */
export const NoticePayload = z.object({
  event: NoticeEvent,
  at: z.number(),
  /** Of which stage, as `stageId` names it. */
  stage: z.string().optional(),
  digest: z.string().optional(),
  /** The key of the notice whose message is to be changed. */
  update: z.string().optional(),
  /** How many more are asked than the channel tells: it is said where administrators look, and nobody is sent anything. */
  leftOut: z.number().optional(),
});
export type NoticePayload = z.infer<typeof NoticePayload>;

/** The events by which somebody is asked something. */
export const askingEvents: readonly string[] = ['StageOpened', 'Reminder', 'Escalated'] satisfies NoticeEvent[];
export const asksSomebody = ({ event }: { readonly event: string }): boolean => askingEvents.includes(event);
