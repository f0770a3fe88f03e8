import { describe, expect } from 'vitest';
import { untilNoticed } from '../fixtures/bindings.ts';
import { test } from '../fixtures/inNamespace.ts';
import { matchRequests, oneOf, resources, type TestNamespace } from '../fixtures/world.ts';

const window = (more: object = {}): object => ({
  name: 'nights',
  schedule: '0 22 * * *',
  duration: '4h',
  timeZone: 'Europe/Berlin',
  ...more,
});
const asks = (count: number, ...users: string[]): object => ({ count, from: users.map((user) => ({ user })) });

/** Each is taken by the schema of the kind, and wrong all the same. */
const faulty: readonly [string, object, RegExp][] = [
  [
    'an unknown variable',
    { validations: [{ expression: 'amount > 1', message: 'm' }] },
    /spec\.validations\[0\]\.expression: line 1, column 1: .*amount/,
  ],
  [
    'an expression of the wrong type',
    { autoApprove: [{ name: 'a', when: '1 + 1' }] },
    /spec\.autoApprove\[0\]\.when: line 1, column 1: .*expected a bool/,
  ],
  [
    'a function that there is not',
    { validations: [{ expression: 'context.amount.isBig()', message: 'm' }] },
    /spec\.validations\[0\]\.expression: line 1, column \d+: .*isBig/,
  ],
  [
    'a number that no int can hold',
    { validations: [{ expression: 'context.amount < 99999999999999999999', message: 'm' }] },
    /spec\.validations\[0\]\.expression: line 1, column \d+: /,
  ],
  [
    'a condition on Jobs of which nobody knows that it is true or false',
    { match: [{ apiGroups: ['batch'], kinds: ['Job'], when: 'object.spec.suspend' }] },
    /spec\.match\[0\]\.when: line 1, column 1: it may be of any type, expected a bool/,
  ],
  [
    'a variable in a condition on Jobs that the API server does not know',
    { match: [{ apiGroups: ['batch'], kinds: ['Job'], when: 'context.amount > 1' }] },
    /spec\.match\[0\]\.when: line 1, column 1: context is not known here; expected one of object, namespaceObject/,
  ],
  [
    'a fault in the second line',
    { stages: [{ ...oneOf('a', { group: 'g' }), when: 'context.amount > 1 &&\n  operatn == "wire"' }] },
    /spec\.stages\[0\]\.when: line 2, column 3: /,
  ],
  [
    'a factor of the risk that is no number',
    { risk: { magnitude: 'operation' } },
    /spec\.risk\.magnitude: line 1, column 1: .*expected a number/,
  ],
  ['a pattern that is not RE2', { request: { ticket: { required: true, pattern: '(?=x)' } } }, /spec\.request\.ticket\.pattern: /],
  ['a day that never comes', { freeze: [window({ schedule: '0 0 31 2 *' })] }, /spec\.freeze\[0\]\.schedule: .*never happens/],
  [
    'a zone that there is not',
    { releaseWindows: [window({ timeZone: 'Europe/Atlantis' })] },
    /spec\.releaseWindows\[0\]\.timeZone: "Europe\/Atlantis" is not a time zone/,
  ],
  ['a freeze that never ends', { freeze: [window({ schedule: '* * * * *' })] }, /spec\.freeze: leaves no time/],
  [
    'freezes that overlap and leave no gap',
    {
      freeze: [
        window({ schedule: '0 0 * * *', duration: '14h' }),
        window({ name: 'days', schedule: '0 12 * * *', duration: '14h', timeZone: 'Etc/UTC' }),
      ],
    },
    /spec\.freeze: leaves no time/,
  ],
  [
    'windows that are all inside a freeze',
    { freeze: [window({ schedule: '0 20 * * *', duration: '10h' })], releaseWindows: [window()] },
    /spec\.(freeze|releaseWindows): leave/,
  ],
  ['two windows of one name', { freeze: [window(), window()] }, /spec\.freeze\[1\]: Duplicate value/],
  [
    'hours of a zone that there is not',
    { businessHours: { days: ['MON'], from: '09:00', to: '17:00', timeZone: 'CEST' } },
    /spec\.businessHours\.timeZone: "CEST" is not a time zone/,
  ],
  [
    'hours that end before they begin',
    { businessHours: { days: ['MON'], from: '17:00', to: '09:00' } },
    /spec\.businessHours\.to: was "09:00", expected later/,
  ],
  [
    'more places than people',
    { stages: [{ name: 'a', require: [asks(3, 'bob', 'carol')] }] },
    /spec\.stages\[0\]\.require\[0\]: Invalid value: nobody can satisfy it: count is more than the people in from/,
  ],
  [
    'an escalation to too few',
    { stages: [{ ...oneOf('a', { group: 'g' }), timeout: '1h', onTimeout: 'Escalate', escalation: asks(2, 'bob') }] },
    /spec\.stages\[0\]\.escalation\.count: was 2, but from names only 1 person \(bob\)/,
  ],
  [
    'one person for two places',
    { stages: [{ name: 'a', require: [asks(1, 'bob'), asks(1, 'bob')] }] },
    /spec\.stages\[0\]\.require\[1\]: nobody can satisfy it/,
  ],
  [
    'one person for two stages',
    {
      stages: [
        { name: 'a', require: [asks(1, 'bob')] },
        { name: 'b', require: [asks(1, 'bob')] },
      ],
    },
    /spec\.stages\[1\]\.require\[0\]: nobody can satisfy it/,
  ],
];

