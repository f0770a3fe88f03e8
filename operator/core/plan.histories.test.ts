import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ApprovalRequestStatus } from '../../crds/v1alpha1/index.ts';
import { happen, history, type History } from '../../test/fixtures/histories.ts';
import { Oracle } from '../../test/fixtures/oracle.ts';
import type { Observation } from './facts.ts';
import { outcomeOf, withdrawalOf } from './outcome.ts';
import { plan, type Plan } from './plan.ts';

/** Lives a history through, and lets `look` see the facts and the plan of every pass. */
function live({ first, steps }: History, look: (facts: Observation, planned: Plan, until: string) => void): Observation {
  let facts = first;
  for (const step of [...steps, { kind: 'pass', until: 'end' } as const]) {
    if (step.kind !== 'pass') {
      facts = happen(facts, step);
      continue;
    }
    const planned = plan(facts);
    look(facts, planned, step.until);
    if (step.until !== 'crash before the status') facts = { ...facts, request: { ...facts.request, status: planned.status } };
    const release = planned.after.find((effect) => effect.kind === 'release');
    if (step.until !== 'end' || release === undefined) continue;
    const released = { digest: release.digest, request: facts.request.name };
    facts = { ...facts, subject: { ...facts.subject, held: false, released } };
  }
  return facts;
}

const runs = { numRuns: 3_000 };

describe('over thousands of random histories', () => {
  it('work is released exactly when an oracle that tries everything says so', () => {
    const seen = { released: 0, kept: 0 };
    fc.assert(
      fc.property(history, (of) => {
        const oracle = new Oracle();
        live(of, (facts, planned, until) => {
          const releases = planned.after.filter((effect) => effect.kind === 'release');
          const expected = oracle.releases(facts);
          expect(releases).toEqual(expected ? [{ kind: 'release', digest: facts.subject.digest }] : []);
          seen[expected ? 'released' : 'kept'] += 1;
          if (until !== 'crash before the status') oracle.remember(facts);
        });
      }),
      runs,
    );
    // Otherwise the comparison would say little.
    expect(seen.released).toBeGreaterThan(runs.numRuns / 20);
    expect(seen.kept).toBeGreaterThan(runs.numRuns / 20);
  });

  it('work is released once at most', () => {
    fc.assert(
      fc.property(history, (of) => {
        let performed = 0;
        live(of, (_facts, planned, until) => {
          if (until === 'end') performed += planned.after.filter((effect) => effect.kind === 'release').length;
        });
        expect(performed).toBeLessThanOrEqual(1);
      }),
      runs,
    );
  });

  it('Settled stays True, and the outcome and its reason stay as they were', () => {
    let settled = 0;
    fc.assert(
      fc.property(history, (of) => {
        live(of, ({ request }, planned) => {
          const before = outcomeOf(request.status?.conditions ?? []);
          if (before === undefined) return;
          settled += 1;
          expect(outcomeOf(planned.status.conditions)).toEqual(before);
          expect(planned.status.subjectDigest).toBe(request.status?.subjectDigest);
          // A yes that is held back is not over: it shows what is missing.
          const heldBack =
            before.approved &&
            !planned.after.some((effect) => effect.kind === 'release') &&
            withdrawalOf(request.status?.conditions ?? []) === undefined &&
            planned.status.conditions.some((c) => c.type === 'Released' && c.status === 'False');
          if (!heldBack) expect(planned.status.stages).toEqual(request.status?.stages);
        });
      }),
      runs,
    );
    expect(settled).toBeGreaterThan(runs.numRuns / 20);
  });

  it('nobody who is refused is released, and the other way round', () => {
    fc.assert(
      fc.property(history, (of) => {
        live(of, (_facts, planned) => {
          const { conditions } = planned.status;
          const isYes = outcomeOf(conditions)?.approved === true && withdrawalOf(conditions) === undefined;
          for (const effect of planned.after) expect(effect.kind).toBe(isYes ? 'release' : 'refuse');
        });
      }),
      runs,
    );
  });

  it('a yes that came to a no before its work was let go stays one, whatever happens then', () => {
    let withdrawn = 0;
    fc.assert(
      fc.property(history, (of) => {
        live(of, ({ request }, planned) => {
          const before = withdrawalOf(request.status?.conditions ?? []);
          if (before === undefined) return;
          withdrawn += 1;
          expect(withdrawalOf(planned.status.conditions)).toEqual(before);
          expect(planned.status.phase).toBe(request.status?.phase);
          expect(planned.after.filter((effect) => effect.kind === 'release')).toEqual([]);
        });
      }),
      runs,
    );
    expect(withdrawn).toBeGreaterThan(0);
  });

  it('a second look at the same facts finds nothing to write', () => {
    fc.assert(
      fc.property(history, (of) => {
        live(of, (facts, planned) => {
          const again = plan({ ...facts, request: { ...facts.request, status: planned.status } });
          expect(again.status).toEqual(planned.status);
        });
      }),
      { numRuns: 1_000 },
    );
  });

  it('every status is one that the schema accepts, and generic tools read one thing from it', () => {
    fc.assert(
      fc.property(history, (of) => {
        live(of, (_facts, { status }) => {
          expect(ApprovalRequestStatus.safeParse(status).error).toBeUndefined();
          const tools = status.conditions.filter((c) => ['Ready', 'Reconciling', 'Stalled'].includes(c.type) && c.status === 'True');
          expect(tools).toHaveLength(1);
        });
      }),
      { numRuns: 1_000 },
    );
  });

  it('an open request always knows when to be looked at again, and that is still to come', () => {
    fc.assert(
      fc.property(history, (of) => {
        live(of, (facts, planned) => {
          const { phase, conditions } = planned.status;
          const isOpen = phase !== 'Draft' && outcomeOf(conditions) === undefined;
          if (isOpen) expect(planned.wakeAt).toBeGreaterThan(facts.now);
          // What was agreed to and is held back may expire.
          else if (phase === 'Approved' && facts.request.governs) expect(planned.wakeAt ?? Infinity).toBeGreaterThan(facts.now);
          else expect(planned.wakeAt).toBeUndefined();
        });
      }),
      runs,
    );
  });
});

