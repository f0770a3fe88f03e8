import { z } from 'zod';
import { durationPattern } from './patterns.ts';
import { withRules } from './schemaMarks.ts';

/** A point in time as the API server writes it: RFC 3339, in UTC. */
export const Timestamp = z.string().meta({ format: 'date-time' });

/** How long something may take, such as `48h`, `30m` or `1d12h`. At least one second. */
export const Duration = z
  .string()
  .min(2)
  .max(20)
  .regex(durationPattern)
  .meta(
    withRules({
      rule: "self.matches('[1-9]')",
      message: 'must be at least 1s: write a longer time, such as 30m or 48h, or leave the field out for no limit',
      messageExpression:
        "'was ' + self + ', must be at least 1s: write a longer time, such as 30m or 48h, or leave the field out for no limit'",
    }),
  );

/** What a decision binds to: `v1:sha256:` and 64 hexadecimal digits. */
export const Digest = z
  .string()
  .max(74)
  .regex(/^v1:sha256:[0-9a-f]{64}$/);

/** A DNS label: lower-case letters, digits and `-`, at most 63 characters. */
export const DnsLabel = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);

/** The name of a Kubernetes object: a DNS subdomain of at most 253 characters. */
export const ObjectName = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/);

/** The uid that the API server gave to an object. */
export const Uid = z.string().min(1).max(64);

/** A user as the API server knows them. The longest service account, prefix and namespace included, has 339 characters. */
export const Username = z.string().min(1).max(512);

/** A mail address, as far as a pattern can tell: one @, no blanks, no angle brackets and no line breaks, which would reach into a mail's header. */
export const MailAddress = z
  .string()
  .min(3)
  .max(254)
  .regex(/^[^\s@<>(),;:"\\]+@[^\s@<>(),;:"\\]+$/);

/** The id that Slack gives to a user. */
export const SlackId = z
  .string()
  .max(32)
  .regex(/^[UW][A-Z0-9]+$/);

/** A group as the API server knows it; a distinguished name from a directory can be long. */
export const GroupName = z.string().min(1).max(512);

/** The groups of one person. A bound that nobody's directory should reach, as it would keep them from asking and deciding. */
export const GroupNames = z.array(GroupName).max(1024);

/** A single-word, machine-readable reason in PascalCase. */
export const ReasonCode = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z][A-Za-z0-9]*$/);

/** Any JSON object. Its size is not something the API server's schema can limit. */
export const JsonObject = z.record(z.string(), z.unknown());
export type JsonObject = z.infer<typeof JsonObject>;

/** Why something is asked for or decided, in a person's words. */
export const ReasonText = z.string().max(1024);

/** The number of a change or an issue in somebody's ticket system. */
export const Ticket = z.string().max(256);

/** A CEL expression. Longer ones say too much in one line; the limit is also what keeps compiling them cheap. */
export const Expression = z.string().min(1).max(4096);
