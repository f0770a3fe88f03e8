import { describe, expect, it } from 'vitest';
import type { Action, GovernedJobSpec } from '../../crds/v1alpha1/governedJob.ts';
import { digestA, minutes } from '../../test/fixtures/facts.ts';
import { actionJobName, actionsOf, type ActionWanted } from './actions.ts';
import type { ActionJobSeen, CallSeen, GovernedJobFacts, JobSeen, RequestSeen } from './governedJobFacts.ts';
import { planGovernedJob } from './governedJobPlan.ts';
import type { Outcome } from './outcome.ts';

const jobTemplate = { spec: { template: {} } };
const runs = (name: string, more: Partial<Action> = {}): Action => ({ name, jobTemplate, retries: 0, timeout: '1h', ...more });
const calls = (name: string, more: Partial<Action> = {}): Action => ({
  name,
  http: { url: 'https://hooks.example/x' },
  retries: 0,
  timeout: '1h',
  ...more,
});
const specOf = (more: Partial<GovernedJobSpec>): GovernedJobSpec => ({ operation: 'migrate', jobTemplate, cancelled: false, ...more });
const wantedOf = (more: Partial<GovernedJobSpec>): ActionWanted[] => actionsOf('gjob-uid', specOf(more));

const yes: Outcome = { approved: true, reason: 'Approved', message: 'Approved by bob.' };
const held = (more: Partial<JobSeen> = {}): JobSeen => ({ name: 'nightly-1', uid: 'job-uid', released: false, unchanged: true, ...more });
const ended = (succeeded: boolean) => ({ succeeded, message: succeeded ? 'It ran.' : 'It broke.', at: '2026-03-02T10:00:00Z' });
const asked = (more: Partial<RequestSeen> = {}): RequestSeen => ({
  name: 'nightly-12345678',
  digest: digestA,
  upToDate: true,
  cancelled: false,
  outcome: undefined,
  ...more,
});

function facts(changes: Partial<GovernedJobFacts> = {}): GovernedJobFacts {
  return {
    now: minutes(5),
    name: 'nightly',
    uid: 'gjob-uid',
    generation: 1,
    cancelled: false,
    status: undefined,
    authorMayCreateJobs: undefined,
    wantedJob: 'nightly-1',
    jobs: [held()],
    request: undefined,
    actions: [],
    actionJobs: [],
    calls: [],
    policyKnown: true,
    ...changes,
  };
}

const actionJob = (action: ActionWanted, attempt = 1, more: Partial<ActionJobSeen> = {}): ActionJobSeen => ({
  name: actionJobName('nightly', action.digest, attempt),
  uid: `uid-${attempt}`,
  stage: action.stage,
  released: true,
  asksItself: false,
  ...more,
});
const answer = (action: ActionWanted, attempt: number, ok: boolean, more: Partial<CallSeen> = {}): CallSeen => ({
  digest: action.digest,
  attempt,
  ok,
  message: ok ? 'It answered 200.' : 'It answered 503, expected 2xx.',
  ...more,
});
/** The facts once the status that follows from them has been written. */
const later = (before: GovernedJobFacts, changes: Partial<GovernedJobFacts> = {}): GovernedJobFacts => ({
  ...before,
  calls: [],
  ...changes,
  status: planGovernedJob(before).status,
});
const phase = (of: GovernedJobFacts) => planGovernedJob(of).status.phase;
const kinds = (of: GovernedJobFacts) => planGovernedJob(of).effects.map((effect) => effect.kind);
const states = (of: GovernedJobFacts) =>
  (planGovernedJob(of).status.actions ?? []).map((a) => `${a.stage} ${a.name} ${a.state} ${a.attempts}`);
const owed = (of: GovernedJobFacts) => planGovernedJob(of).calls.map((c) => `${c.action.name} ${c.attempt}`);
const says = (of: GovernedJobFacts, type: string) => planGovernedJob(of).status.conditions.find((c) => c.type === type);
const only = (list: readonly ActionWanted[], n = 0): ActionWanted => list[n]!;

