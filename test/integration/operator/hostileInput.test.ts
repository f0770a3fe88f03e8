import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { annotations } from '../../../crds/v1alpha1/index.ts';
import { test } from '../../fixtures/inNamespace.ts';
import { kubectl, type Ran } from '../../fixtures/kubectl.ts';
import {
  condition,
  governedJob,
  isSuspended,
  job,
  matchGovernedJobs,
  matchJobs,
  matchRequests,
  oneOf,
  request,
  resources,
  until,
  type TestNamespace,
} from '../../fixtures/world.ts';
import { decidesInVain, heldJob, nextSecond } from './support.ts';

/** Names and numbers that are not what they look like. */

describe.concurrent('two people whose names look the same', () => {
  const pairs: readonly [string, string, string][] = [
    ['a letter of another alphabet', 'bob', 'b\u043eb'],
    ['the same letter made of two', 'jos\u00e9', 'jose\u0301'],
    ['a character that nobody sees', 'bob', 'bob\u200b'],
    ['another case', 'bob', 'Bob'],
  ];

  test.for(pairs)('by %s are two: each fills a place of their own, and neither fills two', async ([, one, other], { ns }) => {
    const stages = [{ name: 'money', require: [{ count: 2, from: [{ user: one }, { user: other }] }] }];
    await ns.policy('pay', { match: matchJobs, stages });
    const { asked } = await heldJob(ns, job('wire'));
    const { name } = asked.metadata;
    const first = await ns.decide(await ns.as(one), 'Approve', [asked]);
    await nextSecond(ns, first);
    await ns.decide(await ns.as(one), 'Approve', [asked]);
    const half = await ns.request(name, 'listing both', (r) => r.status?.decisions.length === 2);
    expect(half.status?.approvals).toBe('1/2');
    await ns.decide(await ns.as(other), 'Approve', [asked]);
    const done = await ns.requestIn('Completed', name);
    expect(done.status?.stages[0]?.require[0]?.approvedBy).toEqual([one, other].sort());
  });

  test.for(pairs)('by %s: who is not asked does not pass for who is', async ([, one, other], { ns }) => {
    await ns.policy('pay', { match: matchJobs, stages: [oneOf('money', { user: one })] });
    const { asked } = await heldJob(ns, job('wire'));
    await decidesInVain(ns, await ns.as(other), 'Approve', asked, 'NotQualified');
    await ns.decide(await ns.as(one), 'Approve', [asked]);
    await ns.requestIn('Completed', asked.metadata.name);
  });
});

describe.concurrent('a number that readers of JSON round', () => {
  const rounded =
    /context\.account: 9007199254740992 is beyond 2\^53, where numbers lose digits; write it as a string, or use a smaller number/;
  /** As somebody types it: this file's own JSON would have rounded it before it is sent. */
  const typed = (manifest: object): string => JSON.stringify(manifest).replaceAll('"9007199254740993"', '9007199254740993');
  const account = '9007199254740993';

  async function apply(ns: TestNamespace, text: string): Promise<Ran> {
    const dir = mkdtempSync(join(tmpdir(), 'countersign-hostile-'));
    try {
      writeFileSync(join(dir, 'manifest.json'), text);
      return await kubectl(ns.cluster.kubectl, await ns.kubeconfig('alice', ['dev']), ['create', '-n', ns.name, '-f', dir]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  }

  test('is refused in an ApprovalRequest and a GovernedJob as they are written, and taken as a string', async ({ ns }) => {
    const stages = [{ ...oneOf('money', { user: 'bob' }), when: 'int(context.account) == 9007199254740993' }];
    await ns.policy('pay', { match: [...matchRequests, ...matchGovernedJobs], stages });
    const asks = request('wire', { context: { account } });
    const refused = await apply(ns, typed(asks));
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toMatch(rounded);
    const planned = await apply(ns, typed(governedJob('plan', { parameters: { account } })));
    expect(planned.code).not.toBe(0);
    expect(planned.stderr).toMatch(/parameters\.account: 9007199254740992 is beyond 2\^53/);
    for (const kind of [resources.approvalRequests, resources.governedJobs])
      expect((await ns.admin.list(kind, { namespace: ns.name })).items).toEqual([]);
    expect((await apply(ns, JSON.stringify(asks))).code).toBe(0);
    const asked = await ns.requestIn('Reviewing', 'wire');
    expect(asked.status?.stages.map((s) => s.state)).toEqual(['Active']);
  });

  test('in what a Job says of itself holds it, whatever approves on its own', async ({ ns }) => {
    await ns.policy('pay', { match: matchJobs, autoApprove: [{ name: 'any', when: 'true' }] });
    const metadata = { annotations: { [annotations.context]: `{"account": ${account}}` } };
    const made = await (await ns.as('alice')).create(resources.jobs, ns.name, job('wire', { metadata }));
    const asked = await until('the request to say what is wrong', async () => {
      const [found] = await ns.requestsOf(made);
      return found !== undefined && condition(found, 'Valid') !== undefined ? found : undefined;
    });
    expect(condition(asked, 'Valid')).toMatchObject({
      status: 'False',
      reason: 'InvalidSpec',
      message: expect.stringMatching(/is beyond 2\^53/),
    });
    expect(isSuspended(await ns.get(resources.jobs, 'wire'))).toBe(true);
  });
});
