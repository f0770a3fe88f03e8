import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { policyMark, type MatchRule } from '../../crds/v1alpha1/index.ts';
import { compile, podsGuardName, unmarkedGuardName, type GuardOptions } from './compile.ts';
import type { GuardedPolicy } from './governed.ts';
import { compileHoldWebhooks, holdPath, targetOfPath, type HoldTarget, type HoldWebhookOptions } from './holdWebhooks.ts';
import { guardLabels, guardName, guardOf, type GuardObject } from './objects.ts';
import { obsolete, type StoredGuard } from './obsolete.ts';
import { labelsFor, probeJob } from './probe.ts';

const inServer: GuardOptions = {
  holdMode: 'MutatingAdmissionPolicy',
  operatorUser: 'system:serviceaccount:countersign-system:countersign',
};
const byWebhook: GuardOptions = { ...inServer, holdMode: 'Webhook' };
const jobs = (more: Partial<MatchRule> = {}): MatchRule => ({ apiGroups: ['batch'], kinds: ['Job'], ...more });
const payments = (...match: MatchRule[]): GuardedPolicy => ({ kind: 'ApprovalPolicy', namespace: 'payments', name: 'tiers', match });
const everywhere = (...match: MatchRule[]): GuardedPolicy => ({ kind: 'ClusterApprovalPolicy', name: 'tiers', match });
const own = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'payments' } } };
const prod = { objectSelector: { matchLabels: { tier: 'prod' } } };

const kindsOf = (guards: readonly GuardObject[]): string[] => guards.map(({ kind }) => kind);
const selectionsOf = (guards: readonly GuardObject[], kind: GuardObject['kind']): unknown[] =>
  guards.filter((guard) => guard.kind === kind).map((guard) => guard.spec?.['matchResources']);
const stored = (guards: readonly GuardObject[]): StoredGuard[] =>
  guards.map(({ kind, metadata }) => ({ kind, name: metadata.name, labels: metadata.labels }));

test('the guards of a policy are these, word for word', async () => {
  const guards = compile(payments(jobs(prod)), inServer);
  await expect(guards.map((guard) => stringify(guard)).join('---\n')).toMatchFileSnapshot('./golden/policy.golden');
});

test('the hold webhooks of two policies are these, word for word', async () => {
  const configuration = compileHoldWebhooks([payments(jobs(prod)), everywhere(jobs())], {
    client: { service: { namespace: 'countersign-system', name: 'countersign-admission' }, caBundle: 'Q0E=' },
    evaluate: 'APIServer',
    operatorUser: inServer.operatorUser,
  });
  await expect(stringify(configuration)).toMatchFileSnapshot('./golden/holdWebhooks.golden');
});

describe('what a policy compiles to', () => {
  test('what holds comes before what refuses', () => {
    expect(kindsOf(compile(payments(jobs()), inServer))).toEqual([
      'MutatingAdmissionPolicy',
      'MutatingAdmissionPolicyBinding',
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
      'ValidatingAdmissionPolicyBinding',
      'ValidatingAdmissionPolicyBinding',
    ]);
  });

  test('in hold mode Webhook nothing mutates in the API server', () => {
    expect(kindsOf(compile(payments(jobs()), byWebhook))).toEqual([
      'ValidatingAdmissionPolicy',
      'ValidatingAdmissionPolicyBinding',
      'ValidatingAdmissionPolicyBinding',
      'ValidatingAdmissionPolicyBinding',
    ]);
  });

  test.each<[string, GuardedPolicy, unknown[]]>([
    ['a namespaced policy governs its own namespace alone', payments(jobs()), [own]],
    [
      'a namespaced policy that names other namespaces still governs its own alone',
      payments(jobs({ namespaceSelector: { matchLabels: { a: 'b' } } })),
      [own],
    ],
    ['a rule with an object selector selects by it as well', payments(jobs(prod)), [{ ...own, ...prod }]],
    [
      'each rule has a binding',
      everywhere(jobs(prod), jobs({ namespaceSelector: { matchLabels: { a: 'b' } } })),
      [prod, { namespaceSelector: { matchLabels: { a: 'b' } } }],
    ],
    ['rules that say the same share a binding', everywhere(jobs(prod), jobs(prod)), [prod]],
    ['a rule without selectors selects everything', everywhere(jobs()), [{}]],
    ['rules for other kinds bind nothing here', everywhere({ apiGroups: ['countersign.dev'], kinds: ['GovernedJob'] }, jobs(prod)), [prod]],
  ])('%s', (_name, policy, expected) => {
    expect(selectionsOf(compile(policy, inServer), 'MutatingAdmissionPolicyBinding')).toEqual(expected);
  });

  test('the backstop is bound just as the hold is', () => {
    const guards = compile(everywhere(jobs(prod), jobs({ namespaceSelector: { matchLabels: { a: 'b' } } })), inServer);
    const backstop = guards.find(({ kind }) => kind === 'ValidatingAdmissionPolicy')!;
    const bound = guards.filter((g) => g.spec?.['policyName'] === backstop.metadata.name).map((g) => g.spec?.['matchResources']);
    expect(bound).toEqual(selectionsOf(guards, 'MutatingAdmissionPolicyBinding'));
  });

  test.each<[string, MatchRule, number]>([
    ['Jobs', jobs(prod), 1],
    ['GovernedJobs', { apiGroups: ['countersign.dev'], kinds: ['GovernedJob'] }, 1],
    ['requests alone', { apiGroups: ['countersign.dev'], kinds: ['ApprovalRequest'] }, 0],
  ])('the guard of pods is bound where a policy governs %s: %o, %i times', (_name, rule, times) => {
    const bound = compile(payments(rule), inServer).filter((g) => g.spec?.['policyName'] === podsGuardName);
    expect(bound.map((g) => g.spec?.['matchResources'])).toEqual(Array.from({ length: times }, () => own));
  });

  test('Jobs without marks are looked at where a policy governs, and nowhere else', () => {
    const bound = compile(payments(jobs(prod)), inServer).filter((g) => g.spec?.['policyName'] === unmarkedGuardName);
    expect(bound.map((g) => g.spec?.['matchResources'])).toEqual([own]);
  });

  test('a policy for requests alone compiles to nothing', () => {
    expect(compile(payments({ apiGroups: ['countersign.dev'], kinds: ['ApprovalRequest'] }), inServer)).toEqual([]);
  });

  test("every guard says whose it is, and is nobody's to collect", () => {
    const policy = payments(jobs());
    for (const { metadata } of compile(policy, inServer)) {
      expect(metadata.labels).toMatchObject({ [guardLabels.guard]: 'policy', [guardLabels.guardOf]: guardOf(policy) });
      expect(metadata.annotations).toEqual({ 'countersign.dev/policy': 'ApprovalPolicy payments/tiers' });
      expect(metadata).not.toHaveProperty('ownerReferences');
    }
  });
});