describe('pre-actions', () => {
  const wanted = wantedOf({ preActions: [runs('backup'), runs('drain')] });
  const [backup, drain] = [only(wanted), only(wanted, 1)];
  const done = { ended: ended(true) };

  it.each<[string, string[], Partial<GovernedJobFacts>]>([
    ['the Job first, which proves the template', ['createJob'], { jobs: [], authorMayCreateJobs: true }],
    ['the first of them then, and no request', ['createActionJob'], {}],
    ['nothing while no policy is known', [], { policyKnown: false }],
    ['nothing for an author who may not create Jobs', [], { jobs: [], authorMayCreateJobs: false }],
    ['its release when nobody needs to be asked', ['releaseActionJob'], { actionJobs: [actionJob(backup, 1, { released: false })] }],
    ['nothing while its own request asks', [], { actionJobs: [actionJob(backup, 1, { released: false, asksItself: true })] }],
    ['nothing while it runs', [], { actionJobs: [actionJob(backup)] }],
    ['the next when it has succeeded', ['createActionJob'], { actionJobs: [actionJob(backup, 1, done)] }],
    ['the request when all have', ['createRequest'], { actionJobs: [actionJob(backup, 1, done), actionJob(drain, 1, done)] }],
    ['nothing at once when one failed: that must be on record first', [], { actionJobs: [actionJob(backup, 1, { ended: ended(false) })] }],
    [
      'nothing when it is cancelled, but what is there goes',
      ['deleteJob', 'deleteJob'],
      { cancelled: true, actionJobs: [actionJob(backup)] },
    ],
  ])('owe %s', (_what, effects, changes) => {
    expect(kinds(facts({ actions: wanted, ...changes }))).toEqual(effects);
  });

  it('are shown as they come, and the phase is Validating until people are asked', () => {
    const running = facts({ actions: wanted, actionJobs: [actionJob(backup, 1, done), actionJob(drain)] });
    expect(states(running)).toEqual(['Pre backup Succeeded 1', 'Pre drain Running 1']);
    expect(phase(running)).toBe('Validating');
    expect(says(running, 'Reconciling')?.message).toMatch(/pre-action drain is under way/);
    const all = [actionJob(backup, 1, done), actionJob(drain, 1, done)];
    expect(phase(facts({ actions: wanted, actionJobs: all, request: asked() }))).toBe('AwaitingApproval');
  });

  it('that failed fail the GovernedJob, of which nothing is left to run or to decide', () => {
    const broken = facts({ actions: wanted, actionJobs: [actionJob(backup, 1, { ended: ended(false) })] });
    expect(phase(broken)).toBe('Failed');
    expect(says(broken, 'Completed')).toMatchObject({
      status: 'True',
      reason: 'Failed',
      message: 'Its pre-action backup failed: It broke.',
    });
    const recorded = later(broken);
    expect(kinds(recorded)).toEqual(['deleteJob']);
    expect(kinds(later(recorded, { jobs: [] }))).toEqual([]);
    expect(phase(later(recorded, { jobs: [], actionJobs: [] }))).toBe('Failed');
    expect(states(later(recorded, { jobs: [] }))).toEqual(['Pre backup Failed 1', 'Pre drain Waiting 0']);
  });

  it('that failed withdraw a request that was open, as when they were added by an edit', () => {
    const broken = later(facts({ actions: wanted, request: asked(), actionJobs: [actionJob(backup, 1, { ended: ended(false) })] }));
    expect(kinds(broken)).toEqual(['deleteJob', 'cancelRequest']);
  });

  it('that are added by an edit are done while there is no Job, so that nobody can agree to it or let it go', () => {
    const edited = facts({ actions: wanted, wantedJob: 'nightly-2', request: asked({ upToDate: false }), authorMayCreateJobs: true });
    expect(planGovernedJob(edited).effects).toEqual([
      { kind: 'deleteJob', name: 'nightly-1', uid: 'job-uid' },
      { kind: 'createActionJob', action: backup, attempt: 1 },
    ]);
    expect(phase(edited)).toBe('Validating');
    const all = [actionJob(backup, 1, done), actionJob(drain, 1, done)];
    expect(kinds({ ...edited, jobs: [], actionJobs: all })).toEqual(['createJob', 'updateRequest']);
  });

  it('that are edited are done anew, and what the old one still runs is removed; the others are not repeated', () => {
    const before = later(facts({ actions: wanted, actionJobs: [actionJob(backup, 1, done), actionJob(drain)] }));
    const next = wantedOf({ preActions: [runs('backup'), runs('drain', { retries: 1 })] });
    const edited = { ...before, actions: next };
    expect(planGovernedJob(edited).effects).toEqual([
      { kind: 'deleteJob', name: actionJob(drain).name, uid: 'uid-1' },
      { kind: 'createActionJob', action: next[1], attempt: 1 },
    ]);
  });

  it('are others when the parameters are others', () => {
    const other = wantedOf({ preActions: [runs('backup')], parameters: { a: 1 } });
    expect(only(other).digest).not.toBe(backup.digest);
  });

  it('are not asked about again once it was decided, whatever the spec says then', () => {
    const decided = facts({ actions: wanted, request: asked({ outcome: yes }) });
    expect(kinds(decided)).toEqual([]);
    expect(phase(decided)).toBe('AwaitingApproval');
  });
});

