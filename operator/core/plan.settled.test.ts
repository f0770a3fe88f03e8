import { describe, expect, it } from 'vitest';
import {
  conditionOf,
  decision,
  digestA,
  group,
  heldJob,
  later,
  minutes,
  observation,
  policy,
  settle,
  stage,
  user,
} from '../../test/fixtures/facts.ts';
import type { Observation, SubjectFacts } from './facts.ts';
import { plan } from './plan.ts';

const yes = () => observation({ decisions: [decision('bob')] });
const released: SubjectFacts = { exists: true, held: false, digest: digestA, released: { digest: digestA, request: 'wire-12345678' } };

/** Applies every plan until the status does not change any more, and says how many writes that took. */
function writesUntilQuiet(facts: Observation): number {
  let current = facts;
  for (let writes = 0; writes < 5; writes += 1) {
    const next = plan(current).status;
    if (JSON.stringify(next) === JSON.stringify(current.request.status)) return writes;
    current = { ...current, request: { ...current.request, status: next } };
  }
  return Infinity;
}

describe('a settled request costs no more writes', () => {
  it('once its work has completed', () => {
    const running = settle({ ...settle(yes()), subject: released });
    const ended = { ...running, subject: { ...released, ended: { succeeded: true, message: 'done' } } };
    expect(writesUntilQuiet(ended)).toBe(1);
  });

  it('with more decisions than it lists, of which it always lists the last', () => {
    const many = Array.from({ length: 150 }, (_, i) => decision(`stranger-${i}`, 'Approve', { time: new Date(minutes(i)).toISOString() }));
    const settled = settle(observation({ now: minutes(200), decisions: [...many, decision('bob', 'Reject')] }));
    expect(plan(settled).status).toEqual(settled.request.status);
    const one = decision('late', 'Approve', { time: '2026-03-09T09:00:00Z' });
    const listed = plan({ ...settled, decisions: [...settled.decisions, one] }).status.decisions;
    expect(listed).toHaveLength(100);
    expect(listed.at(-1)).toMatchObject({ name: one.name, counted: false, ignoredBecause: 'Settled' });
  });

  it('with more decisions in one second than it lists', () => {
    const many = Array.from({ length: 150 }, (_, i) => decision(`stranger-${i}`));
    expect(writesUntilQuiet(observation({ decisions: [...many, decision('bob')] }))).toBe(1);
  });

  it('with who agreed on record, whatever flood of comments comes before or after', () => {
    const comments = (from: number) =>
      Array.from({ length: 150 }, (_, i) => decision('stranger', 'Comment', { time: new Date(minutes(from + i)).toISOString() }));
    const flooded = observation({ now: minutes(200), decisions: [decision('bob'), ...comments(1)] });
    const names = (of: Observation) =>
      plan(of)
        .status.decisions.filter((d) => d.counted)
        .map((d) => d.approver);
    expect(names(flooded)).toEqual(['bob']);
    const settled = settle(observation({ decisions: [decision('bob')] }));
    const after = { ...settled, decisions: [...settled.decisions, ...comments(20)] };
    expect(names(after)).toEqual(['bob']);
    expect(plan(after).status.decisions).toHaveLength(100);
  });

  it('keeps what it counted, though the decision be deleted', () => {
    const settled = settle(observation({ decisions: [decision('bob', 'Reject')] }));
    expect(plan({ ...settled, decisions: [] }).status.decisions).toEqual(settled.request.status?.decisions);
  });

  it('with a message that is cut in the middle of a character, as the API server would store another', () => {
    const reason = `${'x'.repeat(1024 - 'Rejected by bob: '.length - 1)}😀`;
    const message = plan(observation({ decisions: [decision('bob', 'Reject', { reason })] })).status.conditions.find(
      (c) => c.type === 'Approved',
    );
    expect(message?.message.length).toBe(1023);
    expect(message?.message.isWellFormed()).toBe(true);
  });

  it('lists no more names than the schema allows', () => {
    const policies = [policy('crowd', { stages: [stage('any', 1, [group('g')], { rejections: 64 })] })];
    const decisions = Array.from({ length: 70 }, (_, i) => decision(`u${i}`, 'Reject', { groups: ['g'] }));
    expect(plan(observation({ policies, decisions })).status.stages[0]?.rejectedBy).toHaveLength(64);
  });
});