describe('names', () => {
  test('a changed selector has a binding beside the old one, and the policies stay what they were', () => {
    const [before, after] = [compile(payments(jobs()), inServer), compile(payments(jobs(prod)), inServer)];
    const policies = (guards: readonly GuardObject[]) => guards.filter(({ kind }) => !kind.endsWith('Binding'));
    expect(policies(after)).toEqual(policies(before));
    expect(obsolete(after, stored(before)).map(({ kind }) => kind)).toEqual([
      'ValidatingAdmissionPolicyBinding',
      'MutatingAdmissionPolicyBinding',
    ]);
  });

  test('a policy of a namespace called cluster and a cluster policy are told apart', () => {
    const namespaced: GuardedPolicy = { kind: 'ApprovalPolicy', namespace: 'cluster', name: 'tiers', match: [jobs()] };
    const names = (policy: GuardedPolicy) => new Set(compile(policy, inServer).map(({ metadata }) => metadata.name));
    expect(names(namespaced).isDisjointFrom(names(everywhere(jobs())))).toBe(true);
    expect(policyMark(namespaced)).not.toBe(policyMark(everywhere()));
  });

  test('the longest names there may be are cut, and still differ', () => {
    const long = (end: string): GuardedPolicy => ({
      kind: 'ApprovalPolicy',
      namespace: 'n'.repeat(63),
      name: `${'a.'.repeat(125)}${end}`,
      match: [],
    });
    const [one, two] = [guardName('hold', long('x'), { a: 1 }), guardName('hold', long('y'), { a: 1 })];
    expect(one).not.toBe(two);
    for (const name of [one, two]) {
      expect(name.length).toBeLessThanOrEqual(253);
      expect(name).toMatch(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);
    }
  });
});

describe('what is removed', () => {
  const [mine, others] = [payments(jobs()), everywhere(jobs())];

  test('nothing while every policy stands', () => {
    const all = [...compile(mine, inServer), ...compile(others, inServer)];
    expect(obsolete(all, stored(all))).toEqual([]);
  });

  test('all guards of a policy that is gone, what refuses first', () => {
    const removed = obsolete([], stored(compile(mine, inServer)), guardOf(mine));
    expect(removed.map(({ kind }) => kind)).toEqual([
      'ValidatingAdmissionPolicyBinding',
      'ValidatingAdmissionPolicyBinding',
      'ValidatingAdmissionPolicyBinding',
      'MutatingAdmissionPolicyBinding',
      'ValidatingAdmissionPolicy',
      'MutatingAdmissionPolicy',
    ]);
  });

  test('nothing of another policy', () => {
    expect(obsolete([], stored(compile(others, inServer)), guardOf(mine))).toEqual([]);
  });

  test('what mutates, once the webhook does the holding', () => {
    const removed = obsolete(compile(mine, byWebhook), stored(compile(mine, inServer)));
    expect(removed.map(({ kind }) => kind)).toEqual(['MutatingAdmissionPolicyBinding', 'MutatingAdmissionPolicy']);
  });
});

