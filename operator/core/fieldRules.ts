import type { DecisionRules, FieldRule } from '../../crds/v1alpha1/index.ts';
import type { ExpressionFault } from './cel/faults.ts';
import { compiledPattern, type Pattern } from './cel/pattern.ts';
import type { FieldFault } from './questions.ts';

/** What people say of what they ask or decide, and policies may have rules for. */
export const ruledFields = ['reason', 'ticket'] as const;
export type RuledField = (typeof ruledFields)[number];
export type Said = { readonly [Field in RuledField]?: string | undefined };

/** How a pattern is compiled; whoever judges many has them compiled already. */
type Compile = (pattern: string) => Pattern | ExpressionFault;

/** What is wrong with a field that a rule is about; nothing when it is as it must be. A pattern that is none lets nothing through. */
export function fieldFaults(
  field: RuledField,
  rule: FieldRule | undefined,
  said: string | undefined,
  compile: Compile = compiledPattern,
): FieldFault[] {
  const message = rule === undefined ? undefined : faultOf(rule, said, compile);
  return message === undefined ? [] : [{ path: `spec.${field}`, message }];
}

function faultOf({ required, pattern }: FieldRule, said: string | undefined, compile: Compile): string | undefined {
  if (said === undefined || said.trim() === '') return required ? 'is missing; the policy requires one' : undefined;
  if (pattern === undefined) return undefined;
  const compiled = compile(pattern);
  if (!('matches' in compiled)) return `cannot be judged: the policy's pattern ${pattern} is no regular expression`;
  return compiled.matches(said) ? undefined : `was ${JSON.stringify(said.slice(0, 100))}; the policy requires one that matches ${pattern}`;
}

/** What a decision lacks that policies ask approvers to say, each fault once. */
export function decisionFaults(rules: readonly (DecisionRules | undefined)[], said: Said): FieldFault[] {
  const faults = ruledFields.flatMap((field) => rules.flatMap((rule) => fieldFaults(field, rule?.[field], said[field])));
  return [...new Map(faults.map((fault) => [`${fault.path} ${fault.message}`, fault])).values()];
}
