import { z } from 'zod';
import { atomicObject } from './schemaMarks.ts';
import { ObjectName } from './values.ts';

/** The kinds of channel. */
export const channelKinds = ['NotificationChannel', 'ClusterNotificationChannel'] as const;
export type ChannelKind = (typeof channelKinds)[number];

/** A channel, as a stage names it. */
export const ChannelRef = z
  .object({
    kind: z
      .enum(channelKinds)
      .default('NotificationChannel')
      .describe("NotificationChannel for one of the request's namespace, or ClusterNotificationChannel."),
    name: ObjectName.describe('The name of the channel.'),
  })
  .meta(atomicObject);
export type ChannelRef = z.infer<typeof ChannelRef>;
