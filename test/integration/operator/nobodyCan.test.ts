import { describe, expect } from 'vitest';
import { approvalDecisions, approvalPolicies } from '../../../crds/v1alpha1/index.ts';
import { test } from '../../fixtures/inNamespace.ts';
import {
  condition,
  isSuspended,
  job,
  matchJobs,
  matchRequests,
  oneOf,
  request,
  resources,
  until,
  type StoredRequest,
} from '../../fixtures/world.ts';
import { bobOf, decisionOn, heldJob, listed } from './support.ts';

/** What is asked of people that nobody can give, and what they are told to do. */

describe.concurrent('more than a status has room for', () => {
  const wide = (stages: number) => ({
    match: matchJobs,
    separation: { distinctAcrossStages: false },
    stages: Array.from({ length: stages }, (_, i) => oneOf(`s${i}`, { group: 'finance' })),
  });

  test('of stages holds, however many agree, and says so; once they are fewer, people decide', async ({ ns }) => {
    await Promise.all([16, 16, 16, 16, 1].map((stages, i) => ns.policy(`p${i}`, wide(stages))));
    const { asked } = await heldJob(ns, job('wire'));
    expect(condition(asked, 'Approved')).toMatchObject({ status: 'Unknown', reason: 'TooManyPolicies' });
    expect(condition(asked, 'Approved')?.message).toContain('5 policies with 65 stages apply, and at most 64 of either fit, so it holds.');
    const decision = await ns.decide(await bobOf(ns), 'Approve', [asked]);
    await listed(ns, asked.metadata.name, decision);
    const after = await ns.get<StoredRequest>(resources.approvalRequests, asked.metadata.name);
    // The stage that nobody can see is one more that nobody can leave out.
    expect(condition(after, 'Approved')).toMatchObject({ status: 'Unknown', reason: 'TooManyPolicies' });
    expect(isSuspended(await ns.get(resources.jobs, 'wire'))).toBe(true);
    await ns.changePolicy('p3', wide(15));
    const done = await ns.requestIn('Completed', asked.metadata.name);
    expect(done.status?.approvals).toBe('64/64');
  });

  test('of policies holds and says so', async ({ ns }) => {
    const policy = (i: number) => ({
      apiVersion: 'countersign.dev/v1alpha1',
      kind: approvalPolicies.kind,
      metadata: { name: `p${i}` },
      spec: { match: matchRequests, stages: [oneOf('finance', { group: 'finance' })] },
    });
    await Promise.all(Array.from({ length: 65 }, (_, i) => ns.admin.create(approvalPolicies, ns.name, policy(i))));
    await Promise.all(Array.from({ length: 65 }, (_, i) => ns.enforced(`p${i}`)));
    await (await ns.as('alice')).create(resources.approvalRequests, ns.name, request('deploy'));
    const asked = await ns.request('deploy', 'looked at', (r) => condition(r, 'Approved') !== undefined);
    expect(condition(asked, 'Approved')).toMatchObject({ status: 'Unknown', reason: 'TooManyPolicies' });
    expect(condition(asked, 'Approved')?.message).toContain('65 policies with 65 stages apply');
    expect(asked.status?.policies).toHaveLength(64);
  });
});

describe.concurrent('whoever alone is asked', () => {
  const asksAlice = { match: matchJobs, stages: [{ ...oneOf('money', { user: 'alice' }), reassignTo: [{ group: 'deputies' }] }] };

  test('and asked for it themselves, cannot approve: the request says so and what to do, and that is of use', async ({ ns }) => {
    await ns.policy('pay', asksAlice);
    await ns.grant('reassigning', [{ apiGroups: ['countersign.dev'], resources: ['approvalrequests'], verbs: ['reassign'] }], ['rita']);
    const { asked } = await heldJob(ns, job('wire'));
    const { name } = asked.metadata;
    expect(condition(asked, 'Approved')?.message).toBe(
      'Waiting for 1 of user alice (stage money). Nobody else can approve stage money: alice, whom it names, asked for this and may not approve it. ' +
        `Have the stage reassigned (kubectl approve reassign ${name} --stage money --from alice --to …), ` +
        'let ApprovalPolicy pay name somebody else and ask anew, or have it overridden.',
    );
    await expect(ns.decide(await ns.as('alice'), 'Approve', [asked])).rejects.toThrow('you are alice, who asked for ApprovalRequest');
    const shown = { name, uid: asked.metadata.uid, digest: asked.status?.subjectDigest };
    const to = { stage: 'money', from: 'alice', to: 'dan' };
    await (await ns.as('rita')).create(approvalDecisions, ns.name, decisionOn('Reassign', [shown], { reassign: to }));
    const seen = await until('a message that names dan', async () => {
      const found = await ns.get<StoredRequest>(resources.approvalRequests, name);
      return condition(found, 'Approved')?.message.includes('dan is asked in place of alice') === true ? found : undefined;
    });
    expect(condition(seen, 'Approved')?.message).not.toContain('Nobody else can approve');
    await ns.decide(await ns.as('dan', ['deputies']), 'Approve', [seen]);
    await ns.requestIn('Completed', name);
  });
});
