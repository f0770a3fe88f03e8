import { describe, expect, it } from 'vitest';
import { approvalDecisions, approvalDelegations, approvalRequests, type ApprovalDecision } from '../../../crds/v1alpha1/index.ts';
import { approvalService } from '../../fixtures/approvalService.ts';
import { governedJob, hasEnded, isSuspended, job, matchJobs, oneOf, resources, TestNamespace, until } from '../../fixtures/world.ts';
import { asked, asking, detailOf, requestIn, reviewing, scene, type Request } from './support.ts';

const service = approvalService();

describe('asking and deciding over HTTP', () => {
  it(
    'lets a pipeline wait for a person, and says who asked and who decided',
    scene(service, async ({ ns, alice, bob }) => {
      const made = await alice.post('/v1/requests', asking({ ns }, { reason: 'Quarterly', context: { amount: 5 }, labels: { team: 'a' } }));
      expect(made.status).toBe(202);
      const { id, name } = requestIn(made);
      expect(made.headers['location']).toBe(`/v1/requests/${id}`);
      expect(Number(made.headers['retry-after'])).toBeGreaterThan(0);
      const waiting = alice.get(`/v1/requests/${id}`, { prefer: 'wait=60' });
      const open = await reviewing(bob, id);
      expect(open).toMatchObject({
        outcome: 'Pending',
        requester: { username: alice.username },
        via: 'Web',
        context: { amount: 5 },
        labels: { team: 'a' },
      });
      const decided = await bob.post(`/v1/requests/${id}/decisions`, { verdict: 'Approve', reason: 'fine', digest: open.digest });
      expect(decided).toMatchObject({
        status: 201,
        body: { namespace: ns.name, verdict: 'Approve', approver: bob.username, requests: [id] },
      });
      const answer = await waiting;
      expect(answer).toMatchObject({ status: 200, body: { id, outcome: 'Approved', phase: 'Approved' } });
      expect(answer.headers['preference-applied']).toBe('wait=60');
      const stored = await ns.get<ApprovalDecision>(approvalDecisions, (decided.body as { name: string }).name);
      expect(stored.spec).toMatchObject({
        approver: bob.username,
        via: 'Web',
        reason: 'fine',
        requests: [{ name, uid: id, digest: open.digest }],
      });
      const annotations = (await ns.get(approvalRequests, name)).metadata.annotations;
      expect(annotations).toMatchObject({
        'countersign.dev/requester': alice.username,
        'countersign.dev/via': 'Web',
        'countersign.dev/submitted-by': 'system:serviceaccount:countersign-system:countersign-approvals',
      });
    }),
  );

  it(
    'releases a Job that was made with kubectl',
    scene(service, async ({ ns, bob }) => {
      const made = await (await ns.as('carol')).create(resources.jobs, ns.name, job('held'));
      const mine = await until('the Job to wait for bob', async () => {
        const { items } = (await bob.get(`/v1/requests?namespace=${ns.name}&mine=true`)).body as { items: Request[] };
        return items[0];
      });
      expect(isSuspended(await ns.get(resources.jobs, 'held'))).toBe(true);
      expect(mine.subject.resource).toMatchObject({ kind: 'Job', uid: made.metadata.uid });
      expect((await bob.post(`/v1/requests/${mine.id}/decisions`, { verdict: 'Approve' })).status).toBe(201);
      await ns.eventually(resources.jobs, 'held', 'ended', hasEnded);
      expect((await bob.get(`/v1/requests?namespace=${ns.name}&mine=true`)).body).toEqual({ items: [] });
    }),
  );

  it('waits for whoever decides in the stead of whom it asks, is listed for them, and decided by them', async () => {
    const ns = await TestNamespace.create('http');
    const [alice, dan] = await Promise.all([service.person(ns, 'alice'), service.person(ns, 'dan')]);
    await ns.policy('carla-agrees', {
      match: [...matchJobs, { apiGroups: ['countersign.dev'], kinds: ['ApprovalRequest'] }],
      stages: [oneOf('carla', { user: 'carla' })],
    });
    const { id } = await asked({ ns, alice, bob: dan });
    const mine = async (): Promise<Request | undefined> =>
      ((await dan.get(`/v1/requests?namespace=${ns.name}&mine=true`)).body as { items: Request[] }).items[0];
    expect(await mine()).toBeUndefined();
    await ns.grant('delegating', [{ apiGroups: ['countersign.dev'], resources: ['approvaldelegations'], verbs: ['create'] }], ['carla']);
    await (
      await ns.as('carla')
    ).create(approvalDelegations, ns.name, {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: approvalDelegations.kind,
      metadata: { name: 'carla-to-dan' },
      spec: { from: 'carla', to: dan.username, reason: 'on leave' },
    });
    expect((await until('it to wait for dan', mine)).id).toBe(id);
    expect((await dan.post(`/v1/requests/${id}/decisions`, { verdict: 'Approve' })).status).toBe(201);
    const decided = requestIn(await alice.get(`/v1/requests/${id}`, { prefer: 'wait=30' }));
    expect(decided).toMatchObject({ outcome: 'Approved', decisions: [{ approver: dan.username, onBehalfOf: 'carla' }] });
    expect(await mine()).toBeUndefined();
    await ns.close();
  });

  it(
    'runs a GovernedJob, whose outcome and outputs it tells',
    scene(service, async ({ ns, alice, bob }) => {
      const { jobTemplate } = (governedJob('any') as { spec: { jobTemplate: object } }).spec;
      const body = { namespace: ns.name, operation: 'migrate', governedJob: { jobTemplate }, context: { table: 'users' } };
      const made = await alice.post('/v1/requests', body);
      expect(made.status, JSON.stringify(made.body)).toBe(202);
      const path = String(made.headers['location']);
      expect(path).toMatch(/^\/v1\/executions\//);
      const request = await until('its request', async () => ((await alice.get(path)).body as { request?: string }).request);
      const waiting = alice.get(path, { prefer: 'wait=60' });
      await reviewing(bob, request);
      expect((await bob.post(`/v1/requests/${request}/decisions`, { verdict: 'Approve' })).status).toBe(201);
      expect(await waiting).toMatchObject({ status: 200, body: { operation: 'migrate', parameters: { table: 'users' } } });
      const ended = await until('its end', async () => {
        const execution = (await alice.get(path)).body as { phase: string };
        return execution.phase === 'Succeeded' ? execution : undefined;
      });
      expect(ended).toMatchObject({ startedAt: expect.any(String) as string, completedAt: expect.any(String) as string, job: {} });
    }),
  );

  it(
    'holds a call for the timeout of its request when that is short, and tells a no as a no',
    scene(service, async (of) => {
      const short = await of.alice.post('/v1/requests', asking(of, { timeout: '2s' }));
      expect(short).toMatchObject({ status: 200, body: { outcome: 'Expired' } });
      const rejected = await asked(of);
      await of.bob.post(`/v1/requests/${rejected.id}/decisions`, { verdict: 'Reject', reason: 'no' });
      expect(await of.alice.get(`/v1/requests/${rejected.id}`, { prefer: 'wait=60' })).toMatchObject({
        status: 200,
        body: { outcome: 'Rejected' },
      });
      const late = await of.alice.get(`/v1/requests/${(await asked(of)).id}`, { prefer: 'wait=1' });
      expect(late).toMatchObject({ status: 202, headers: { 'preference-applied': 'wait=1' }, body: { outcome: 'Pending' } });
    }),
  );

  it(
    'decides on many at once, or on none',
    scene(service, async (of) => {
      const [one, two] = [await asked(of), await asked(of)];
      const refused = await of.bob.post('/v1/batch', {
        verdict: 'Approve',
        requests: [{ id: one.id }, { id: two.id, digest: `v1:sha256:${'0'.repeat(64)}` }],
      });
      expect([refused.status, detailOf(refused)]).toEqual([409, expect.stringContaining('has changed') as string]);
      const unknown = await of.bob.post('/v1/batch', { verdict: 'Approve', requests: [{ id: one.id }, { id: 'nobody' }] });
      expect(unknown.status).toBe(404);
      expect((await of.bob.get(`/v1/requests/${one.id}`)).body).toMatchObject({ outcome: 'Pending', decisions: [] });
      expect((await of.bob.post('/v1/batch', { verdict: 'Approve', requests: [{ id: one.id }, { id: two.id }] })).status).toBe(201);
      for (const { id } of [one, two])
        expect((await of.alice.get(`/v1/requests/${id}`, { prefer: 'wait=60' })).body).toMatchObject({ outcome: 'Approved' });
    }),
  );

  it(
    'cancels for the requester, and for nobody without the right to',
    scene(service, async (of) => {
      const { id } = await asked(of);
      const refused = await of.bob.call('POST', `/v1/requests/${id}/cancel`);
      expect([refused.status, detailOf(refused)]).toEqual([403, expect.stringMatching(/cancel/) as string]);
      expect((await of.alice.call('POST', `/v1/requests/${id}/cancel`)).status).toBe(200);
      expect((await of.alice.get(`/v1/requests/${id}`, { prefer: 'wait=60' })).body).toMatchObject({ outcome: 'Cancelled' });
      expect((await of.alice.call('POST', `/v1/requests/${id}/cancel`)).status).toBe(200);
    }),
  );
});

describe('whoever may not', () => {
  it(
    'sees nothing, and is told no more than of what is not there',
    scene(service, async (of) => {
      const { id } = await asked(of);
      const mallory = await service.person(of.ns, 'mallory', 'nothing');
      const hidden = await mallory.get(`/v1/requests/${id}`);
      expect(hidden.status).toBe(404);
      expect(detailOf(hidden).replaceAll(id, 'ID')).toBe(detailOf(await mallory.get('/v1/requests/nowhere')).replaceAll('nowhere', 'ID'));
      expect((await mallory.get('/v1/requests')).body).toEqual({ items: [] });
      expect((await mallory.post(`/v1/requests/${id}/decisions`, { verdict: 'Approve' })).status).toBe(404);
      const ask = await mallory.post('/v1/requests', asking(of));
      expect([ask.status, detailOf(ask)]).toEqual([403, expect.stringContaining(mallory.username) as string]);
    }),
  );

  it(
    'decides nothing that is not theirs, and is told why',
    scene(service, async (of) => {
      const { id } = await asked(of);
      const own = await of.alice.post(`/v1/requests/${id}/decisions`, { verdict: 'Approve' });
      expect([own.status, detailOf(own)]).toEqual([422, expect.stringContaining('does not ask') as string]);
      expect((await of.bob.get(`/v1/requests/${id}`)).body).toMatchObject({ outcome: 'Pending', decisions: [] });
    }),
  );
});