const policy = (name: string, spec: object): object => ({
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'ApprovalPolicy',
  metadata: { name },
  spec: { match: matchRequests, ...spec },
});

/** Puts a policy there as its namespace's owner does. */
async function create(ns: TestNamespace, name: string, spec: object): Promise<unknown> {
  // The first thing that anybody does in this namespace: the API server may not know its owners yet.
  await untilNoticed(ns.admin, ns.name, await ns.get(resources.roleBindings, 'owners'));
  return (await ns.as('olga', [], 'owners')).create(resources.approvalPolicies, ns.name, policy(name, spec));
}

describe('a policy is refused when it is written', () => {
  test.for(faulty)('with %s', async ([, spec, message], { ns }) => {
    await expect(create(ns, 'faulty', spec)).rejects.toThrow(message);
    const { items } = await ns.admin.list(resources.approvalPolicies, { namespace: ns.name });
    expect(items).toEqual([]);
  });

  test('with everything that is wrong, at once', async ({ ns }) => {
    const wrong = {
      ...faulty[0]?.[1],
      freeze: [window({ schedule: '0 0 31 2 *' })],
      stages: [{ name: 'a', require: [asks(1, 'bob'), asks(1, 'bob')] }],
    };
    await expect(create(ns, 'faulty', wrong)).rejects.toThrow(
      /spec\.validations\[0\]\.expression: .*; spec\.stages\[0\]\.require\[1\]: .*; spec\.freeze\[0\]\.schedule: /,
    );
  });

  test('and when it is changed, and stays what it was', async ({ ns }) => {
    await create(ns, 'fine', { stages: [oneOf('a', { group: 'g' })] });
    const owner = await ns.as('olga', [], 'owners');
    const change = owner.patch(
      resources.approvalPolicies,
      { namespace: ns.name, name: 'fine' },
      { spec: { freeze: [window({ timeZone: 'Europe/Atlantis' })] } },
      { type: 'merge' },
    );
    await expect(change).rejects.toThrow('spec.freeze[0].timeZone: "Europe/Atlantis" is not a time zone');
    expect((await ns.get(resources.approvalPolicies, 'fine'))['spec']).not.toHaveProperty('freeze');
  });

  test('for the whole cluster just the same', async ({ ns }) => {
    const object = { ...policy(`faulty-${ns.name}`, { autoApprove: [{ name: 'a', when: '1' }] }), kind: 'ClusterApprovalPolicy' };
    await expect(ns.admin.create(resources.clusterApprovalPolicies, undefined, object)).rejects.toThrow(
      /spec\.autoApprove\[0\]\.when: line 1/,
    );
  });
});

describe('a policy that is right', () => {
  test('is taken, windows and expressions and all, and enforced', async ({ ns }) => {
    await ns.policy('right', {
      match: [{ ...matchRequests[0], when: 'context.amount > 1000' }],
      validations: [{ expression: 'context.amount <= 1000000', message: 'too much' }],
      risk: { magnitude: 'context.amount / 1000', historicalFailureRate: 'Observed' },
      autoApprove: [{ name: 'never', when: 'false' }],
      stages: [
        { ...oneOf('a', { group: 'g' }), when: 'risk.score > 10.0' },
        { name: 'b', require: [asks(2, 'bob', 'carol')] },
      ],
      freeze: [window({ name: 'weekend', schedule: '0 18 * * FRI', duration: '60h' })],
      releaseWindows: [window()],
      businessHours: { days: ['MON', 'TUE'], from: '09:00', to: '17:00', timeZone: 'America/New_York' },
    });
  });
});
