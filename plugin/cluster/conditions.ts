import type { Program } from '../../operator/core/cel/index.ts';

/**
 * How many looks' worth of steps the conditions of delegations may take of the caller's machine in one command. The core divides what one look at one request
 * may take; but a command may look at many requests, and anybody may write delegations.
 */
export const mostLooks = 20;

/** About what reading a character of an expression takes, in steps. */
const stepsPerCharacter = 10;

/**
 * The conditions of delegations, by their text, each read when it is first asked for. What cannot be told here is taken for true: where a condition reads
 * the governed object or its namespace, and where they have taken too long. The operator decides in the end, and whoever might decide should see
 * the request.
 */
export async function conditions(): Promise<(source: string) => Program> {
  // The expressions' evaluator is large, and few need it.
  const { compile, stepsPerLook } = await import('../../operator/core/cel/index.ts');
  const known = new Map<string, Program>();
  let left = mostLooks * stepsPerLook;

  const read = (source: string): Program['run'] => {
    left -= stepsPerCharacter * source.length;
    const made = compile(source, { scope: 'delegation', result: 'bool' });
    if (!('run' in made)) return () => ({ ok: false, fault: 'it does not compile' });
    return made.uses.has('object') || made.uses.has('namespaceObject') ? () => isTrue : (variables, within) => made.run(variables, within);
  };

  return (source) => {
    let run: Program['run'] | undefined;
    const made = known.get(source) ?? {
      source,
      uses: new Set<string>(),
      run: (variables, within) => {
        if (left <= 0) return isTrue;
        run ??= read(source);
        const outcome = run(variables, within);
        left -= within?.spent ?? 0;
        return outcome;
      },
    };
    known.set(source, made);
    return made;
  };
}

const isTrue = { ok: true, value: true } as const;
