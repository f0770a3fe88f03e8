import { Environment } from '@marcbachmann/cel-js';
import { messages, type Scope, scopes, variables } from './offered.ts';

/** The most an expression may be made of. The parser stops there, so that reading one is bounded as well. */
export const limits = {
  /** Characters. */
  source: 4096,
  nodes: 1000,
  depth: 64,
  /** Macros within macros. The types of what they bind may double with each. */
  macros: 8,
} as const;

const notCalled = (): never => {
  throw new Error('expressions are parsed and checked by the library, and evaluated by us');
};

const time = 'google.protobuf.Timestamp';
const span = 'google.protobuf.Duration';

/** What CEL and Kubernetes have and the library does not know: for its type checker alone. */
const declared = [
  'int(uint): int',
  `int(${time}): int`,
  `string(${time}): string`,
  `string(${span}): string`,
  `timestamp(${time}): ${time}`,
  `duration(${span}): ${span}`,
  'string.charAt(int): string',
  'string.replace(string, string): string',
  'string.replace(string, string, int): string',
];

/** A parser and type checker that knows these variables, by the names of their types. */
export function environmentWith(variables: Readonly<Record<string, string>>): Environment {
  const environment = new Environment({
    // Ours is to say which literals may be mixed; the library's rule refuses [object.a, 1].
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: false,
    unlistedVariablesAreDyn: false,
    limits: { maxAstNodes: limits.nodes, maxDepth: limits.depth, maxListElements: 512, maxMapEntries: 512, maxCallArguments: 8 },
  });
  for (const [name, fields] of Object.entries(messages)) environment.registerType(name, { fields });
  for (const signature of declared) environment.registerFunction(signature, notCalled, { async: false });
  for (const operator of ['<', '<=', '>', '>=']) environment.registerOperator(`bytes ${operator} bytes`, notCalled);
  for (const [name, type] of Object.entries(variables)) environment.registerVariable(name, type);
  return environment;
}

/** Of each scope. Making one takes a while and they hold no state of a caller's, so there is one each. */
export const environments = Object.fromEntries(scopes.map((scope) => [scope, environmentWith(variables[scope])])) as Record<
  Scope,
  Environment
>;
