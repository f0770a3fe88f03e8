import { describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { policyMark, type MatchRule, type Validation } from '../../crds/v1alpha1/index.ts';
import { compile, type GuardOptions } from './compile.ts';
import { jobValidations, type GuardedPolicy } from './governed.ts';
import { compileHoldWebhooks, type HoldWebhookOptions } from './holdWebhooks.ts';
import { guardName, type GuardObject } from './objects.ts';
import { whenId } from './when.ts';

const inServer: GuardOptions = {
  holdMode: 'MutatingAdmissionPolicy',
  operatorUser: 'system:serviceaccount:countersign-system:countersign',
};
const big = 'object.spec.parallelism > 10';
const finance = "namespaceObject.metadata.labels.team == 'finance'";
const jobs = (more: Partial<MatchRule> = {}): MatchRule => ({ apiGroups: ['batch'], kinds: ['Job'], ...more });
const prod = { objectSelector: { matchLabels: { tier: 'prod' } } };
const policyOf = (match: MatchRule[], more: Partial<GuardedPolicy> = {}): GuardedPolicy => ({
  kind: 'ApprovalPolicy',
  namespace: 'payments',
  name: 'tiers',
  match,
  ...more,
});
const namesOf = (guards: readonly GuardObject[], kind: GuardObject['kind']): string[] =>
  guards.filter((guard) => guard.kind === kind).map(({ metadata }) => metadata.name);
const bound = (guards: readonly GuardObject[], policyName: string): unknown[] =>
  guards.filter((guard) => guard.spec?.['policyName'] === policyName).map((guard) => guard.spec?.['matchResources']);
const golden = (guards: readonly GuardObject[]): string => guards.map((guard) => stringify(guard)).join('---\n');

describe('a policy with a when', () => {
  test('has these guards, word for word', async () => {
    const validations = [{ expression: 'object.spec.backoffLimit <= 3', message: 'retry at most three times' }];
    await expect(golden(compile(policyOf([jobs({ ...prod, when: big })], { validations }), inServer))).toMatchFileSnapshot(
      './golden/when.golden',
    );
  });

  test('has a policy of the API server for each when, each bound as its rules select and no further', () => {
    const own = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'payments' } } };
    const policy = policyOf([jobs(prod), jobs({ when: big }), jobs({ ...prod, when: big }), jobs({ when: finance })]);
    const guards = compile(policy, inServer);
    const names = (purpose: string) =>
      [purpose, `${purpose}-${whenId(big)}`, `${purpose}-${whenId(finance)}`].map((p) => guardName(p, policy));
    expect(namesOf(guards, 'MutatingAdmissionPolicy')).toEqual(names('hold'));
    expect(namesOf(guards, 'ValidatingAdmissionPolicy')).toEqual(names('held'));
    for (const purpose of ['hold', 'held']) {
      expect(names(purpose).map((name) => bound(guards, name))).toEqual([[{ ...own, ...prod }], [own, { ...own, ...prod }], [own]]);
    }
  });

  test('leaves one and the same mark, whichever when it was', () => {
    const marks = compile(policyOf([jobs({ when: big }), jobs({ when: finance })]), inServer)
      .filter(({ kind }) => kind === 'MutatingAdmissionPolicy')
      .map((guard) => JSON.stringify(guard.spec?.['mutations']));
    expect(marks).toHaveLength(2);
    for (const mark of marks) expect(mark).toContain(policyMark(policyOf([])));
  });

  test('cannot be named so that its guards take the place of those of another', () => {
    const one = compile(policyOf([jobs({ when: big })]), inServer).map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    const [hold, held] = [`hold-${whenId(big)}`, `held-${whenId(big)}`];
    for (const name of [whenId(big), `tiers.${whenId(big)}`, `tiers-${whenId(big)}`, hold, held, `${hold}.tiers`]) {
      const other = compile({ ...policyOf([jobs(), jobs({ when: finance })]), name }, inServer);
      expect(other.map(({ kind, metadata }) => `${kind} ${metadata.name}`).filter((key) => one.includes(key))).toEqual([]);
    }
  });

  test.each(['object.spec.', 'no.such.variable', 'object.spec.parallelism + 1', "context.amount > 10 ? 'a' : 'b'"])(
    'holds whatever its selectors match where the when cannot be evaluated: %s',
    (when) => {
      expect(compile(policyOf([jobs({ when })]), inServer)).toEqual(compile(policyOf([jobs()]), inServer));
    },
  );

  test('that ends in a comment is still an expression as a part of others', () => {
    const when = `${big} // ten are enough`;
    const [backstop] = compile(policyOf([jobs({ when })]), inServer).filter(({ kind }) => kind === 'ValidatingAdmissionPolicy');
    expect(JSON.stringify(backstop?.spec?.['variables'])).toContain('ten are enough\\n)');
  });
});

