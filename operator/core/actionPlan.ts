import type { ActionStatus } from '../../crds/v1alpha1/governedJob.ts';
import { actionJobName, type ActionWanted } from './actions.ts';
import { rfc3339 } from './conditions.ts';
import type { ActionEffect, ActionJobSeen, CallOwed, CallSeen } from './governedJobFacts.ts';

/** What the plan for actions depends on. */
export interface ActionFacts {
  readonly now: number;
  /** Of the GovernedJob. */
  readonly name: string;
  readonly recorded: readonly ActionStatus[];
  readonly jobs: readonly ActionJobSeen[];
  readonly calls: readonly CallSeen[];
  /** For which digest a Job of the action is let go; undefined: for that of the action. */
  readonly approvedDigest?: string | undefined;
}

/** How far a list of actions is, and what is owed now. */
export interface ActionsPlan {
  readonly statuses: readonly ActionStatus[];
  readonly effects: readonly ActionEffect[];
  readonly call?: CallOwed | undefined;
  /** When time alone changes something. */
  readonly wakeAt?: number | undefined;
  /** Nothing of it is left to do. */
  readonly done: boolean;
  readonly failed: readonly ActionStatus[];
}

type Step = Pick<ActionsPlan, 'effects' | 'call' | 'wakeAt'> & { readonly status: ActionStatus };

/** One after the other, in order. `stop`: what follows a failed one is not done; `goOn`: it is. */
export function planActions(actions: readonly ActionWanted[], facts: ActionFacts, onFailure: 'stop' | 'goOn'): ActionsPlan {
  const steps: Step[] = [];
  for (const action of actions) {
    const taken = step(action, facts);
    steps.push(taken);
    if (!hasEnded(taken.status) || (taken.status.state === 'Failed' && onFailure === 'stop')) break;
  }
  const last = steps.at(-1);
  const rest = restActions(actions.slice(steps.length), facts).statuses;
  return {
    statuses: [...steps.map((s) => s.status), ...rest],
    effects: steps.flatMap((s) => s.effects),
    call: last?.call,
    wakeAt: last?.wakeAt,
    done: last === undefined || hasEnded(last.status),
    failed: steps.map((s) => s.status).filter((s) => s.state === 'Failed'),
  };
}

/** A list that is not begun, or not gone on with: what is on record stays. */
export function restActions(actions: readonly ActionWanted[], facts: Pick<ActionFacts, 'recorded' | 'now'>): ActionsPlan {
  const statuses = actions.map((action) => recordOf(action, facts) ?? untouched(action, facts.now));
  return {
    statuses,
    effects: [],
    done: statuses.every((s) => s.state === 'Succeeded'),
    failed: statuses.filter((s) => s.state === 'Failed'),
  };
}

export const hasEnded = ({ state }: ActionStatus): boolean => state === 'Succeeded' || state === 'Failed';

/** Only of the very same action: an edited one has not been done. */
const recordOf = ({ stage, name, digest }: ActionWanted, { recorded }: Pick<ActionFacts, 'recorded'>): ActionStatus | undefined =>
  recorded.find((r) => r.stage === stage && r.name === name && r.digest === digest);

const waiting = ({ stage, name, digest }: ActionWanted): ActionStatus => ({ name, stage, digest, state: 'Waiting', attempts: 0 });

/** What was never approved must not get onto the record as if it only waited for its turn. */
const untouched = (action: ActionWanted, now: number): ActionStatus =>
  action.does === 'Nothing' ? ended(waiting(action), 'Failed', changed, now) : waiting(action);

const changed = 'It was changed after it had been approved, so it is not done.';

function step(action: ActionWanted, facts: ActionFacts): Step {
  const before = recordOf(action, facts) ?? waiting(action);
  if (hasEnded(before)) return { status: before, effects: [] };
  switch (action.does) {
    case 'Nothing':
      return { status: ended(before, 'Failed', changed, facts.now), effects: [] };
    case 'Job':
      return stepJob(action, before, facts);
    case 'Call':
      return stepCall(action, before, facts);
  }
}

