import { describe, expect, it } from 'vitest';
import { digestA, digestB, minutes } from '../../test/fixtures/facts.ts';
import type { GovernedJobFacts, JobSeen, RequestSeen } from './governedJobFacts.ts';
import { planGovernedJob, type GovernedJobPlan } from './governedJobPlan.ts';
import type { Outcome } from './outcome.ts';

const yes: Outcome = { approved: true, reason: 'Approved', message: 'Approved by bob.' };
const no = (reason: Outcome['reason'], message = 'No.'): Outcome => ({ approved: false, reason, message });
const ended = (succeeded: boolean) => ({ succeeded, message: succeeded ? 'It ran.' : 'It broke.', at: '2026-03-02T10:00:00Z' });
const held = (more: Partial<JobSeen> = {}): JobSeen => ({ name: 'nightly-1', uid: 'job-uid', released: false, ...more });
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
    request: asked(),
    actions: [],
    actionJobs: [],
    calls: [],
    policyKnown: true,
    ...changes,
  };
}

const later = (before: GovernedJobFacts, changes: Partial<GovernedJobFacts>): GovernedJobFacts => ({
  ...before,
  ...changes,
  status: planGovernedJob(before).status,
});
const kinds = (of: GovernedJobFacts) => planGovernedJob(of).effects.map((effect) => effect.kind);
const condition = (of: GovernedJobPlan, type: string) => {
  const found = of.status.conditions.find((c) => c.type === type);
  return found === undefined ? undefined : `${found.status} ${found.reason}`;
};
const tools = (of: GovernedJobPlan) => ['Ready', 'Reconciling', 'Stalled'].filter((type) => condition(of, type)?.startsWith('True'));

const running = facts({ jobs: [held({ released: true })], request: asked({ outcome: yes }) });

describe('the phase of a GovernedJob', () => {
  it.each<[string, string, Partial<GovernedJobFacts>]>([
    ['Validating', 'while its Job is being created', { jobs: [], request: undefined, authorMayCreateJobs: true }],
    ['Validating', 'while its request is being created', { request: undefined }],
    ['Pending', 'when its author may not create Jobs', { jobs: [], request: undefined, authorMayCreateJobs: false }],
    [
      'Pending',
      'when the API server refuses its Job',
      { jobs: [], request: undefined, authorMayCreateJobs: true, refusal: 'bad template' },
    ],
    ['Pending', 'when the API server refuses an edited request', { request: asked({ upToDate: false }), refusal: 'bad reason' }],
    ['AwaitingApproval', 'while people decide', {}],
    ['AwaitingApproval', 'between the yes and the release', { request: asked({ outcome: yes }) }],
    ['Running', 'once its Job was let go', { jobs: [held({ released: true })], request: asked({ outcome: yes }) }],
    ['Succeeded', 'when its Job succeeded', { jobs: [held({ released: true, ended: ended(true) })], request: asked({ outcome: yes }) }],
    ['Failed', 'when its Job failed', { jobs: [held({ released: true, ended: ended(false) })], request: asked({ outcome: yes }) }],
    ['Failed', 'when its Job is gone after the yes', { jobs: [], request: asked({ outcome: yes }) }],
    ['Pending', 'when it was changed after the yes', { wantedJob: 'nightly-2', request: asked({ outcome: yes }) }],
    ['Expired', 'when nobody agreed in time', { request: asked({ outcome: no('Expired') }) }],
    ['Rejected', 'when somebody said no', { jobs: [held({ ended: ended(false) })], request: asked({ outcome: no('Rejected') }) }],
    ['Cancelled', 'when its request was cancelled', { request: asked({ outcome: no('Cancelled') }) }],
    ['Cancelled', 'when what was asked for is gone', { request: asked({ outcome: no('SubjectGone') }) }],
    ['Cancelled', 'when it was cancelled before anybody was asked', { cancelled: true, jobs: [], request: undefined }],
    [
      'Cancelled',
      'when what ran was stopped',
      { cancelled: true, jobs: [held({ released: true, ended: ended(false) })], request: asked({ outcome: yes }) },
    ],
    [
      'Succeeded',
      'when it was cancelled too late',
      { cancelled: true, jobs: [held({ released: true, ended: ended(true) })], request: asked({ outcome: yes }) },
    ],
    ['Rejected', 'when it was cancelled after a no', { cancelled: true, request: asked({ outcome: no('Rejected') }) }],
  ])('is %s %s', (phase, _when, changes) => {
    expect(planGovernedJob(facts(changes)).status.phase).toBe(phase);
  });

  it.each<[string, Partial<GovernedJobFacts>]>([
    ['Reconciling', {}],
    ['Reconciling', { jobs: [], request: undefined, authorMayCreateJobs: true }],
    ['Reconciling', { jobs: [held({ released: true })], request: asked({ outcome: yes }) }],
    ['Ready', { jobs: [held({ released: true, ended: ended(true) })], request: asked({ outcome: yes }) }],
    ['Stalled', { jobs: [held({ released: true, ended: ended(false) })], request: asked({ outcome: yes }) }],
    ['Stalled', { request: asked({ outcome: no('Rejected') }) }],
    ['Stalled', { request: asked({ outcome: no('Expired') }) }],
    ['Stalled', { request: asked({ outcome: no('Cancelled') }) }],
    ['Stalled', { jobs: [], request: undefined, authorMayCreateJobs: false }],
    ['Stalled', { jobs: [], request: undefined, refusal: 'bad template' }],
    ['Stalled', { wantedJob: 'nightly-2', request: asked({ outcome: yes }) }],
  ])('reads as %s, and as nothing else, to generic tools', (type, changes) => {
    expect(tools(planGovernedJob(facts(changes)))).toEqual([type]);
  });
});

