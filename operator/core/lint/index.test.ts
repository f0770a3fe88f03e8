import { describe, expect, it } from 'vitest';
import { ApprovalPolicySpec } from '../../../crds/v1alpha1/index.ts';
import { faultText, policyFaults } from './index.ts';

type Given = Record<string, unknown>;

const faultsOf = (spec: Given, kind: 'ApprovalPolicy' | 'ClusterApprovalPolicy' = 'ApprovalPolicy'): string[] =>
  policyFaults(ApprovalPolicySpec.parse({ match: [{ apiGroups: ['batch'], kinds: ['Job'] }], ...spec }), { kind }).map(faultText);

const requests = [{ apiGroups: ['countersign.dev'], kinds: ['ApprovalRequest'] }];
const stage = (more: Given = {}): Given => ({ name: 'finance', require: [{ count: 1, from: [{ group: 'finance' }] }], ...more });
const window = (more: Given = {}): Given => ({
  name: 'nights',
  schedule: '0 22 * * *',
  duration: '4h',
  timeZone: 'Europe/Berlin',
  ...more,
});

describe('a policy without a fault', () => {
  it.each<[string, Given]>([
    ['that says nothing but what it governs', {}],
    ['that asks one group', { stages: [stage()] }],
    ['that looks at a Job', { match: [{ apiGroups: ['batch'], kinds: ['Job'], when: "object.metadata.name.startsWith('wire-')" }] }],
    [
      'that uses everything',
      {
        match: [{ ...requests[0], when: "context.amount > 1000 && requester.groups.exists(g, g == 'dev')" }],
        validations: [{ expression: 'context.amount <= 1000000', message: 'too much' }],
        risk: { criticality: '80', magnitude: 'context.amount / 1000.0', historicalFailureRate: 'Observed' },
        autoApprove: [{ name: 'small', when: 'risk.score < 20.0 && context.amount <= 1000' }],
        stages: [stage({ when: "namespaceObject.metadata.labels['tier'] == 'prod'", timeout: '24h' })],
        request: { reason: { required: true }, ticket: { required: true, pattern: '^CHG-[0-9]+$' } },
        decision: { reason: { pattern: '.{10,}' } },
        freeze: [window({ name: 'weekend', schedule: '0 18 * * FRI', duration: '60h' })],
        releaseWindows: [window()],
        businessHours: { days: ['MON'], from: '09:00', to: '17:00', timeZone: 'Europe/Berlin' },
      },
    ],
    ['that never agrees on its own', { autoApprove: [{ name: 'never', when: 'false' }], stages: [stage()] }],
    [
      'that shares out all of the weight',
      { risk: { weights: { criticality: 0.1, magnitude: 0.2, blastRadius: 0.3, historicalFailureRate: 0.4 } } },
    ],
  ])('%s', (_name, spec) => {
    expect(faultsOf(spec)).toEqual([]);
  });
});

