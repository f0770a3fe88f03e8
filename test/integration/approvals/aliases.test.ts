import { describe, expect, it } from 'vitest';
import { approvalService } from '../../fixtures/approvalService.ts';
import { governedJob, matchJobs, oneOf, resources, until, type TestNamespace } from '../../fixtures/world.ts';
import { asked, detailOf, reviewing, scene, type Request } from './support.ts';

const service = approvalService();

/** Lets somebody of the namespace hand in audit entries; answers how to take that back. */
async function letHandIn({ name: namespace, admin }: TestNamespace, name: string): Promise<() => Promise<void>> {
  const metadata = { name: `${namespace}-hands-in` };
  const rules = [{ apiGroups: ['countersign.dev'], resources: ['auditentries'], verbs: ['create'] }];
  await admin.create(resources.clusterRoles, undefined, { metadata, rules });
  await admin.create(resources.clusterRoleBindings, undefined, {
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  });
  return async () => {
    for (const type of [resources.clusterRoleBindings, resources.clusterRoles]) await admin.delete(type, metadata);
  };
}

describe('clients that were written for other systems', () => {
  it(
    'run work, poll it, and approve it',
    scene(service, async ({ ns, alice, bob }) => {
      const { jobTemplate } = (governedJob('any') as { spec: { jobTemplate: object } }).spec;
      const body = { namespace: ns.name, function_name: 'large-wire-transfer', inputs: { amount: 50_000 }, jobTemplate };
      const made = await alice.post('/api/v1/automation/execute', body);
      expect(made, JSON.stringify(made.body)).toMatchObject({ status: 202, body: { status: 'pending' } });
      const { execution_id } = made.body as { execution_id: string };
      const path = `/api/executions/${execution_id}`;
      const polled = await until('it to be asked for', async () => {
        const { body: seen } = await alice.get(path);
        return (seen as { status: string }).status === 'pending_approval' ? seen : undefined;
      });
      expect(polled).toEqual({
        execution_id,
        status: 'pending_approval',
        function_name: 'large-wire-transfer',
        started_at: null,
        completed_at: null,
        outputs: null,
        approval_required: true,
      });
      const { request } = (await alice.get(`/v1/executions/${execution_id}`)).body as { request: string };
      await reviewing(bob, request);
      const approve = (more: object) => bob.post('/api/approve', { execution_id, approved: true, reason: 'fine', ...more });
      const forged = await approve({ approver: 'carol' });
      expect([forged.status, detailOf(forged)]).toEqual([
        403,
        `body.approver: is "carol", but you are "${bob.username}"; leave the field out.`,
      ]);
      expect(await approve({ approver: bob.username })).toMatchObject({
        status: 200,
        body: { status: 'recorded', execution_id, decision: 'approved' },
      });
      await until('its end', async () => (((await alice.get(path)).body as { status: string }).status === 'completed' ? true : undefined));
      const workflows = (await alice.get('/workflows')).body as { id: string; status: string }[];
      expect(workflows).toMatchObject([{ id: execution_id, status: 'completed' }]);
      expect((await alice.get('/api/executions/nowhere')).status).toBe(404);
    }),
  );

  it(
    'list approvals, update one, and answer another',
    scene(service, async (of) => {
      const [one, two, three] = [await asked(of), await asked(of), await asked(of)];
      const listed = await of.bob.get('/approvals?status=PENDING&limit=2');
      expect(listed.body).toHaveLength(2);
      const next = /^<(.+)>; rel="next"$/.exec(String(listed.headers['link']))?.[1] ?? '';
      const more = await of.bob.get(next);
      expect([...(listed.body as Request[]), ...(more.body as Request[])].map(({ id }) => id).sort()).toEqual(
        [one.id, two.id, three.id].sort(),
      );
      const approved = await of.bob.call('PATCH', `/approvals/${one.id}`, { body: { status: 'APPROVED' } });
      expect(approved).toMatchObject({ status: 200, body: { id: one.id, requester_id: of.alice.username } });
      expect((await of.bob.call('PATCH', `/approvals/${two.id}`, { body: { status: 'REJECTED', reason: 'no' } })).status).toBe(200);
      expect((await of.bob.call('PATCH', `/approvals/${three.id}`, { body: { status: 'PENDING' } })).status).toBe(422);
      expect(await of.bob.post(`/api/v1/requests/${three.id}/respond`, {})).toMatchObject({
        status: 200,
        body: { id: three.id, state: 'responded' },
      });
      const outcomes = await Promise.all([one, two, three].map(({ id }) => of.alice.get(`/v1/requests/${id}`, { prefer: 'wait=60' })));
      expect(outcomes.map(({ body }) => (body as Request).outcome)).toEqual(['Approved', 'Rejected', 'Approved']);
      expect((await of.bob.get('/approvals?status=REJECTED')).body).toMatchObject([{ id: two.id, status: 'REJECTED' }]);
    }),
  );

  it(
    'keep audit entries of whoever may hand them in, of which everybody sees their own',
    scene(service, async ({ ns, alice, bob }) => {
      const entry = { entity: 'workflow', entity_id: '7', action: 'created', details: { by: 'hand' } };
      const refused = await alice.post('/auditLogs', entry);
      expect([refused.status, JSON.stringify(refused.body)]).toEqual([403, expect.stringContaining('create on auditentries') as string]);
      const takeBack = await letHandIn(ns, 'alice');
      // The authorizer follows bindings by a watch, and the service keeps its answer for ten seconds.
      const kept = await until('alice to be allowed', async () => {
        const answer = await alice.post('/auditLogs', entry);
        return answer.status === 403 || answer.status === 429 ? undefined : answer;
      });
      expect(kept).toMatchObject({
        status: 201,
        body: { entity: 'workflow', entity_id: '7', action: 'created', user_id: alice.username, details: { by: 'hand' } },
      });
      expect((await alice.post('/auditLogs', { entity: 'workflow', entity_id: '7', action: 'x', user_id: 'carol' })).status).toBe(422);
      expect((await alice.get('/auditLogs')).body).toEqual([kept.body]);
      expect((await bob.get('/auditLogs')).body).toEqual([]);
      await takeBack();
    }),
  );

  it(
    'ask who they are, what the rules are, and whether the service is there',
    scene(service, async ({ ns, alice }) => {
      expect((await alice.get('/users')).body).toMatchObject({ id: alice.username });
      const secret = await alice.get('/users?email=a@b.example&password=hunter2');
      expect([secret.status, JSON.stringify(secret.body)]).toEqual([400, expect.not.stringContaining('hunter2') as string]);
      expect((await service.anonymous('GET', '/users')).status).toBe(401);
      expect((await alice.get('/api/v1/rules')).body).toMatchObject([
        { kind: 'ApprovalPolicy', namespace: ns.name, name: 'bob-agrees', enforcement: 'Hold' },
      ]);
      await ns.policy('carol-agrees-too', { match: matchJobs, stages: [oneOf('carol', { user: 'carol@corp' })] });
      const page = await alice.get(`/api/v1/rules?namespace=${ns.name}&limit=1`);
      expect(page).toMatchObject({ status: 200, body: [{ name: 'bob-agrees' }] });
      const next = /^<(.+)>; rel="next"$/.exec(page.headers['link'] as string)?.[1] ?? 'no link';
      const last = await alice.get(next);
      expect([last.status, last.body, last.headers['link']]).toEqual([
        200,
        [expect.objectContaining({ name: 'carol-agrees-too' })],
        undefined,
      ]);
      expect((await alice.get('/api/v1/rules?namespace=..')).status).toBe(422);
      expect((await alice.get('/api/v1/rules?namespace=kube-system')).body).toEqual([]);
      for (const path of ['/readiness', '/health'])
        expect(await service.anonymous('GET', path)).toMatchObject({ status: 200, body: { status: 'ok' } });
      expect((await service.anonymous('GET', '/openapi.json')).body).toMatchObject({ openapi: '3.1.0' });
    }),
  );
});
