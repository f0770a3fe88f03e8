import { plan } from '../../../operator/core/plan.ts';
import type { Observation } from '../../../operator/core/facts.ts';
import { governs, meterForMatches } from '../../../operator/core/match.ts';
import { latencies } from '../percentiles.ts';
import type { Report } from '../report.ts';
import { candidate, heldJob, requestFacts, rulebook, selectors, type Size } from '../rulebook.ts';

const requests = 50;
const passes = 40;
const warmUp = 10;

/** The core alone, without a cluster: what one look at a request costs under many rules, and one look at a Job for all policies that might hold it. */
export function planning(report: Report): void {
  planned(report, 'plan', { policies: 50, stages: 5, decisions: 100 });
  // As many stages as a status has room for.
  planned(report, 'plan.64stages', { policies: 50, stages: 64, decisions: 100 });
  matched(report, 1_000);
}

function planned(report: Report, scenario: string, size: Size): void {
  const policies = rulebook(size);
  const fresh = Array.from({ length: requests }, (_, i) => requestFacts(i, policies, size));
  const open = fresh.map(planOnce);
  const again = timed(passes, (pass) => open.map((facts) => () => plan({ ...facts, now: facts.now + pass })));
  const first = timed(passes, () => fresh.map((facts) => () => plan(facts)));
  const atFirst = latencies(first);
  const more = {
    policies: size.policies,
    stages: size.stages,
    decisions: size.decisions,
    firstP50Ms: atFirst.p50Ms,
    firstP99Ms: atFirst.p99Ms,
  };
  report.add({ scenario, n: again.length, ...latencies(again), more });
}

/** The request as it waits: submitted, with its status written. */
function planOnce(facts: Observation): Observation {
  const { status } = plan(facts);
  if (status.phase !== 'Reviewing') throw new Error(`${facts.request.name} is ${status.phase}; expected one that people still decide`);
  return { ...facts, request: { ...facts.request, status } };
}

function matched(report: Report, policies: number): void {
  const all = selectors(policies);
  const times = timed(passes, () =>
    Array.from({ length: requests }, () => () => {
      const meter = meterForMatches();
      return all.filter((policy) => governs(policy, candidate, () => ({ object: heldJob }), meter));
    }),
  );
  report.add({ scenario: 'match', n: times.length, ...latencies(times), more: { policies } });
}

/** How long each piece of work takes, in milliseconds; the first passes are not counted, as what runs is compiled meanwhile. */
function timed(times: number, work: (pass: number) => readonly (() => unknown)[]): number[] {
  const taken: number[] = [];
  for (let pass = -warmUp; pass < times; pass += 1) {
    for (const one of work(pass + warmUp)) {
      const since = performance.now();
      one();
      if (pass >= 0) taken.push(performance.now() - since);
    }
  }
  return taken;
}
