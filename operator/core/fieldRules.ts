import type { DecisionRules, FieldRule } from '../../crds/v1alpha1/index.ts';
import type { ExpressionFault } from './cel/faults.ts';
import { Meter } from './cel/meter.ts';
import { compiledPattern, type Pattern } from './cel/pattern.ts';
import type { FieldFault } from './questions.ts';

/** What people say of what they ask or decide, and policies may have rules for. */
export const ruledFields = ['reason', 'ticket'] as const;
export type RuledField = (typeof ruledFields)[number];
export type Said = { readonly [Field in RuledField]?: string | undefined };

/** With what fields are judged. */
interface Judging {
  /** How a pattern is compiled; whoever judges many has them compiled already. */
  readonly compile?: (pattern: string) => Pattern | ExpressionFault;
  /** What trying patterns may cost. */
  readonly meter?: Meter;
}

/** What is wrong with a field that a rule is about; undefined when it is as it must be. A pattern that is none lets nothing through. */
export function fieldFault(
  field: RuledField,
  rule: FieldRule | undefined,
  said: string | undefined,
  judging: Judging = {},
): FieldFault | undefined {
  const message = rule === undefined ? undefined : faultOf(rule, said, judging);
  return message === undefined ? undefined : { path: `spec.${field}`, message };
}

function faultOf({ required, pattern }: FieldRule, said: string | undefined, { compile = compiledPattern, meter = new Meter() }: Judging) {
  if (said === undefined || said.trim() === '') return required ? 'is missing; the policy requires one' : undefined;
  if (pattern === undefined) return undefined;
  const compiled = compile(pattern);
  if (!('matches' in compiled)) return `cannot be judged: the policy's pattern ${pattern} is no regular expression`;
  if (compiled.matches(said, meter)) return undefined;
  if (meter.exceeded !== undefined) return `cannot be held against the policy's pattern ${pattern}: ${meter.exceeded}`;
  return `was ${JSON.stringify(said.slice(0, 100))}; the policy requires one that matches ${pattern}`;
}

/** What policies ask of a field; several often ask for the same, which is held against it once. */
export const distinctRules = (rules: readonly (DecisionRules | undefined)[], field: RuledField): FieldRule[] => [
  ...new Map(rules.flatMap((rule) => rule?.[field] ?? []).map((rule) => [`${rule.required} ${rule.pattern ?? ''}`, rule])).values(),
];

/** What a decision lacks that policies ask approvers to say, each fault once. */
export function decisionFaults(rules: readonly (DecisionRules | undefined)[], said: Said, meter = new Meter()): FieldFault[] {
  const faults = ruledFields.flatMap((field) =>
    distinctRules(rules, field).flatMap((rule) => fieldFault(field, rule, said[field], { meter }) ?? []),
  );
  return [...new Map(faults.map((fault) => [`${fault.path} ${fault.message}`, fault])).values()];
}