describe('hold webhooks', () => {
  const client: HoldWebhookOptions = {
    client: { url: 'https://10.0.0.1:8443/', caBundle: 'Q0E=' },
    evaluate: 'APIServer',
    operatorUser: inServer.operatorUser,
  };

  test('no policy, no entry', () => {
    expect(compileHoldWebhooks([], client).webhooks).toEqual([]);
  });

  test('the entries of a policy select just as its backstop does', () => {
    const policy = everywhere(jobs(prod), jobs({ namespaceSelector: { matchLabels: { a: 'b' } } }));
    const entries = compileHoldWebhooks([policy], client).webhooks!.filter(({ name }) => name.startsWith('p'));
    const selected = entries.map(({ namespaceSelector, objectSelector }) => ({
      ...(namespaceSelector ? { namespaceSelector } : {}),
      ...(objectSelector ? { objectSelector } : {}),
    }));
    const name = guardName('held', policy);
    const backstop = compile(policy, byWebhook)
      .filter((g) => g.spec?.['policyName'] === name)
      .map((g) => g.spec?.['matchResources']);
    expect(new Set(selected.map((s) => JSON.stringify(s)))).toEqual(new Set(backstop.map((s) => JSON.stringify(s))));
  });

  test('all have names of their own, and none may keep a Job from being made', () => {
    const { webhooks } = compileHoldWebhooks([payments(jobs(prod), jobs()), everywhere(jobs())], client);
    expect(new Set(webhooks!.map(({ name }) => name)).size).toBe(webhooks!.length);
    for (const webhook of webhooks!) expect(webhook).toMatchObject({ failurePolicy: 'Ignore', sideEffects: 'None' });
  });

  test('the order of policies does not matter', () => {
    const all = [payments(jobs()), everywhere(jobs())];
    expect(compileHoldWebhooks(all.toReversed(), client)).toEqual(compileHoldWebhooks(all, client));
  });

  test.each<[GuardedPolicy, Omit<HoldTarget, 'policy'>]>(
    [payments(), everywhere()].flatMap((policy) => [
      [policy, { enforcement: 'Hold' }],
      [policy, { enforcement: 'Audit' }],
      [policy, { enforcement: 'Hold', when: '0a1b2c3d' }],
    ]),
  )('a path says which policy it speaks of, and what it asks: %o %o', ({ match: _match, ...policy }, asks) => {
    expect(targetOfPath(holdPath({ policy, ...asks }))).toEqual({ policy, ...asks });
  });

  test.each([payments(jobs()), everywhere(jobs())])('an entry has such a path', (policy) => {
    const { match: _match, ...id } = policy;
    const entry = compileHoldWebhooks([policy], client).webhooks!.find(({ name }) => name.startsWith('p'))!;
    expect(entry['clientConfig']).toEqual({
      url: `https://10.0.0.1:8443${holdPath({ policy: id, enforcement: 'Hold' })}`,
      caBundle: 'Q0E=',
    });
  });

  test.each([
    '/hold',
    '/hold/cluster',
    '/hold/cluster/',
    '/hold/cluster/a/b',
    '/hold/namespace/a',
    '/hold/namespace/a/b/c',
    '/hold/when/cluster/a',
    '/hold/when/xyz/cluster/a',
    '/validate/decisions',
  ])('%s speaks of no policy', (path) => expect(targetOfPath(path)).toBeUndefined());
});

describe('probes', () => {
  test.each<[string, NonNullable<MatchRule['objectSelector']>, Record<string, string> | undefined]>([
    ['what must be equal', { matchLabels: { a: 'b' } }, { a: 'b' }],
    ['one of several', { matchExpressions: [{ key: 'a', operator: 'In', values: ['b', 'c'] }] }, { a: 'b' }],
    [
      'one of several but not the first',
      {
        matchExpressions: [
          { key: 'a', operator: 'In', values: ['b', 'c'] },
          { key: 'a', operator: 'NotIn', values: ['b'] },
        ],
      },
      { a: 'c' },
    ],
    ['whatever it be', { matchExpressions: [{ key: 'a', operator: 'Exists' }] }, { a: 'probe' }],
    ['nothing, where something must be absent', { matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] }, {}],
    ['nothing, where something must be different', { matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['b'] }] }, {}],
    [
      'nobody, where it contradicts itself',
      { matchLabels: { a: 'b' }, matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] },
      undefined,
    ],
  ])('the labels of a probe are %s', (_name, selector, expected) => {
    expect(labelsFor(selector)).toEqual(expected);
  });

  test('a probe arrives held, because the operator may create no other Job', () => {
    const probe = probeJob(jobs(prod), 'payments');
    expect(probe).toMatchObject({
      metadata: { namespace: 'payments', labels: { tier: 'prod', 'countersign.dev/held': 'true' } },
      spec: { suspend: true },
    });
    expect(Object.keys(probe!.metadata.annotations)).not.toContain(policyMark(payments()));
  });
});
