import { describe, expect } from 'vitest';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import { test } from '../../fixtures/inNamespace.ts';
import { matchRequests, oneOf, request, resources, type StoredRequest, type TestNamespace } from '../../fixtures/world.ts';
import { install } from '../plugin/command.ts';
import { bobOf, patch } from './support.ts';

const amount = { name: 'amount', question: 'How much?', type: 'Number', required: true };
const account = { name: 'account', question: 'Which account?', type: 'Text', pattern: 'DE[0-9]+' };
const where = { name: 'where', question: 'Where first?', type: 'Choice', choices: ['staging', 'production'], required: true };

const asked = (ns: TestNamespace, name: string): Promise<StoredRequest> =>
  ns.request(name, 'in review', (r) => r.status?.phase === 'Reviewing' && r.status.subjectDigest !== undefined);

async function asking(ns: TestNamespace, name: string, questions: object[]): Promise<StoredRequest> {
  await (await ns.as('alice')).create(resources.approvalRequests, ns.name, request(name, { questions }));
  return asked(ns, name);
}

const financeAgrees = { match: matchRequests, stages: [oneOf('finance', { group: 'finance' })] };

const approves = (ns: TestNamespace, who: KubeClient, requests: StoredRequest[], more: object) => ns.decide(who, 'Approve', requests, more);

describe.concurrent('a request that asks questions', () => {
  test('is approved by an approval that answers them, and returns the answers', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const wire = await asking(ns, 'wire', [amount, account, where]);
    const bob = await bobOf(ns);
    await expect(approves(ns, bob, [wire], {})).rejects.toThrow(
      /spec\.response\.amount: is missing; expected a number in answer to "How much\?"; spec\.response\.where: is missing; .* Nothing was decided\./,
    );
    await expect(approves(ns, bob, [wire], { response: { amount: '12', account: 'FR1', where: 'here', amout: 1 } })).rejects.toThrow(
      'spec.response.amount: was "12", expected a number, without quotes; spec.response.account: was "FR1", expected all of it to match DE[0-9]+; ' +
        'spec.response.where: was "here", expected one of "staging", "production"; ' +
        'spec.response.amout: nobody asks that; the questions are amount, account, where. Nothing was decided.',
    );
    const response = { amount: 12.5, where: 'staging' };
    await approves(ns, bob, [wire], { response });
    const approved = await ns.requestIn('Approved', 'wire');
    expect(approved.status?.response).toEqual(response);
    expect(approved.status?.decisions[0]).toMatchObject({ counted: true, response });
  });

  test('takes a no without answers', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const wire = await asking(ns, 'wire', [amount]);
    await ns.decide(await bobOf(ns), 'Reject', [wire]);
    await ns.requestIn('Rejected', 'wire');
  });

  test('is not approved by answers to other questions', async ({ ns }) => {
    await ns.policy('pay', { match: matchRequests, stages: [{ name: 'finance', require: [{ count: 2, from: [{ group: 'finance' }] }] }] });
    const wire = await asking(ns, 'wire', [amount]);
    await approves(ns, await bobOf(ns), [wire], { response: { amount: 1 } });
    await ns.request('wire', 'half approved', (r) => r.status?.approvals === '1/2');
    await patch(ns, await ns.as('alice'), resources.approvalRequests, 'wire', {
      spec: { questions: [{ ...amount, question: 'How little?' }] },
    });
    const changed = await ns.request('wire', 'of another digest', (r) => r.status?.approvals === '0/2');
    expect(changed.status?.decisions[0]).toMatchObject({ counted: false, ignoredBecause: 'DigestChanged' });
  });

  test('is answered together with others, where one decision can', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    const [one, two] = [await asking(ns, 'one', [amount]), await asking(ns, 'two', [account, where])];
    const bob = await bobOf(ns);
    await expect(approves(ns, bob, [one, two], { response: { where: 'staging', account: 'DE1' } })).rejects.toThrow(
      'spec.response.amount: for ApprovalRequest one, is missing',
    );
    await approves(ns, bob, [one, two], { response: { amount: 1, where: 'staging', account: 'DE1' } });
    expect((await ns.requestIn('Approved', 'one')).status?.response).toEqual({ amount: 1 });
    expect((await ns.requestIn('Approved', 'two')).status?.response).toEqual({ where: 'staging', account: 'DE1' });
  });

  test('is refused when it is created, where no answer could fit a pattern', async ({ ns }) => {
    const alice = await ns.as('alice');
    const create = (questions: object[]) => alice.create(resources.approvalRequests, ns.name, request('wire', { questions }));
    await expect(create([amount, { ...account, pattern: '(a' }])).rejects.toThrow(
      /spec\.questions\[1\]\.pattern: was "\(a", expected an RE2 regular expression: /,
    );
    await expect(create([{ ...amount, pattern: 'a' }])).rejects.toThrow(/pattern is for the type Text alone/);
    await expect(create([{ ...where, choices: undefined }])).rejects.toThrow(/choices and the type Choice belong together/);
  });
});

describe.concurrent('what a policy asks approvers to say', () => {
  test('is asked at once of a yes and of a no', async ({ ns }) => {
    const decision = { reason: { required: true }, ticket: { pattern: '^CHG-[0-9]+$' } };
    await ns.policy('pay', { ...financeAgrees, decision });
    const wire = await asking(ns, 'wire', []);
    const bob = await bobOf(ns);
    for (const verdict of ['Approve', 'Reject'] as const) {
      await expect(ns.decide(bob, verdict, [wire], { ticket: 'soon' })).rejects.toThrow(
        'spec.reason: is missing; the policy requires one; spec.ticket: was "soon"; the policy requires one that matches ^CHG-[0-9]+$. Nothing was decided.',
      );
    }
    await ns.decide(bob, 'Comment', [wire]);
    await ns.decide(bob, 'Approve', [wire], { reason: 'payday', ticket: 'CHG-1' });
    await ns.requestIn('Approved', 'wire');
  });
});

describe('kubectl approve', () => {
  test('shows the questions, takes the answers, and asks nothing where nobody sits at a terminal', async ({ ns }) => {
    await ns.policy('pay', financeAgrees);
    await asking(ns, 'wire', [amount, where]);
    const plugin = await install(ns);
    try {
      const bob = plugin.as(await ns.kubeconfig('bob', ['finance']), ns.name);
      expect((await bob('describe', 'wire')).out).toContain('  where: Where first? (one of staging, production)\n');
      const silent = await bob('wire');
      expect(silent.code).toBe(1);
      expect(silent.err).toContain('--answer amount: How much? (a number) is not answered.');
      const wrong = await bob('wire', '--answer', 'amount=a lot', '--answer', 'where=staging');
      expect(wrong.err).toContain('--answer amount: was "a lot", expected a number');
      const { code, err } = await bob('wire', '--answer', 'amount=50000', '--answer', 'where=staging');
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect((await ns.requestIn('Approved', 'wire')).status?.response).toEqual({ amount: 50000, where: 'staging' });
      expect((await bob('describe', 'wire')).out).toContain('  bob: {"amount":50000,"where":"staging"}\n');
    } finally {
      plugin.remove();
    }
  });
});
