import { describe, expect, it } from 'vitest';
import { decision, delegation, observation, policy, stage, user, withRules } from '../../test/fixtures/facts.ts';
import { attacks, largeVariables } from '../../test/fixtures/cel/attacks.ts';
import { compile, Meter, stepsPerLook, type Program } from './cel/index.ts';
import { evaluate } from './evaluate.ts';
import { describeOpen } from './explain.ts';
import type { DelegationSeen, Observation } from './facts.ts';
import { decisionFaults } from './fieldRules.ts';

/** What people may write to have a request take long: counted in steps, not in time. */

const burning = attacks['macros over a large list of the context']!;
const { context } = largeVariables as { context: Record<string, unknown> };

/** A condition that says what each run of it has cost, as far as it was paid for. */
function counted(source: string): { when: Program; runs: () => number; steps: () => number } {
  const made = compile(source, { scope: 'delegation', result: 'bool' });
  if (!('run' in made)) throw new Error(made.message);
  const meters: Meter[] = [];
  const run: Program['run'] = (variables, within) => {
    const meter = new Meter(within);
    meters.push(meter);
    return made.run(variables, meter);
  };
  return { when: { ...made, run }, runs: () => meters.length, steps: () => meters.reduce((sum, meter) => sum + meter.spent, 0) };
}

const asksCarla = { policies: [policy('tiers', { stages: [stage('money', 1, [user('carla')])] })] };
const messageOf = (facts: Observation): string => describeOpen(evaluate(facts), facts);

describe('delegations with conditions that cost as much as they can', () => {
  const attack = (to: string, when: Program, count = 300) =>
    Array.from({ length: count }, (_, i) => delegation('mallory', to, { name: `burns-${i}`, when }));
  const facts = (delegations: DelegationSeen[], voters: string[]) =>
    observation({ ...asksCarla, spec: { context }, delegations, decisions: voters.map((name) => decision(name)) });

  it('cost no more between them than one look may take, whoever votes and however often', () => {
    const { when, runs, steps } = counted(burning);
    const voters = ['mallory', 'bob', 'carla', 'dave'];
    evaluate(facts([...attack('bob', when), ...attack('dave', when)], voters));
    expect(runs()).toBe(600);
    // What a run was refused at the end is not in what all of them had.
    expect(steps()).toBeLessThanOrEqual(stepsPerLook + 10 * runs());
    expect(steps()).toBeGreaterThan(stepsPerLook / 2);
  });

  it('are not looked at where they lead to nobody who votes', () => {
    const { when, runs } = counted(burning);
    evaluate(facts(attack('erin', when), ['bob', 'carla']));
    expect(runs()).toBe(0);
    const comment = decision('erin', 'Comment');
    evaluate({ ...facts(attack('erin', when), ['bob']), decisions: [comment, decision('bob')] });
    expect(runs()).toBe(0);
  });

  it('keep nobody else from handing on, be it to the same person', () => {
    const { when } = counted(burning);
    const { when: theirs } = counted('context.items.exists(i, i == 7)');
    const honest = delegation('carla', 'bob', { name: 'away', when: theirs });
    expect(evaluate(facts([...attack('bob', when), honest], ['bob'])).verdict).toBe('Approved');
    expect(evaluate(facts([honest, ...attack('bob', when)], ['bob'])).verdict).toBe('Approved');
  });

  it('count for nobody, and the request says which does not and why', () => {
    const seen = facts([delegation('carla', 'bob', { name: 'away', when: counted(burning).when })], ['bob']);
    expect(evaluate(seen).verdict).toBe('Pending');
    expect(messageOf(seen)).toContain('ApprovalDelegation away does not count, as its when cannot be read');
    const many = facts(attack('bob', counted(burning).when), ['bob']);
    expect(messageOf(many)).toMatch(/takes more than 1666 steps, its share .* let mallory write fewer that have a when/);
    expect(messageOf(many)).toContain('Nor do 299 others');
  });
});

describe('policies whose rules cost as much as they can', () => {
  const burn = { validations: [{ expression: `${burning} || true`, message: 'never' }] };
  const many = (count: number) => Array.from({ length: count }, (_, i) => policy(`burns-${i}`, burn));

  it('hold, and one more does not make a look longer than that', () => {
    const facts = observation({ spec: { context }, policies: [...many(20), ...asksCarla.policies] });
    const { verdict, policies } = evaluate(facts);
    expect(verdict).toBe('Faulty');
    expect(policies.filter((p) => p.fault?.includes('takes more than 100000 steps') === true)).toHaveLength(5);
    expect(
      policies.filter((p) => p.fault?.includes('the policies that apply take more than 500000 steps between them') === true),
    ).toHaveLength(16);
    expect(messageOf(facts)).toContain('let their expressions and patterns look at less');
  });

  it('of a namespace leave those of the cluster what they may take', () => {
    const platform = policy('platform', { validations: [{ expression: 'context.items.size() < 5', message: 'too many items' }] });
    const cluster = { ...platform, kind: 'ClusterApprovalPolicy' as const, namespace: undefined };
    const { policies } = evaluate(observation({ spec: { context }, policies: [...many(20), cluster] }));
    expect(policies.find((p) => p.name === 'platform')).toMatchObject({ violations: ['too many items'] });
    expect(policies.find((p) => p.name === 'platform')).not.toHaveProperty('fault');
  });

  it('hold too where it is a pattern that nobody can pay for, and refuse nothing', () => {
    const strict = { request: { reason: { required: true, pattern: '(a?){200}b' } } };
    const facts = observation({ spec: { reason: 'a'.repeat(1000) }, policies: [{ ...policy('strict'), ...withRules(strict) }] });
    expect(evaluate(facts).verdict).toBe('Faulty');
    expect(messageOf(facts)).toContain('takes more than 100000 steps');
  });
});

describe('what approvers say that costs as much as it can to look at', () => {
  const pattern = '(a|b)*a(a|b){12}c|[0-9]+';
  const questions = [{ name: 'why', question: 'why?', type: 'Text' as const, required: true, pattern }];
  // It matches, for whoever could pay for finding that out.
  const heavy = (name: string) => decision(name, 'Approve', { response: { why: `${'ab'.repeat(8_000)}ac` } });
  const facts = (decisions: Observation['decisions']) =>
    observation({
      spec: { questions },
      policies: [policy('tiers', { stages: [stage('money', 1, [user('bob'), user('mallory')])] })],
      decisions,
    });
  const seenIn = (decisions: Observation['decisions']) =>
    evaluate(facts(decisions)).decisions.map((d) => `${d.approver} ${d.ignoredBecause ?? 'counts'}`);

  it('does not count', () => {
    expect(seenIn([heavy('bob')])).toEqual(['bob AnswersMissing']);
  });

  it('keeps nobody else from being looked at', () => {
    const flood = Array.from({ length: 100 }, () => heavy('mallory'));
    const seen = seenIn([...flood, decision('bob', 'Approve', { response: { why: '42' } })]);
    expect(seen.filter((line) => line === 'mallory AnswersMissing')).toHaveLength(100);
    expect(seen).toContain('bob counts');
  });

  it('is not looked at where it could not count anyway', () => {
    expect(seenIn([heavy('eve'), heavy('alice')])).toEqual(['eve NotQualified', 'alice NotQualified']);
  });

  it('is refused with what to do, where somebody still looks', () => {
    const rules = [{ reason: { required: true, pattern: '(a?){200}b' } }];
    const [fault] = decisionFaults(rules, { reason: 'a'.repeat(1000) });
    expect(fault?.message).toMatch(/^cannot be held against the policy's pattern .*: it takes more than 100000 steps/);
  });
});