describe('an action that is a Job', () => {
  const wanted = wantedOf({ preActions: [runs('backup', { retries: 2 })] });
  const backup = only(wanted);
  const failed = { ended: ended(false) };

  it('is made anew when it failed, as often as it may, each attempt under a name of its own', () => {
    const first = facts({ actions: wanted, actionJobs: [actionJob(backup, 1, failed)] });
    expect(planGovernedJob(first).effects).toEqual([{ kind: 'createActionJob', action: backup, attempt: 2 }]);
    const third = facts({ actions: wanted, actionJobs: [1, 2, 3].map((n) => actionJob(backup, n, failed)) });
    expect(states(third)).toEqual(['Pre backup Failed 3']);
  });

  it('is not made anew when policies refused it', () => {
    const refused = facts({ actions: wanted, actionJobs: [actionJob(backup, 1, { ...failed, released: false, asksItself: true })] });
    expect(states(refused)).toEqual(['Pre backup Failed 1']);
  });

  it('counts as failed when its Job was deleted: what may have run is not run under the same name again', () => {
    const running = later(facts({ actions: wanted, actionJobs: [actionJob(backup)] }), { actionJobs: [] });
    expect(planGovernedJob(running).effects).toEqual([{ kind: 'createActionJob', action: backup, attempt: 2 }]);
  });

  it('is found by its name after a crash before it was put on record', () => {
    const crashed = later(facts({ actions: wanted, actionJobs: [actionJob(backup, 1, failed), actionJob(backup, 2)] }));
    expect(states({ ...crashed, status: undefined })).toEqual(['Pre backup Running 2']);
  });

  it('is stopped and has failed when its time is over, whatever retries are left', () => {
    const before = later(facts({ actions: wanted, actionJobs: [actionJob(backup)] }));
    expect(planGovernedJob(before).wakeAt).toBe(minutes(65));
    const late = { ...before, now: minutes(65) };
    expect(kinds(late)).toEqual(['deleteJob']);
    const gone = { ...late, actionJobs: [] };
    expect(states(gone)).toEqual(['Pre backup Failed 1']);
    expect(says(gone, 'Completed')?.message).toMatch(/not done in the time/);
  });

  it('is another Job than that of the same action in another stage', () => {
    const both = wantedOf({ preActions: [runs('x')], postActions: [runs('x')] });
    expect(actionJobName('nightly', only(both).digest, 1)).not.toBe(actionJobName('nightly', only(both, 1).digest, 1));
  });
});

describe('an action that is a call', () => {
  const wanted = wantedOf({ preActions: [calls('tell', { retries: 2 })] });
  const tell = only(wanted);

  it('is owed once the status says that it is under way', () => {
    const begun = facts({ actions: wanted });
    expect(owed(begun)).toEqual(['tell 1']);
    expect(states(begun)).toEqual(['Pre tell Running 0']);
  });

  it('is made again after a crash that lost its answer, as the same attempt', () => {
    expect(owed(later(facts({ actions: wanted })))).toEqual(['tell 1']);
  });

  it('is done when it was answered well', () => {
    const answered = facts({ actions: wanted, calls: [answer(tell, 1, true)] });
    expect(states(answered)).toEqual(['Pre tell Succeeded 1']);
    expect(kinds(answered)).toEqual(['createRequest']);
  });

  it('is tried again after 2, then 4 seconds, and then has failed', () => {
    const first = facts({ actions: wanted, calls: [answer(tell, 1, false)] });
    expect(planGovernedJob(first)).toMatchObject({ calls: [], wakeAt: minutes(5) + 2_000 });
    const waiting = later(first);
    expect(owed(waiting)).toEqual([]);
    const second = { ...waiting, now: minutes(5) + 2_000 };
    expect(owed(second)).toEqual(['tell 2']);
    const again = later({ ...second, calls: [answer(tell, 2, false)] });
    expect(planGovernedJob(again).wakeAt).toBe(minutes(5) + 6_000);
    const last = { ...again, now: minutes(6), calls: [answer(tell, 3, false)] };
    expect(states(last)).toEqual(['Pre tell Failed 3']);
    expect(says(last, 'Completed')?.message).toBe('Its pre-action tell failed: It answered 503, expected 2xx.');
  });

  it('is not tried again when that would not help', () => {
    expect(states(facts({ actions: wanted, calls: [answer(tell, 1, false, { final: true })] }))).toEqual(['Pre tell Failed 1']);
  });

  it('has failed when its time is over, though an answer is still to come', () => {
    const late = { ...later(facts({ actions: wanted })), now: minutes(65) };
    expect(states(late)).toEqual(['Pre tell Failed 0']);
  });
});