describe('hold webhooks of a policy with a when', () => {
  const options: HoldWebhookOptions = {
    client: { url: 'https://10.0.0.1:8443', caBundle: 'Q0E=' },
    evaluate: 'APIServer',
    operatorUser: inServer.operatorUser,
  };
  const entriesOf = (policy: GuardedPolicy, how = options) =>
    compileHoldWebhooks([policy], how).webhooks!.filter(({ name }) => /^[ap]/.test(name));
  const summaries = (policy: GuardedPolicy, how = options): [string, string[]][] =>
    entriesOf(policy, how).map((entry) => [
      (entry['clientConfig'] as { url: string }).url.slice('https://10.0.0.1:8443'.length),
      (entry['matchConditions'] as { name: string }[]).map(({ name }) => name),
    ]);

  test('are asked only where the API server found it true', () => {
    expect(summaries(policyOf([jobs({ when: big })]))).toEqual([['/hold/namespace/payments/tiers', ['entering', 'when']]]);
  });

  test('evaluate it themselves where the API server does not know what it reads', () => {
    const there = [[`/hold/when/${whenId(finance)}/namespace/payments/tiers`, ['entering']]];
    expect(summaries(policyOf([jobs({ when: finance })]))).toEqual(there);
    const here = [[`/hold/when/${whenId(big)}/namespace/payments/tiers`, ['entering']]];
    expect(summaries(policyOf([jobs({ when: big })]), { ...options, evaluate: 'Here' })).toEqual(here);
  });

  test('have a name for each when', () => {
    const names = entriesOf(policyOf([jobs(), jobs({ when: big }), jobs({ when: finance })])).map(({ name }) => name);
    expect(new Set(names).size).toBe(3);
  });

  test('of one that only audits label, and make nobody wait', () => {
    const policy = policyOf([jobs({ when: big })], { enforcement: 'Audit' });
    expect(summaries(policy)).toEqual([['/audit/namespace/payments/tiers', ['entering', 'when']]]);
    expect(entriesOf(policy)).toMatchObject([{ failurePolicy: 'Ignore', timeoutSeconds: 1 }]);
    expect(compileHoldWebhooks([policy], options).webhooks).toHaveLength(1);
  });
});

describe('a policy that only audits', () => {
  const audits = (...match: MatchRule[]): GuardedPolicy =>
    policyOf(match, { enforcement: 'Audit', validations: [{ expression: 'false', message: 'never' }] });

  test('has these guards, word for word', async () => {
    await expect(golden(compile(audits(jobs(prod), jobs({ when: big })), inServer))).toMatchFileSnapshot('./golden/audit.golden');
  });

  test('has nothing that holds, refuses, or fails anybody', () => {
    const guards = compile(audits(jobs(), jobs({ when: finance }), { apiGroups: ['countersign.dev'], kinds: ['GovernedJob'] }), inServer);
    const kinds = new Set(guards.map(({ kind }) => kind));
    expect(kinds).toEqual(new Set(['MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding']));
    const policies = guards.filter(({ kind }) => kind === 'MutatingAdmissionPolicy');
    expect(policies).toHaveLength(2);
    for (const { spec } of policies) {
      expect(spec).toMatchObject({ failurePolicy: 'Ignore' });
      expect(JSON.stringify(spec?.['mutations'])).not.toContain('suspend');
    }
  });

  test('in hold mode Webhook has no admission policy at all', () => {
    expect(compile(audits(jobs()), { ...inServer, holdMode: 'Webhook' })).toEqual([]);
  });

  test('shares no guard with itself when it holds', () => {
    const key = ({ kind, metadata }: GuardObject) => `${kind} ${metadata.name}`;
    const match = [jobs(), jobs({ when: big })];
    const [audit, hold] = [compile(audits(...match), inServer), compile(policyOf(match), inServer)].map(
      (guards) => new Set(guards.map(key)),
    );
    expect(audit!.isDisjointFrom(hold!)).toBe(true);
  });
});

describe('validations that the API server judges', () => {
  const rule = (expression: string): Validation => ({ expression, message: `broke ${expression}` });
  const taken = (...expressions: string[]): string[] =>
    jobValidations(policyOf([jobs()], { validations: expressions.map(rule) })).map(({ expression }) => expression);

  test('are those that read the object and its namespace alone', () => {
    const both = 'object.metadata.name != namespaceObject.metadata.name';
    expect(
      taken(big, finance, both, 'context.amount < 5', "requester.username != 'root' && object.spec.parallelism < 5", 'object.'),
    ).toEqual([big, finance, both]);
  });

  test('say what the policy says, on one line, and never refuse for having failed', () => {
    const policy = policyOf([jobs()], {
      validations: [
        { expression: big, message: ' at least\n ten ' },
        { expression: finance, message: '\n' },
      ],
    });
    const rules = compile(policy, inServer).find(({ metadata }) => metadata.name === guardName('rules', policy))!;
    expect(rules.spec).toMatchObject({
      failurePolicy: 'Ignore',
      validations: [
        { expression: big, message: 'at least ten' },
        { expression: finance, message: 'ApprovalPolicy payments/tiers does not allow this' },
      ],
    });
  });

  test('are bound wherever a rule for Jobs selects, whatever its when', () => {
    const policy = policyOf([jobs(prod), jobs({ when: big })], { validations: [rule(big)] });
    const own = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'payments' } } };
    expect(bound(compile(policy, inServer), guardName('rules', policy))).toEqual([{ ...own, ...prod }, own]);
  });

  test('are not there where the policy governs no Jobs', () => {
    const match: MatchRule[] = [{ apiGroups: ['countersign.dev'], kinds: ['GovernedJob'] }];
    const names = compile(policyOf(match, { validations: [rule(big)] }), inServer).map(({ metadata }) => metadata.name);
    expect(names.filter((name) => name.includes('rules'))).toEqual([]);
  });
});
