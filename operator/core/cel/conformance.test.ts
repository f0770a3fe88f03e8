import { expect, it } from 'vitest';
import { conformanceCases } from '../../../test/fixtures/cel/conformance.ts';

/**
 * What of the public CEL specification is not offered, how many of its cases are about that, and how such a case is told (by its path, expression and
 * fault; the first that fits). The counts are exact, so that neither offering less nor offering more goes unnoticed.
 */
const notOffered: readonly (readonly [reason: string, cases: number, sign: RegExp])[] = [
  ['protobuf messages, wrappers and enums', 548, /^(dynamic|enums|proto2|proto3|proto2_ext|wrappers)\//],
  ['optional types', 76, /^optionals\/|optional is not known/],
  ['what Kubernetes has not either: math, encoders, cel.bind, cel.block', 245, /^(math_ext|encoders_ext|bindings_ext|block_ext)\//],
  ['macros of two variables', 45, /^macros2\//],
  ['format and quote', 113, /^string_ext\/(format|format_errors|quote)\//],
  [
    'protobuf messages and containers of names, in other sections',
    128,
    /TestAllTypes|google\.protobuf|protobuf|a container of names|enums/,
  ],
  [
    'mixed types where both are known, which Kubernetes refuses as well',
    40,
    /must be of one type|Ternary branches|Logical operator requires|no such overload: \S+ [!=]= |write dyn\(\[\]\)|Cannot index type 'undefined'/,
  ],
  ['field names in backticks', 6, /Unexpected character: `/],
  ['names with dots, or of what is no value', 12, /a variable called|dyn is not known/],
  ['some ways to write literals', 22, /written in ASCII|Unexpected token: DOT|raw string|bytes_literals\/(upper_)?raw/],
  [
    'names that are not declared, which the specification finds only when it runs',
    21,
    /\/(self_eval_unbound_lookup|unbound.*|receiver_function_names)/,
  ],
  ['too many arguments, which is a failure there too', 4, /type_errors\/.*arguments is not offered/],
];

/** Where the API server, whose CEL is newer or older than the specification, does otherwise; ours does as it does. */
const otherwise = [
  'string_ext/value_errors/indexof_out_of_range',
  'string_ext/value_errors/lastindexof_out_of_range',
  'timestamps/duration_converters/get_milliseconds',
];

const results = conformanceCases().map((one) => ({ ...one, outcome: one.outcome() }));
const agreeing = results.filter(({ outcome }) => outcome === 'agrees');

it('gives what the public CEL specification says, in every case that is about what is offered', () => {
  const differing = results.filter(({ outcome }) => outcome.startsWith('differs'));
  expect(differing.map(({ path }) => path).sort()).toEqual(otherwise);
  expect(agreeing).toHaveLength(results.length - differing.length - notOffered.reduce((sum, [, cases]) => sum + cases, 0));
  expect(agreeing.length).toBeGreaterThan(1000);
});

it('refuses what it does not offer, and nothing else', () => {
  const counted = new Map<string, number>();
  for (const { path, expression, outcome } of results) {
    if (!outcome.startsWith('refused')) continue;
    const [reason] = notOffered.find(([, , sign]) => sign.test(`${path} ${expression} ${outcome}`)) ?? [`unexplained: ${path} ${outcome}`];
    counted.set(reason, (counted.get(reason) ?? 0) + 1);
  }
  expect(Object.fromEntries(counted)).toEqual(Object.fromEntries(notOffered.map(([reason, cases]) => [reason, cases])));
});

it('agrees in whole sections: strings, lists and numbers', () => {
  const sections = ['string', 'lists', 'integer_math', 'fp_math'];
  for (const section of sections) {
    const cases = results.filter(({ path }) => path.startsWith(`${section}/`));
    expect(cases.length).toBeGreaterThan(25);
    expect(cases.filter(({ outcome }) => outcome !== 'agrees')).toEqual([]);
  }
});
