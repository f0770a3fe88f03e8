import type { ApprovalPolicySpec, Stage } from '../../../crds/v1alpha1/index.ts';
import { compile, compiledPattern, type Pattern, type Program, type Scope } from '../cel/index.ts';

/** Every expression of a policy, compiled once per generation. */
export interface PolicyRules {
  /** Per entry of `match`; undefined where it has no `when`. */
  readonly match: readonly (Program | undefined)[];
  readonly validations: readonly { readonly program: Program; readonly message: string }[];
  readonly risk: Readonly<Partial<Record<RiskFactor, Program | typeof observed>>>;
  readonly autoApprove: readonly { readonly name: string; readonly program: Program }[];
  /** Per stage; undefined where it has no `when`. */
  readonly stages: readonly (Program | undefined)[];
  readonly patterns: ReadonlyMap<string, Pattern>;
  /** Whether anything but `match` reads the governed object. */
  readonly readsObject: boolean;
  /** What does not compile, each a sentence that begins with the field. Where there is any, the policy cannot be applied. */
  readonly faults: readonly string[];
}

export const riskFactors = ['criticality', 'magnitude', 'blastRadius', 'historicalFailureRate'] as const;
export type RiskFactor = (typeof riskFactors)[number];

/** The factor that is not an expression but what the operator saw of earlier runs. */
export const observed = 'Observed';

/** Compiles all that a policy says in CEL and in patterns. Never throws: what is wrong with it is in `faults`. */
export function compileRules(spec: ApprovalPolicySpec): PolicyRules {
  const compiler = new Compiler();
  const match = spec.match.map((rule, i) => compiler.optional(`spec.match[${i}].when`, rule.when, scopeOf(rule.kinds)));
  const others = {
    validations: (spec.validations ?? []).flatMap(({ expression, message }, i) =>
      compiler.compiled(`spec.validations[${i}].expression`, expression, 'policy').map((program) => ({ program, message })),
    ),
    risk: riskOf(spec, compiler),
    autoApprove: (spec.autoApprove ?? []).flatMap(({ name, when }, i) =>
      compiler.compiled(`spec.autoApprove[${i}].when`, when, 'policy').map((program) => ({ name, program })),
    ),
    stages: (spec.stages ?? []).map((stage: Stage, i) => compiler.optional(`spec.stages[${i}].when`, stage.when, 'policy')),
  };
  const patterns = compiler.patterns(spec);
  return { match, ...others, patterns, readsObject: readsObject(others), faults: compiler.faults };
}

/** What the API server evaluates knows less. */
export const scopeOf = (kinds: readonly string[]): Scope => (kinds.includes('Job') ? 'match' : 'delegation');

function riskOf({ risk }: ApprovalPolicySpec, compiler: Compiler): PolicyRules['risk'] {
  if (risk === undefined) return {};
  return Object.fromEntries(
    riskFactors.flatMap((factor): [RiskFactor, Program | typeof observed][] => {
      const source = risk[factor];
      if (source === undefined) return [];
      if (factor === 'historicalFailureRate' && source === observed) return [[factor, observed]];
      return compiler.compiled(`spec.risk.${factor}`, source, 'delegation', 'number').map((program) => [factor, program]);
    }),
  );
}

function readsObject({ validations, risk, autoApprove, stages }: Pick<PolicyRules, 'validations' | 'risk' | 'autoApprove' | 'stages'>) {
  const all = [...validations.map((v) => v.program), ...Object.values(risk), ...autoApprove.map((a) => a.program), ...stages];
  return all.some((program) => program !== undefined && program !== observed && program.uses.has('object'));
}

class Compiler {
  readonly faults: string[] = [];

  optional(path: string, source: string | undefined, scope: Scope): Program | undefined {
    return source === undefined ? undefined : this.compiled(path, source, scope)[0];
  }

  /** One program, or none when it does not compile. */
  compiled(path: string, source: string, scope: Scope, result: 'bool' | 'number' = 'bool'): Program[] {
    const made = compile(source, { scope, result });
    if ('run' in made) return [made];
    this.faults.push(`${path}: line ${made.line}, column ${made.column}: ${made.message}`);
    return [];
  }

  patterns({ request, decision }: ApprovalPolicySpec): Map<string, Pattern> {
    const found = new Map<string, Pattern>();
    for (const [path, rules] of Object.entries({ 'spec.request': request, 'spec.decision': decision })) {
      for (const field of ['reason', 'ticket'] as const) {
        const pattern = rules?.[field]?.pattern;
        if (pattern === undefined) continue;
        const made = compiledPattern(pattern);
        if ('matches' in made) found.set(pattern, made);
        else this.faults.push(`${path}.${field}.pattern: ${made.message}`);
      }
    }
    return found;
  }
}
