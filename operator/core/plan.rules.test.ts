import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { happenUnderRules, ruleHistory, type RuleHistory } from '../../test/fixtures/ruleHistories.ts';
import { RuleOracle } from '../../test/fixtures/ruleOracle.ts';
import type { Observation } from './facts.ts';
import { plan, type Plan } from './plan.ts';

/** Lives a history through, and lets `look` see the facts and the plan of every pass. */
function live({ first, steps }: RuleHistory, look: (facts: Observation, planned: Plan, recorded: boolean) => void): void {
  let facts = first;
  for (const step of [...steps, { kind: 'pass', until: 'end' } as const]) {
    if (step.kind !== 'pass') {
      facts = happenUnderRules(facts, step);
      continue;
    }
    const planned = plan(facts);
    const recorded = step.until !== 'crash before the status';
    look(facts, planned, recorded);
    if (recorded) facts = { ...facts, request: { ...facts.request, status: planned.status } };
    const release = planned.after.find((effect) => effect.kind === 'release');
    if (step.until !== 'end' || release === undefined) continue;
    facts = { ...facts, subject: { ...facts.subject, held: false, released: { digest: release.digest, request: facts.request.name } } };
  }
}

const runs = { numRuns: 3_000 };

/** Shows what happened, where facts themselves would not print. */
const told = ({ first, steps }: RuleHistory): string =>
  JSON.stringify(
    { policies: first.policies.map((p) => [p.name, p.spec]), requester: first.request.requester.username, owed: first.reviewsOwed, steps },
    null,
    1,
  );

describe('over thousands of random histories with delegations, deadlines, escalations, reassignments, overrides, windows and channels', () => {
  it('work is released exactly when an oracle that tries everything finds a valid quorum, or an override, on what would run', () => {
    const seen = { released: 0, kept: 0, overridden: 0, inStead: 0, escalated: 0, replaced: 0, tooWeak: 0 };
    fc.assert(
      fc.property(ruleHistory, (of) => {
        const oracle = new RuleOracle();
        live(of, (facts, planned, recorded) => {
          const released = planned.after.some((effect) => effect.kind === 'release');
          const expected = oracle.releases(facts);
          if (released !== expected && (released || !of.hard))
            expect.fail(`${released ? 'released' : 'kept'} at ${facts.now}\n${told(of)}`);
          count(seen, planned, expected);
          if (recorded) oracle.remember(facts);
        });
      }),
      runs,
    );
    // Otherwise the comparison would say little.
    expect(seen.released).toBeGreaterThan(runs.numRuns / 20);
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(0);
  });

  it('the order in which decisions and delegations are found, and how often a decision is, does not matter', () => {
    const shuffled = ruleHistory.chain((of) => {
      const all: Observation[] = [of.first];
      live(of, (facts) => all.push(facts));
      const facts = all.at(-1) ?? of.first;
      return fc.record({
        facts: fc.constant(facts),
        decisions: fc.shuffledSubarray([...facts.decisions, ...facts.decisions], { minLength: facts.decisions.length * 2 }),
        delegations: fc.shuffledSubarray([...facts.delegations], { minLength: facts.delegations.length }),
      });
    });
    fc.assert(
      fc.property(shuffled, ({ facts, decisions, delegations }) => {
        expect(plan({ ...facts, decisions, delegations })).toEqual(plan(facts));
      }),
      { numRuns: 300 },
    );
  });
});

function count(seen: Record<string, number>, { status, after }: Plan, expected: boolean): void {
  const add = (what: string): void => void (seen[what] = (seen[what] ?? 0) + 1);
  add(expected ? 'released' : 'kept');
  if (!after.some((effect) => effect.kind === 'release')) return;
  if (status.decisions.some((d) => d.ignoredBecause === 'ChannelTooWeak')) add('tooWeak');
  if (status.override !== undefined) add('overridden');
  if (status.decisions.some((d) => d.counted && d.onBehalfOf !== undefined)) add('inStead');
  if (status.stages.some((s) => s.state === 'Satisfied' && (s.escalation?.approvedBy ?? []).length > 0)) add('escalated');
  if (status.stages.some((s) => s.standIns?.some((i) => s.require.some((r) => r.approvedBy.includes(i.user))))) add('replaced');
}