describe('what is owed', () => {
  it.each<[string, string[], Partial<GovernedJobFacts>]>([
    ['its Job and its request at first', ['createJob', 'createRequest'], { jobs: [], request: undefined, authorMayCreateJobs: true }],
    ['its request after a crash in between', ['createRequest'], { request: undefined }],
    ['its Job after a crash the other way round', ['createJob'], { jobs: [] }],
    ['nothing while people decide', [], {}],
    ['nothing for an author who may not create Jobs', [], { jobs: [], request: undefined, authorMayCreateJobs: false }],
    [
      'another Job when its template was edited',
      ['deleteJob', 'createJob', 'updateRequest'],
      { wantedJob: 'nightly-2', request: asked({ upToDate: false }) },
    ],
    ['no other Job when only what is said of it was edited', ['updateRequest'], { request: asked({ upToDate: false }) }],
    ['the removal of a Job that was replaced', ['deleteJob'], { jobs: [held({ name: 'nightly-0', uid: 'old' }), held()] }],
    ['nothing once it is approved', [], { request: asked({ outcome: yes }) }],
    [
      'nothing once it is refused, even when edited',
      [],
      { wantedJob: 'nightly-2', jobs: [], request: asked({ outcome: no('Rejected'), upToDate: false }) },
    ],
    [
      'nothing while it runs, even when edited',
      [],
      { wantedJob: 'nightly-2', jobs: [held({ released: true })], request: asked({ outcome: yes, upToDate: false }) },
    ],
    ['nothing when it has ended', [], { jobs: [held({ released: true, ended: ended(true) })], request: asked({ outcome: yes }) }],
    ['the cancelling of its request', ['cancelRequest'], { cancelled: true }],
    ['nothing while a cancelled request settles', [], { cancelled: true, request: asked({ cancelled: true }) }],
    ['the stopping of what runs', ['abortJob'], { cancelled: true, jobs: [held({ released: true })], request: asked({ outcome: yes }) }],
    ['nothing while it stops', [], { cancelled: true, jobs: [held({ released: true, stopping: true })], request: asked({ outcome: yes }) }],
    [
      'no stopping of what has ended',
      [],
      { cancelled: true, jobs: [held({ released: true, ended: ended(true) })], request: asked({ outcome: yes }) },
    ],
    ['the removal of a Job that nobody was asked about', ['deleteJob'], { cancelled: true, request: undefined }],
    [
      'the removal of what was approved but not let go',
      ['cancelRequest', 'deleteJob'],
      { cancelled: true, request: asked({ outcome: yes }) },
    ],
    ['nothing after a no, though cancelled', [], { cancelled: true, request: asked({ outcome: no('Rejected') }) }],
  ])('is %s', (_what, effects, changes) => {
    expect(kinds(facts(changes))).toEqual(effects);
  });

  it('names the Job by name and uid, so that no other is deleted', () => {
    const { effects } = planGovernedJob(facts({ wantedJob: 'nightly-2', request: asked({ upToDate: false }) }));
    expect(effects[0]).toEqual({ kind: 'deleteJob', name: 'nightly-1', uid: 'job-uid' });
  });

  it('is nothing more once a cancelled one has been removed after its yes', () => {
    const removed = facts({ cancelled: true, jobs: [], request: asked({ outcome: yes, cancelled: true }) });
    expect(kinds(removed)).toEqual([]);
    expect(planGovernedJob(removed).status.phase).toBe('Cancelled');
  });
});