describe('a policy with a fault', () => {
  it.each<[string, Given, string | RegExp]>([
    // Expressions
    [
      'an unknown variable',
      { validations: [{ expression: 'contxt.amount > 1', message: 'm' }] },
      /^spec\.validations\[0\]\.expression: line 1, column 1: .*contxt/,
    ],
    ['an unknown function', { stages: [stage({ when: 'exec(operation)' })] }, /^spec\.stages\[0\]\.when: line 1, column \d+: .*exec/],
    ['a text that is no expression', { stages: [stage({ when: 'context.amount >' })] }, /^spec\.stages\[0\]\.when: line 1, column \d+: /],
    [
      'a fault in the second line',
      { stages: [stage({ when: 'context.amount > 1 &&\n  operatn == "wire"' })] },
      /^spec\.stages\[0\]\.when: line 2, column 3: .*operatn/,
    ],
    [
      'a number where a bool is expected',
      { autoApprove: [{ name: 'a', when: '1 + 1' }] },
      /^spec\.autoApprove\[0\]\.when: line 1, column 1: .*int.*bool/,
    ],
    [
      'a bool where a number is expected',
      { risk: { magnitude: 'operation == "wire"' } },
      /^spec\.risk\.magnitude: line 1, column 1: .*bool.*number/,
    ],
    ['types that do not go together', { stages: [stage({ when: 'operation > 1000' })] }, /^spec\.stages\[0\]\.when: line 1, column \d+: /],
    [
      'a field that there is not',
      { stages: [stage({ when: "requester.user == 'alice'" })] },
      /^spec\.stages\[0\]\.when: line 1, column \d+: .*user/,
    ],
    [
      'a number beyond what fits',
      { stages: [stage({ when: 'context.amount > 99999999999999999999' })] },
      /^spec\.stages\[0\]\.when: line 1, column \d+: /,
    ],
    [
      'the requester in what the API server evaluates',
      { match: [{ apiGroups: ['batch'], kinds: ['Job'], when: "requester.username == 'alice'" }] },
      /^spec\.match\[0\]\.when: line 1, column 1: .*requester/,
    ],
    ['the risk in what the risk is made of', { risk: { criticality: 'risk.score' } }, /^spec\.risk\.criticality: line 1, column 1: .*risk/],
    [
      'an expression that is too deep',
      { stages: [stage({ when: `${'('.repeat(500)}true${')'.repeat(500)}` })] },
      /^spec\.stages\[0\]\.when: line 1, column \d+: /,
    ],
    // Patterns
    ['a pattern that is open', { request: { ticket: { required: true, pattern: 'CHG-(' } } }, /^spec\.request\.ticket\.pattern: /],
    ['a pattern that is not RE2', { decision: { reason: { required: false, pattern: '(?=x)' } } }, /^spec\.decision\.reason\.pattern: /],
    [
      'a pattern that explodes',
      { request: { reason: { required: true, pattern: '((a{1000}){1000}){1000}' } } },
      /^spec\.request\.reason\.pattern: /,
    ],
    // Windows and hours
    [
      'a schedule of a day that never comes',
      { freeze: [window({ schedule: '0 0 31 2 *' })] },
      'spec.freeze[0].schedule: "0 0 31 2 *" never happens, as no month has such a day; expected days that exist',
    ],
    [
      'a schedule of four fields',
      { releaseWindows: [window({ schedule: '0 22 * *x' }), window({ name: 'b' })] },
      /^spec\.releaseWindows\[0\]\.schedule: "0 22 \* \*x" has 4 fields, expected five/,
    ],
    [
      'a zone that there is not',
      { freeze: [window(), window({ name: 'b', timeZone: 'Europe/Atlantis' })] },
      /^spec\.freeze\[1\]\.timeZone: "Europe\/Atlantis" is not a time zone/,
    ],
    [
      'a freeze that never ends',
      { freeze: [window({ schedule: '0 0 * * *', duration: '24h', timeZone: 'Etc/UTC' })] },
      /^spec\.freeze: leaves no time/,
    ],
    [
      'a release window inside the freeze',
      { freeze: [window({ duration: '5h' })], releaseWindows: [window()] },
      /^spec\.releaseWindows: leave no time outside of freeze/,
    ],
    [
      'hours that end before they begin',
      { businessHours: { days: ['MON'], from: '17:00', to: '09:00' } },
      'spec.businessHours.to: was "09:00", expected later than from, which is "17:00"',
    ],
    [
      'hours of a zone that there is not',
      { businessHours: { days: ['MON'], from: '09:00', to: '17:00', timeZone: 'Berlin' } },
      /^spec\.businessHours\.timeZone: "Berlin" is not a time zone/,
    ],
    // People
    [
      'two of a list of one',
      { stages: [stage({ require: [{ count: 2, from: [{ user: 'bob' }] }] })] },
      'spec.stages[0].require[0].count: was 2, but from names only 1 person (bob), so nobody can satisfy it; lower count, or add people or a group to from',
    ],
    [
      'two stages that both need bob',
      {
        stages: [
          stage({ require: [{ count: 1, from: [{ user: 'bob' }] }] }),
          stage({ name: 'second', require: [{ count: 1, from: [{ user: 'bob' }] }] }),
        ],
      },
      /^spec\.stages\[1\]\.require\[0\]: nobody can satisfy it: it asks, together with spec\.stages\[0\]\.require\[0\], for 2 different people, but there are only 1 person \(bob\)/,
    ],
    // Names and numbers
    [
      'the same stage twice',
      { stages: [stage(), stage()] },
      'spec.stages[1].name: was finance, which is the name of spec.stages[0] already; expected another one',
    ],
    [
      'the same window twice',
      { freeze: [window(), window()] },
      'spec.freeze[1].name: was nights, which is the name of spec.freeze[0] already; expected another one',
    ],
    [
      'weights of more than one',
      { risk: { weights: { criticality: 1, magnitude: 0.5, blastRadius: 0, historicalFailureRate: 0 } } },
      /^spec\.risk\.weights: are 1\.5 together, expected at most 1/,
    ],
    [
      'namespaces for a policy that has one',
      { match: [{ apiGroups: ['batch'], kinds: ['Job'], namespaceSelector: {} }] },
      /^spec\.match\[0\]\.namespaceSelector: is for a ClusterApprovalPolicy only/,
    ],
  ])('tells of %s', (_name, spec, fault) => {
    expect(faultsOf(spec)).toEqual([typeof fault === 'string' ? fault : expect.stringMatching(fault)]);
  });

  it('tells of all of them at once', () => {
    const spec = {
      validations: [{ expression: 'nothing', message: 'm' }],
      stages: [stage({ when: '1' }), stage({ name: 'b', require: [{ count: 2, from: [{ user: 'bob' }] }] })],
      request: { ticket: { pattern: '(' } },
      freeze: [window({ timeZone: 'Nowhere' })],
    };
    expect(faultsOf(spec).map((fault) => fault.split(':')[0])).toEqual([
      'spec.validations[0].expression',
      'spec.stages[0].when',
      'spec.request.ticket.pattern',
      'spec.stages[1].require[0].count',
      'spec.freeze[0].timeZone',
    ]);
  });

  const nested = (depth: number): string =>
    `${Array.from({ length: depth }, (_, i) => `[1,2,3].all(x${i}, `).join('')}true${')'.repeat(depth)}`;

  it.each<[string, string, RegExp]>([
    ['loops within loops', nested(9), /^spec\.stages\[0\]\.when: line 1, column \d+: macros may be nested 8 deep at most$/],
    ['more brackets than a stack holds', '['.repeat(4_000), /^spec\.stages\[0\]\.when: line 1, column \d+: /],
  ])('is told of in plain words where it would hang another: %s', (_name, when, fault) => {
    expect(faultsOf({ stages: [stage({ when })] })).toEqual([expect.stringMatching(fault)]);
  });

  it.each<[string, string]>([
    ['six loops, whose work is measured when they run', nested(6)],
    ['a pattern that backtracks elsewhere', `"${'a'.repeat(4_000)}".matches("(a+)+$")`],
  ])('is not what would only hang another: %s', (_name, when) => {
    expect(faultsOf({ stages: [stage({ when })] })).toEqual([]);
  });
});

describe('a cluster policy', () => {
  it('may select namespaces', () => {
    expect(faultsOf({ match: [{ apiGroups: ['batch'], kinds: ['Job'], namespaceSelector: {} }] }, 'ClusterApprovalPolicy')).toEqual([]);
  });
});