function stepJob(action: ActionWanted, before: ActionStatus, facts: ActionFacts): Step {
  const { attempt, job } = lastAttempt(action, before, facts);
  const status = {
    ...begun(before, facts.now),
    attempts: attempt,
    ...(job === undefined ? {} : { job: { name: job.name, uid: job.uid } }),
  };
  if (job?.ended?.succeeded === true) return { status: ended(status, 'Succeeded', job.ended.message, facts.now), effects: [] };
  const isRunning = job !== undefined && job.ended === undefined;
  if (isLate(action, before, facts.now)) {
    const effects = isRunning ? [{ kind: 'deleteJob', name: job.name, uid: job.uid } as const] : [];
    return { status: ended(status, 'Failed', late, facts.now), effects };
  }
  if (isRunning) return { status, effects: letGo(job, action, facts), wakeAt: deadlineOf(action, status) };
  const wasRefused = job?.ended !== undefined && !job.released;
  if (attempt > action.retries || (attempt > 0 && wasRefused)) {
    return {
      status: ended(status, 'Failed', job?.ended?.message ?? 'Its Job was deleted before anybody saw it end.', facts.now),
      effects: [],
    };
  }
  return { status, effects: [{ kind: 'createActionJob', action, attempt: attempt + 1 }] };
}

/** The last attempt that is on record or whose Job is there: what was created and then lost in a crash before it was put on record counts. */
function lastAttempt(
  action: ActionWanted,
  { attempts }: ActionStatus,
  { name, jobs }: ActionFacts,
): { attempt: number; job: ActionJobSeen | undefined } {
  for (let attempt = action.retries + 1; attempt > 0; attempt -= 1) {
    const wanted = actionJobName(name, action.digest, attempt);
    const job = jobs.find((j) => j.stage === action.stage && j.name === wanted);
    if (job !== undefined && attempt >= attempts) return { attempt, job };
  }
  return { attempt: attempts, job: undefined };
}

function letGo(job: ActionJobSeen, action: ActionWanted, { approvedDigest }: ActionFacts): ActionEffect[] {
  if (job.released || job.asksItself) return [];
  return [{ kind: 'releaseActionJob', name: job.name, digest: approvedDigest ?? action.digest }];
}

function stepCall(action: ActionWanted, before: ActionStatus, facts: ActionFacts): Step {
  const attempt = before.attempts + 1;
  const seen = facts.calls.find((c) => c.digest === action.digest && c.attempt === attempt);
  const status = begun(before, facts.now);
  if (seen !== undefined) return stepAnswered(action, { ...status, attempts: attempt }, seen, facts.now);
  if (isLate(action, before, facts.now)) return { status: ended(status, 'Failed', late, facts.now), effects: [] };
  const deadline = deadlineOf(action, status);
  const next = before.nextAttemptAt === undefined ? 0 : Date.parse(before.nextAttemptAt);
  if (next > facts.now) return { status, effects: [], wakeAt: Math.min(next, deadline ?? next) };
  return { status, effects: [], call: { action, attempt }, wakeAt: deadline };
}

function stepAnswered(action: ActionWanted, status: ActionStatus, seen: CallSeen, now: number): Step {
  if (seen.ok) return { status: ended(status, 'Succeeded', seen.message, now), effects: [] };
  if (seen.final === true || status.attempts > action.retries || isLate(action, status, now)) {
    return { status: ended(status, 'Failed', seen.message, now), effects: [] };
  }
  const next = now + backoffMs(status.attempts);
  return { status: { ...status, message: told(seen.message), nextAttemptAt: rfc3339(next) }, effects: [], wakeAt: next };
}

const firstBackoffMs = 2_000;
const longestBackoffMs = 300_000;
const backoffMs = (attempts: number): number => Math.min(firstBackoffMs * 2 ** (attempts - 1), longestBackoffMs);

const late = 'It was not done in the time that it may take.';

const deadlineOf = ({ timeoutMs }: ActionWanted, { startedAt }: ActionStatus): number | undefined =>
  timeoutMs === undefined || startedAt === undefined ? undefined : Date.parse(startedAt) + timeoutMs;

function isLate(action: ActionWanted, status: ActionStatus, now: number): boolean {
  const deadline = deadlineOf(action, status);
  return deadline !== undefined && now >= deadline;
}

const begun = (before: ActionStatus, now: number): ActionStatus => ({
  ...before,
  state: 'Running',
  startedAt: before.startedAt ?? rfc3339(now),
});

function ended(
  { nextAttemptAt: _over, ...status }: ActionStatus,
  state: 'Succeeded' | 'Failed',
  message: string,
  now: number,
): ActionStatus {
  return { ...status, state, message: told(message), endedAt: rfc3339(now) };
}

// Never cut between the halves of a surrogate pair: what the API server stores would not be what was sent.
const told = (message: string): string => message.slice(0, 1024).replace(/[\uD800-\uDBFF]$/, '');
