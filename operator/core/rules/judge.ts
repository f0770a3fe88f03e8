import type { ApprovalPolicySpec, RiskScore } from '../../../crds/v1alpha1/index.ts';
import { compiledPattern, Meter, stepsPerLook, type Program } from '../cel/index.ts';
import { fieldFault, ruledFields } from '../fieldRules.ts';
import { observed, riskFactors, type PolicyRules, type RiskFactor } from './compile.ts';
import { submissionFaults, type Submission } from './submitters.ts';

/** What a policy's rules say of one request. */
export interface Judgement {
  /** Why it could not be judged; the request holds. */
  readonly fault?: string;
  /** Messages of the rules that it breaks. */
  readonly violations: readonly string[];
  readonly risk?: RiskScore;
  /** The first `autoApprove` rule that applies. */
  readonly autoApproves?: string;
  /** Per stage of the policy: whether it is asked for. */
  readonly applies: readonly boolean[];
}

/** What rules may look at. */
export interface Judged {
  /** By the names that expressions use; `risk` is added here. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly observedFailureRate: number;
  /** Where somebody asks in the name of another. */
  readonly submission?: Submission | undefined;
  readonly reason: string | undefined;
  readonly ticket: string | undefined;
  /** Images that are named by a tag alone. */
  readonly unpinnedImages: readonly string[];
  /** What the rules of all policies may cost in this look. */
  readonly meter: Meter;
}

/** For one look at a request. What the policies take is theirs: nothing that other people write is paid for from it. */
export const meterForPolicies = (): Meter =>
  new Meter(undefined, {
    steps: stepsPerLook,
    spent: () =>
      `the policies that apply take more than ${stepsPerLook} steps between them: let their expressions and patterns look at less`,
  });

/** Thrown and caught here: whatever fails makes the whole policy fail, and then the request holds. */
class Fault extends Error {}

/** Applies a policy's rules to a request. Pure and total. */
export function judge({ spec, rules }: { spec: ApprovalPolicySpec; rules: PolicyRules }, facts: Judged): Judgement {
  const nothing = { violations: [], applies: (spec.stages ?? []).map(() => true) };
  const [broken] = rules.faults;
  if (broken !== undefined) return { ...nothing, fault: broken };
  try {
    return judged(spec, rules, facts);
  } catch (error) {
    if (error instanceof Fault) return { ...nothing, fault: error.message };
    throw error;
  }
}

function judged(spec: ApprovalPolicySpec, rules: PolicyRules, facts: Judged): Judgement {
  const risk = spec.risk === undefined ? undefined : riskOf(spec.risk, rules, facts);
  const variables = { ...facts.variables, risk: { score: risk?.score ?? 0, ...(risk?.factors ?? noRisk) } };
  const known = { variables, meter: facts.meter };
  const isTrue = (program: Program, path: () => string): boolean => value(program, known, path) === true;
  const broken = rules.validations.flatMap(({ program, message }, i) =>
    isTrue(program, () => `spec.validations[${i}].expression`) ? [] : [message],
  );
  const auto = rules.autoApprove.find(({ program, name }) => isTrue(program, () => `spec.autoApprove, rule ${name}`));
  const applies = (spec.stages ?? []).map((stage, i) => {
    const program = rules.stages[i];
    return program === undefined || isTrue(program, () => `spec.stages, when of stage ${stage.name}`);
  });
  return {
    violations: [
      ...submissionViolations(spec, facts),
      ...requestViolations(spec, rules, facts),
      ...broken,
      ...imageViolations(spec, facts),
    ],
    applies,
    ...(risk === undefined ? {} : { risk }),
    ...(auto === undefined ? {} : { autoApproves: auto.name }),
  };
}

const noRisk = { criticality: 0, magnitude: 0, blastRadius: 0, historicalFailureRate: 0 };

function value(program: Program, { variables, meter }: Pick<Judged, 'variables' | 'meter'>, path: () => string): boolean | number {
  const result = program.run(variables, meter);
  if (result.ok) return result.value;
  throw new Fault(`${path()}: ${result.fault}`);
}

function riskOf({ weights }: NonNullable<ApprovalPolicySpec['risk']>, rules: PolicyRules, facts: Judged): RiskScore {
  const factor = (name: RiskFactor): number => {
    const program = rules.risk[name];
    if (program === undefined) return 0;
    const found = program === observed ? facts.observedFailureRate : Number(value(program, facts, () => `spec.risk.${name}`));
    if (found >= 0 && found <= 100) return tenths(found);
    throw new Fault(`spec.risk.${name}: gave ${found}, expected a number from 0 to 100`);
  };
  const factors = {
    criticality: factor('criticality'),
    magnitude: factor('magnitude'),
    blastRadius: factor('blastRadius'),
    historicalFailureRate: factor('historicalFailureRate'),
  };
  const score = riskFactors.reduce((sum, name) => sum + weights[name] * factors[name], 0);
  return { score: tenths(Math.min(100, score)), factors };
}

/** As fine as people read it, and as status repeats it without noise. */
const tenths = (number: number): number => Math.round(number * 10) / 10;

const submissionViolations = (spec: ApprovalPolicySpec, { submission }: Judged): string[] =>
  submission === undefined ? [] : submissionFaults(spec, submission);

function requestViolations({ request }: ApprovalPolicySpec, rules: PolicyRules, facts: Judged): string[] {
  const meter = new Meter(facts.meter);
  const judging = { compile: (pattern: string) => rules.patterns.get(pattern) ?? compiledPattern(pattern), meter };
  const faults = ruledFields.flatMap((field) => fieldFault(field, request?.[field], facts[field], judging) ?? []);
  // Nobody knows whether it breaks the rule: that holds, and is no refusal.
  if (meter.exceeded !== undefined) throw new Fault(`spec.request, a pattern: ${meter.exceeded}`);
  return faults.map(({ path, message }) => `${path} ${message}`);
}

function imageViolations(spec: ApprovalPolicySpec, { unpinnedImages }: Judged): string[] {
  if (!spec.pin || spec.unpinnedImages !== 'Refuse' || unpinnedImages.length === 0) return [];
  return [`images are named by a tag alone, which may change: ${unpinnedImages.slice(0, 8).join(', ')}; name them by digest (@sha256:…)`];
}