describe('what is on record', () => {
  it('outlives its Job, which a time to live deletes', () => {
    const done = later(running, { jobs: [held({ released: true, ended: ended(true) })] });
    const without = planGovernedJob(later(done, { jobs: [] }));
    expect(without.status.phase).toBe('Succeeded');
    expect(condition(without, 'Completed')).toBe('True Succeeded');
    expect(without.status.job).toEqual({ name: 'nightly-1', uid: 'job-uid' });
  });

  it.each<[string, GovernedJobFacts]>([
    ['Rejected', facts({ request: asked({ outcome: no('Rejected') }) })],
    ['Expired', facts({ request: asked({ outcome: no('Expired') }) })],
    ['Cancelled', facts({ request: asked({ outcome: no('Cancelled') }) })],
    ['Succeeded', later(running, { jobs: [held({ released: true, ended: ended(true) })] })],
    ['Failed', later(running, { jobs: [held({ released: true, ended: ended(false) })] })],
  ])('%s outlives its request: nobody is asked again, and nothing is created', (phase, settled) => {
    const collected = later(settled, { jobs: [], request: undefined });
    const planned = planGovernedJob(collected);
    expect(planned.status.phase).toBe(phase);
    expect(planned.effects).toEqual([]);
    expect(condition(planned, 'Approved')).toBe(condition(planGovernedJob(settled), 'Approved'));
    expect(planned.status.approvalRequest).toEqual({ name: 'nightly-12345678' });
    expect(planned.status.checkpoint?.digest).toBe(digestA);
  });

  it('a Job that was deleted while it ran has failed, until it turns up after all', () => {
    const lost = later(running, { jobs: [] });
    expect(planGovernedJob(lost).status.phase).toBe('Failed');
    expect(condition(planGovernedJob(lost), 'Completed')).toBe('Unknown SubjectGone');
    const back = planGovernedJob(later(lost, { jobs: running.jobs }));
    expect(back.status.phase).toBe('Running');
    expect(back.status.completedAt).toBeUndefined();
  });

  it('tells of the yes together with the release', () => {
    expect(condition(planGovernedJob(facts({ request: asked({ outcome: yes }) })), 'Approved')).toBe('Unknown AwaitingApproval');
    expect(condition(planGovernedJob(running), 'Approved')).toBe('True Approved');
  });

  it('names when it started and when it ended', () => {
    const first = planGovernedJob(running).status;
    expect(first).toMatchObject({ startedAt: '2026-03-02T09:05:00Z', executionId: 'gjob-uid' });
    const done = planGovernedJob(later(running, { now: minutes(90), jobs: [held({ released: true, ended: ended(true) })] })).status;
    expect(done).toMatchObject({ startedAt: '2026-03-02T09:05:00Z', completedAt: '2026-03-02T10:00:00Z' });
  });

  it('keeps when a digest was first seen, and says anew when it changes', () => {
    const first = facts();
    const same = planGovernedJob(later(first, { now: minutes(9) })).status.checkpoint;
    expect(same).toEqual({ digest: digestA, capturedAt: '2026-03-02T09:05:00Z', name: 'pre-approval' });
    const other = planGovernedJob(later(first, { now: minutes(9), request: asked({ digest: digestB }) })).status.checkpoint;
    expect(other).toEqual({ digest: digestB, capturedAt: '2026-03-02T09:09:00Z', name: 'pre-approval' });
  });

  it.each<[string, GovernedJobFacts]>([
    ['open', facts()],
    ['running', running],
    ['done', later(running, { jobs: [held({ released: true, ended: ended(true) })] })],
    ['refused', facts({ request: asked({ outcome: no('Rejected') }) })],
    ['waiting for its author', facts({ jobs: [], request: undefined, authorMayCreateJobs: false })],
  ])('is written once when %s: the same facts later give the same status', (_what, of) => {
    const once = planGovernedJob(of).status;
    expect(planGovernedJob(later(of, { now: minutes(50) })).status).toEqual(once);
  });

  it('says what its author must do', () => {
    const message = (of: GovernedJobFacts) => planGovernedJob(of).status.conditions.find((c) => c.type === 'Stalled')?.message;
    expect(message(facts({ jobs: [], request: undefined, authorMayCreateJobs: false }))).toMatch(/granted create on jobs/);
    expect(message(facts({ jobs: [], request: undefined, refusal: 'spec.template: required' }))).toBe('spec.template: required');
    expect(message(facts({ wantedJob: 'nightly-2', request: asked({ outcome: yes }) }))).toMatch(/cancel it and create another/);
  });
});