describe('the order in which facts are found', () => {
  const shuffled = history.chain((of) => {
    const facts = live(of, () => undefined);
    return fc.record({
      facts: fc.constant(facts),
      decisions: fc.shuffledSubarray([...facts.decisions, ...facts.decisions], { minLength: facts.decisions.length * 2 }),
      policies: fc.shuffledSubarray([...facts.policies], { minLength: facts.policies.length }),
    });
  });

  it('and how often, does not matter: of decisions and of policies', () => {
    fc.assert(
      fc.property(shuffled, ({ facts, decisions, policies }) => {
        const found = { ...facts, decisions, policies };
        expect(plan(found)).toEqual(plan(facts));
        const unseen = { ...found, request: { ...found.request, status: undefined } };
        expect(plan(unseen)).toEqual(plan({ ...facts, request: { ...facts.request, status: undefined } }));
      }),
      { numRuns: 1_000 },
    );
  });

  it('does not matter for what is open: seen one after the other or all at once, decisions come to the same', () => {
    fc.assert(
      fc.property(shuffled, ({ facts, decisions }) => {
        const unseen = { ...facts, request: { ...facts.request, status: undefined } };
        const first = plan({ ...unseen, decisions: [] });
        let one: Observation = { ...unseen, decisions: [], request: { ...unseen.request, status: first.status } };
        for (const decision of decisions) {
          one = { ...one, decisions: [...one.decisions, decision] };
          const { status } = plan(one);
          if (outcomeOf(status.conditions) !== undefined) return;
          one = { ...one, request: { ...one.request, status } };
        }
        const all = plan({ ...unseen, decisions, request: { ...unseen.request, status: first.status } });
        expect(one.request.status).toEqual(all.status);
      }),
      { numRuns: 1_000 },
    );
  });
});