describe('what comes after', () => {
  const wanted = wantedOf({ rollback: { jobTemplate }, postActions: [calls('tell'), runs('clean')] });
  const [rollback, tell, clean] = [only(wanted), only(wanted, 1), only(wanted, 2)];
  const base = facts({ actions: wanted, request: asked({ outcome: yes }) });
  const running = { ...base, jobs: [held({ released: true })] };
  const over = (succeeded: boolean, more: Partial<JobSeen> = {}): GovernedJobFacts => ({
    ...base,
    jobs: [held({ released: true, ended: ended(succeeded), ...more })],
  });
  const recorded = (succeeded: boolean) => later(over(succeeded));
  const rolledBack = actionJob(rollback, 1, { ended: ended(true) });
  const cleaned = actionJob(clean, 1, { ended: ended(true) });

  it('is put on record as the Job is first seen to run, and begins with nothing before its end is on record', () => {
    expect(states(running)).toEqual(['Rollback rollback Waiting 0', 'Post tell Waiting 0', 'Post clean Waiting 0']);
    expect([kinds(over(false)), owed(over(false))]).toEqual([[], []]);
    expect(phase(over(false))).toBe('RollingBack');
    expect(phase(over(true))).toBe('Running');
  });

  it('of a Job that failed is its rollback, let go for the digest that was approved', () => {
    const failed = recorded(false);
    expect(planGovernedJob(failed).effects).toEqual([{ kind: 'createActionJob', action: rollback, attempt: 1 }]);
    const created = { ...failed, actionJobs: [actionJob(rollback, 1, { released: false })] };
    expect(planGovernedJob(created).effects).toEqual([{ kind: 'releaseActionJob', name: actionJob(rollback).name, digest: digestA }]);
    expect(phase(created)).toBe('RollingBack');
    expect(says(created, 'Completed')).toMatchObject({ status: 'True', reason: 'Failed' });
    expect(says(created, 'Reconciling')?.status).toBe('True');
  });

  it('is no rollback when the Job succeeded', () => {
    expect(states(recorded(true))).toEqual(['Post tell Running 0', 'Post clean Waiting 0']);
    expect(owed(recorded(true))).toEqual(['tell 1']);
  });

  it('is every post-action once the rollback has ended, though one of them failed', () => {
    const back = { ...recorded(false), actionJobs: [rolledBack] };
    expect(owed(back)).toEqual(['tell 1']);
    const told = later({ ...back, calls: [answer(tell, 1, false)] });
    expect(planGovernedJob(told).effects).toEqual([{ kind: 'createActionJob', action: clean, attempt: 1 }]);
    const done = { ...told, actionJobs: [rolledBack, cleaned] };
    expect(states(done)).toEqual(['Rollback rollback Succeeded 1', 'Post tell Failed 1', 'Post clean Succeeded 1']);
    expect(phase(done)).toBe('RolledBack');
    expect(says(done, 'Stalled')?.message).toBe(
      'It broke. It was rolled back. Its post-action tell failed: It answered 503, expected 2xx.',
    );
  });

  it.each<[string, string, (of: GovernedJobFacts) => GovernedJobFacts]>([
    ['Failed', 'when the rollback fails', (f) => ({ ...f, actionJobs: [actionJob(rollback, 1, { ended: ended(false) }), cleaned] })],
    ['RolledBack', 'when it does not', (f) => ({ ...f, actionJobs: [rolledBack, cleaned] })],
    ['Cancelled', 'when it does not, and the Job was stopped', (f) => ({ ...f, cancelled: true, actionJobs: [rolledBack, cleaned] })],
  ])('ends as %s %s', (expected, _when, change) => {
    expect(phase({ ...change(recorded(false)), calls: [answer(tell, 1, true)] })).toBe(expected);
  });

  it('ends as Succeeded only when all is done, and tells what failed', () => {
    const last = { ...recorded(true), actionJobs: [actionJob(clean, 1, { ended: ended(false) })], calls: [answer(tell, 1, true)] };
    expect(phase(last)).toBe('Succeeded');
    expect(says(last, 'Ready')?.message).toBe('It ran. Its post-action clean failed: It broke.');
  });

  it('is nothing when the Job never ran', () => {
    const no: Outcome = { approved: false, reason: 'Rejected', message: 'No.' };
    const rejected = { ...base, request: asked({ outcome: no }) };
    expect([phase(rejected), states(rejected), kinds(rejected)]).toEqual(['Rejected', [], []]);
  });

  it('is nothing when nobody saw the Job end', () => {
    const lost = { ...later(running), jobs: [] };
    expect([phase(lost), kinds(lost), owed(lost)]).toEqual(['Failed', [], []]);
  });

  it('is done though the Job is deleted meanwhile', () => {
    expect(kinds({ ...recorded(false), jobs: [] })).toEqual(['createActionJob']);
  });

  it.each<[string, GovernedJobFacts]>([
    ['before it was seen to run', later(over(false, { unchanged: false }))],
    ['afterwards', { ...recorded(false), actions: wantedOf({ rollback: { jobTemplate: { spec: { evil: true } } } }) }],
  ])('is not what the spec was changed to after the approval, %s', (_when, changed) => {
    expect(kinds(changed)).toEqual([]);
    expect(phase(changed)).toBe('Failed');
    expect(says(changed, 'Stalled')?.message).toMatch(/Its rollback failed: It was changed after it had been approved/);
  });

  it('that runs is followed to its end, though the spec says something else by then', () => {
    const begun = later({ ...recorded(false), actionJobs: [actionJob(rollback)] });
    const changed = { ...begun, actions: [], actionJobs: [rolledBack] };
    expect(states(changed)[0]).toBe('Rollback rollback Succeeded 1');
  });

  it('waits for people when policies that had no say hold the rollback', () => {
    const held = { ...recorded(false), actionJobs: [actionJob(rollback, 1, { released: false, asksItself: true })] };
    expect([kinds(held), phase(held)]).toEqual([[], 'RollingBack']);
  });
});

