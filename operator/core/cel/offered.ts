/**
 * What of CEL is offered. In `match.when` of Jobs the API server evaluates the same text, so what is not offered is refused when an expression is
 * compiled: better a clear no here than two answers. Not offered, of the language: optional types (`.?`), messages (`Type{…}`), quoted field
 * names, floating-point literals that begin with a dot, computed keys in a map literal, `cel.bind`, macros of two variables, and names of protobuf types. Of
 * Kubernetes' libraries: `find`, `findAll`, `format`, `quote`, `reverse`, lists (`sum`, `min`, `max`, `isSorted`, `indexOf`), sets, quantities,
 * semver, URLs, IP addresses, CIDRs, named formats, `authorizer`.
 */
export const scopes = ['policy', 'match', 'delegation'] as const;

/**
 * Which variables there are. `policy`: all of them. `match`: what the API server knows of a Job, `object` and `namespaceObject`. `delegation`: all but `risk`, for
 * what is evaluated before there is one, or without a policy.
 */
export type Scope = (typeof scopes)[number];

const withoutRisk: Readonly<Record<string, string>> = {
  object: 'dyn',
  context: 'dyn',
  operation: 'string',
  approvalRequest: 'dyn',
  requester: 'Requester',
  namespaceObject: 'Namespace',
  now: 'google.protobuf.Timestamp',
};

/** The type of every variable of a scope. */
export const variables: Readonly<Record<Scope, Readonly<Record<string, string>>>> = {
  policy: { ...withoutRisk, risk: 'Risk' },
  match: { object: 'dyn', namespaceObject: 'Namespace' },
  delegation: withoutRisk,
};

/**
 * The types of ours that have fields. The API server's type of namespaceObject is the same but for its times and its uid, which it declares as other
 * than what it then finds there.
 */
export const messages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Requester: { username: 'string', groups: 'list<string>' },
  Risk: { score: 'double', criticality: 'double', magnitude: 'double', blastRadius: 'double', historicalFailureRate: 'double' },
  NamespaceMetadata: {
    name: 'string',
    generateName: 'string',
    labels: 'map<string, string>',
    annotations: 'map<string, string>',
    generation: 'int',
    resourceVersion: 'string',
    finalizers: 'list<string>',
  },
  NamespaceSpec: { finalizers: 'list<string>' },
  NamespaceStatus: { phase: 'string' },
  Namespace: { metadata: 'NamespaceMetadata', spec: 'NamespaceSpec', status: 'NamespaceStatus' },
};

/** Names of types that an expression may compare `type()` with. */
export const typeNames: ReadonlySet<string> = new Set([
  'bool',
  'bytes',
  'double',
  'int',
  'list',
  'map',
  'null_type',
  'string',
  'type',
  'uint',
]);

/** Global functions, each of one argument. */
export const functions: ReadonlySet<string> = new Set([
  ...['bool', 'bytes', 'double', 'duration', 'dyn', 'has', 'int', 'size', 'string', 'timestamp', 'type', 'uint'],
]);

/** Macros, which bind a variable, and how many arguments they take. */
export const macros: ReadonlyMap<string, readonly number[]> = new Map([
  ['all', [2]],
  ['exists', [2]],
  ['exists_one', [2]],
  ['filter', [2]],
  ['map', [2, 3]],
]);

/** Methods, and how many arguments they take. */
export const methods: ReadonlyMap<string, readonly number[]> = new Map<string, readonly number[]>([
  ['charAt', [1]],
  ['contains', [1]],
  ['endsWith', [1]],
  ['getDate', [0, 1]],
  ['getDayOfMonth', [0, 1]],
  ['getDayOfWeek', [0, 1]],
  ['getDayOfYear', [0, 1]],
  ['getFullYear', [0, 1]],
  ['getHours', [0, 1]],
  ['getMilliseconds', [0, 1]],
  ['getMinutes', [0, 1]],
  ['getMonth', [0, 1]],
  ['getSeconds', [0, 1]],
  ['indexOf', [1, 2]],
  ['join', [0, 1]],
  ['lastIndexOf', [1, 2]],
  ['lowerAscii', [0]],
  ['matches', [1]],
  ['replace', [2, 3]],
  ['size', [0]],
  ['split', [1, 2]],
  ['startsWith', [1]],
  ['substring', [1, 2]],
  ['trim', [0]],
  ['upperAscii', [0]],
]);
