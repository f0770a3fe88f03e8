import type { ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { storedDurationMs } from './duration.ts';
import type { AskedStage } from './resolve.ts';
import type { Observation } from './facts.ts';
import { businessDeadline, type Gate } from './windows/index.ts';

/** When the times of a stage are over, in milliseconds since the epoch. Infinity: never. */
export interface StageTimes {
  /** When its own people are out of time. */
  readonly deadline: number;
  /** When those it escalates to are out of time too; the same as `deadline` where it does not escalate. */
  readonly closesAt: number;
}

const open: StageTimes = { deadline: Infinity, closesAt: Infinity };

/** The times of a stage that has been active since then; nothing is over for one that is not active yet. Never later than the request itself. */
export function timesOf(stage: AskedStage, activeSince: string | undefined, expiresAt: number): StageTimes {
  const since = timeOf(activeSince);
  const wait = storedDurationMs(stage.timeout);
  if (since === undefined || wait === undefined) return open;
  const deadline = Math.min(expiresAt, after(since, wait, stage));
  if (stage.onTimeout !== 'Escalate') return { deadline, closesAt: deadline };
  const more = storedDurationMs(stage.escalation?.timeout) ?? wait;
  return { deadline, closesAt: Math.min(expiresAt, after(deadline, more, stage)) };
}

const after = (since: number, waitMs: number, { businessHours }: Pick<ResolvedStage, 'businessHours'>): number =>
  businessHours === undefined ? since + waitMs : businessDeadline(since, waitMs, businessHours);

const minuteMs = 60_000;
const dayMs = 86_400_000;

/**
 * When the time alone may open the gate, in milliseconds since the epoch; Infinity while it is open. Where nobody can say when that is, it is looked at
 * again: soon when it hangs on two clocks, and every day when it is further ahead than anybody looks.
 */
export function gateTurnsAt({ open: isOpen, opensAt }: Gate, { now, clockDisagrees }: Pick<Observation, 'now' | 'clockDisagrees'>): number {
  if (isOpen) return Infinity;
  return opensAt ?? now + (clockDisagrees ? minuteMs : dayMs);
}

/** A time that a status says; undefined when it says none. */
export function timeOf(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