describe('what is said', () => {
  it('is what its Job said as it ended, and stays', () => {
    const outputs = { transaction_id: 'TXN-0002' };
    const done = facts({ request: asked({ outcome: yes }), jobs: [held({ released: true, ended: ended(true) })], outputs });
    expect(planGovernedJob(done).status.outputs).toEqual(outputs);
    expect(planGovernedJob(later(done, { outputs: undefined })).status.outputs).toEqual(outputs);
  });

  it('is why something cannot be done, and nothing is called meanwhile', () => {
    const refused = facts({ actions: wantedOf({ preActions: [calls('tell')] }), refusal: 'No quota.' });
    expect([kinds(refused), owed(refused)]).toEqual([[], []]);
    expect(says(refused, 'Stalled')).toMatchObject({ status: 'True', message: 'No quota.' });
  });
});

describe('a status with actions', () => {
  const wanted = wantedOf({ preActions: [runs('backup'), calls('tell')], rollback: { jobTemplate }, postActions: [runs('clean')] });
  it.each<[string, GovernedJobFacts]>([
    ['before', facts({ actions: wanted, actionJobs: [actionJob(only(wanted))] })],
    ['calling', facts({ actions: wanted, actionJobs: [actionJob(only(wanted), 1, { ended: ended(true) })] })],
    ['running', facts({ actions: wanted, request: asked({ outcome: yes }), jobs: [held({ released: true })] })],
  ])('is written once %s: the same facts later give the same status', (_what, of) => {
    const once = planGovernedJob(of).status;
    expect(planGovernedJob(later(of, { now: minutes(15) })).status).toEqual(once);
  });
});