describe('a status that the schema has room for', () => {
  it('leaves out who asked while that is not known', () => {
    expect(plan(observation({ request: { requester: { username: '', groups: [] } } })).status.requester).toBeUndefined();
  });

  it('leaves out groups that are empty, too long or too many', () => {
    const groups = ['', 'x'.repeat(513), ...Array.from({ length: 1100 }, (_, i) => `g${i}`)];
    const { requester } = plan(observation({ request: { requester: { username: 'alice', groups } } })).status;
    expect(requester?.groups).toHaveLength(1024);
    expect(requester?.groups[0]).toBe('g0');
  });

  it('takes on no digest after it was settled without one', () => {
    const no = settle(observation({ spec: { cancelled: true }, subject: { exists: true, held: true, fault: 'x' } }));
    expect('subjectDigest' in plan({ ...no, subject: heldJob }).status).toBe(false);
  });
});

describe('an approved request whose work was not let go yet', () => {
  it('has ended when the work was deleted meanwhile, and does not stay in progress for ever', () => {
    const gone = plan(settle({ ...settle(yes()), subject: { exists: false, held: false } }));
    expect(conditionOf(gone, 'Approved')).toBe('True Approved');
    expect(conditionOf(gone, 'Completed')).toBe('True SubjectGone');
    expect(conditionOf(gone, 'Stalled')).toBe('True SubjectGone');
    expect(gone.status.phase).toBe('Approved');
    expect(gone.after).toEqual([]);
  });

  it('ends its work once it is cancelled, and says why', () => {
    const cancelled = plan({ ...settle(yes()), request: { ...settle(yes()).request, spec: { ...yes().request.spec, cancelled: true } } });
    expect(cancelled.after).toMatchObject([{ kind: 'refuse', reason: 'ApprovalCancelled' }]);
    expect(conditionOf(cancelled, 'Approved')).toBe('True Approved');
    expect(conditionOf(cancelled, 'Released')).toBe('False Cancelled');
    expect(cancelled.status.phase).toBe('Cancelled');
    expect(cancelled.status.conditions.find((c) => c.type === 'Released')?.message).toMatch(/before it was let go.*Cancelled on request/);
  });

  it('releases nothing when it says it is a draft', () => {
    const before = settle(yes());
    const draft = plan({ ...before, decisions: [], request: { ...before.request, spec: { ...before.request.spec, draft: true } } });
    expect(conditionOf(draft, 'Approved')).toBe('True Approved');
    expect(draft.after).toEqual([]);
  });
});

describe('a draft', () => {
  it('asks nobody, and releases nothing', () => {
    const planned = plan(observation({ spec: { draft: true }, decisions: [decision('bob')] }));
    expect(planned.status.phase).toBe('Draft');
    expect(planned.after).toEqual([]);
    expect(planned.status.submittedAt).toBeUndefined();
  });

  it('takes the policies as they are when it is submitted, not as they were', () => {
    const draft = settle(
      observation({ spec: { draft: true }, policies: [policy('old', { autoApprove: [{ name: 'all', when: 'true' }] })] }),
    );
    const submitted = { ...draft, policies: yes().policies, request: { ...draft.request, spec: { ...draft.request.spec, draft: false } } };
    expect(plan(submitted).status.policies.map((p) => [p.name, p.asSubmitted])).toEqual([['tiers', true]]);
  });

  it('can be cancelled', () => {
    const planned = plan(observation({ spec: { draft: true, cancelled: true } }));
    expect(planned.status.phase).toBe('Cancelled');
    expect(conditionOf(planned, 'Settled')).toBe('True Settled');
  });
});

describe('what is owed for refused work', () => {
  it.each<[string, SubjectFacts, string[]]>([
    ['is ended as failed while it is held', heldJob, ['refuse']],
    ['is left alone once it has ended', { ...heldJob, ended: { succeeded: false, message: 'x' } }, []],
    ['is left alone when it is not held', { ...heldJob, held: false }, []],
  ])('%s', (_what, subject, kinds) => {
    const no = later(observation({ decisions: [decision('bob', 'Reject')] }), { subject });
    expect(plan(no).after.map((e) => e.kind)).toEqual(kinds);
  });

  it("is nothing for a person's own request", () => {
    expect(plan(observation({ request: { governs: false }, decisions: [decision('bob', 'Reject')] })).after).toEqual([]);
  });

  it('is nothing when any of the policies keeps it, as it was or as it is now', () => {
    const keep = policy('keep', { onRefusal: 'Keep', stages: [stage('any', 1, [user('carol')])] });
    const asked = observation();
    const no = later(asked, { policies: [...asked.policies, keep], decisions: [decision('bob', 'Reject')] });
    expect(plan(no).after).toEqual([]);
  });
});
