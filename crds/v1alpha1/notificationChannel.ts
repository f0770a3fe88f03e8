import { z } from 'zod';
import { Conditions } from './conditions.ts';
import { NamespacedMeta, ObjectMeta } from './metadata.ts';
import { apiVersion } from './resources.ts';
import { atomicObject, listSet, withRules } from './schemaMarks.ts';
import { DnsLabel, JsonObject, ObjectName } from './values.ts';

/** What people can be told of. */
export const noticeEvents = [
  'StageOpened',
  'Reminder',
  'Escalated',
  'Progressed',
  'Approved',
  'Rejected',
  'Expired',
  'Cancelled',
  'Completed',
  'Failed',
] as const;
export const NoticeEvent = z.enum(noticeEvents);
export type NoticeEvent = z.infer<typeof NoticeEvent>;

/** The kinds of service that people can be told by; a file each in operator/notify. */
export const channelTypes = ['SMTP', 'Slack', 'PagerDuty', 'ServiceNow', 'Teams', 'Webhook'] as const;
export const ChannelType = z.enum(channelTypes);
export type ChannelType = z.infer<typeof ChannelType>;

/** Which requests a channel is told of besides those whose stages name it. */
export const ChannelRoute = z.object({
  events: z
    .array(NoticeEvent)
    .min(1)
    .max(noticeEvents.length)
    .meta(listSet)
    .optional()
    .describe('Only these events, such as Escalated. All of them when left out.'),
  operations: z
    .array(DnsLabel)
    .min(1)
    .max(64)
    .meta(listSet)
    .optional()
    .describe('Only requests with these values of spec.operation. Every request when left out.'),
  namespaces: z
    .array(DnsLabel)
    .min(1)
    .max(256)
    .meta(listSet)
    .optional()
    .describe(
      'Only requests in these namespaces. Every namespace when left out. For a ClusterNotificationChannel alone; a NotificationChannel is told of its own namespace.',
    ),
});
export type ChannelRoute = z.infer<typeof ChannelRoute>;

export const NotificationChannelSpec = z.object({
  type: ChannelType.describe('The kind of service. It never changes: create another channel instead.'),
  config: JsonObject.default({}).describe('What the service needs to know; see the page of the type. Nothing secret belongs here.'),
  secretRef: z
    .object({ name: ObjectName.describe('The name of the Secret.') })
    .meta(atomicObject)
    .optional()
    .describe(
      "The Secret that holds what is secret: of the same namespace, or of the operator's for a ClusterNotificationChannel. The page of the type says which keys.",
    ),
  routes: z
    .array(ChannelRoute)
    .max(32)
    .default([])
    .describe('Requests that the channel is told of even where no stage names it: whatever fits any of these.'),
  paused: z.boolean().default(false).describe('Whether nothing is sent for now. What would have been is not made up for.'),
});
export type NotificationChannelSpec = z.infer<typeof NotificationChannelSpec>;

const typeStays = {
  rule: 'self.type == oldSelf.type',
  message: 'type never changes: create another channel, and delete this one',
  fieldPath: '.type',
  reason: 'FieldValueForbidden',
} as const;

export const NotificationChannelStatus = z.object({
  observedGeneration: z.int().min(0).describe('The metadata.generation that Ready was computed from.'),
  conditions: Conditions.default([]).describe(
    'Ready is True once config can be used and the Secret has what is needed; Delivering is False while the service does not take what is sent.',
  ),
});
export type NotificationChannelStatus = z.infer<typeof NotificationChannelStatus>;

const statusText = 'Whether the channel can be used, and whether it is. Written by the approval service alone.';

/** A place where people of one namespace are told what waits for them and what became of it. */
export const NotificationChannel = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('NotificationChannel'),
  metadata: NamespacedMeta,
  spec: NotificationChannelSpec.meta(
    withRules(typeStays, {
      rule: '!has(self.routes) || self.routes.all(route, !has(route.namespaces))',
      message: 'namespaces is for a ClusterNotificationChannel only: remove it, or write a ClusterNotificationChannel',
      fieldPath: '.routes',
      reason: 'FieldValueForbidden',
    }),
  ).describe('Where to tell people, and what of.'),
  status: NotificationChannelStatus.optional().describe(statusText),
});
export type NotificationChannel = z.infer<typeof NotificationChannel>;

/** A place where people of any namespace are told. */
export const ClusterNotificationChannel = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('ClusterNotificationChannel'),
  metadata: ObjectMeta,
  spec: NotificationChannelSpec.meta(withRules(typeStays)).describe('Where to tell people, and what of.'),
  status: NotificationChannelStatus.optional().describe(statusText),
});
export type ClusterNotificationChannel = z.infer<typeof ClusterNotificationChannel>;
