import { z } from 'zod';
import { DnsLabel, Duration } from './values.ts';

/** A time zone of the IANA database. */
const TimeZone = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9+_/-]*$/);

/** A stretch of time that comes again and again. */
export const RecurringWindow = z.object({
  name: DnsLabel.describe('The name of the window, unique within its list. Shown to whoever waits for it.'),
  schedule: z
    .string()
    .min(9)
    .max(100)
    .describe('When it begins: minute, hour, day of the month, month, day of the week, as cron has it, such as 0 18 * * FRI.'),
  duration: Duration.describe('How long it lasts, such as 60h.'),
  timeZone: TimeZone.default('Etc/UTC').describe('The time zone of the schedule, such as Europe/Berlin.'),
});
export type RecurringWindow = z.infer<typeof RecurringWindow>;

const weekdays = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] as const;

const TimeOfDay = z
  .string()
  .length(5)
  .regex(/^([01][0-9]|2[0-4]):[0-5][0-9]$/);

/** The hours in which the time of stages runs. */
export const BusinessHours = z.object({
  days: z.array(z.enum(weekdays)).min(1).max(7).describe('The days, such as MON and TUE.'),
  from: TimeOfDay.describe('When they begin, such as 09:00.'),
  to: TimeOfDay.describe('When they end, such as 17:30; later than from, at most 24:00.'),
  timeZone: TimeZone.default('Etc/UTC').describe('The time zone, such as Europe/Berlin.'),
});
export type BusinessHours = z.infer<typeof BusinessHours>;
