import { describe, expect, it } from 'vitest';
import { approvalDecisions, approvalRequests } from '../../../crds/v1alpha1/index.ts';
import { approvalService } from '../../fixtures/approvalService.ts';
import { until } from '../../fixtures/world.ts';
import { asked, asking, detailOf, requestIn, reviewing, scene, type Request } from './support.ts';

const service = approvalService({ env: { COUNTERSIGN_APPROVALS_WAITERS: '600', COUNTERSIGN_APPROVALS_LONGEST_WAIT: '90s' } });

describe('a call that is repeated under one key', () => {
  it(
    'is done once, however many send it at once',
    scene(service, async ({ ns, alice, bob }) => {
      const key = { 'idempotency-key': 'pipeline-7' };
      const made = await Promise.all(Array.from({ length: 20 }, () => alice.post('/v1/requests', asking({ ns }), key)));
      expect(new Set(made.map(({ status }) => status))).toEqual(new Set([202]));
      expect(new Set(made.map((answer) => requestIn(answer).id)).size).toBe(1);
      expect((await ns.admin.list(approvalRequests, { namespace: ns.name })).items).toHaveLength(1);
      const { id } = await reviewing(bob, requestIn(made[0] ?? { status: 0, headers: {}, body: {} }).id);
      const decide = () => bob.post(`/v1/requests/${id}/decisions`, { verdict: 'Approve' }, { 'idempotency-key': 'vote' });
      const first = await decide();
      expect([first.status, (await decide()).body]).toEqual([201, first.body]);
      expect((await ns.admin.list(approvalDecisions, { namespace: ns.name })).items).toHaveLength(1);
    }),
  );

  it(
    'with another body is a mistake, and with the key of somebody else another call',
    scene(service, async ({ ns, alice, bob }) => {
      const key = { 'idempotency-key': 'k' };
      const first = await alice.post('/v1/requests', asking({ ns }), key);
      const other = await alice.post('/v1/requests', asking({ ns }, { reason: 'other' }), key);
      expect([other.status, detailOf(other)]).toEqual([422, expect.stringContaining('another method, path or body') as string]);
      expect(requestIn(await bob.post('/v1/requests', asking({ ns }), key)).id).not.toBe(requestIn(first).id);
    }),
  );
});

describe('waiting', () => {
  it(
    'is over for fifty calls at once, and refused to a caller who has a tenth of all places',
    scene(service, async (of) => {
      const [watched, other] = [await asked(of), await asked(of)];
      const waiting = Array.from({ length: 50 }, () => of.alice.get(`/v1/requests/${watched.id}`, { prefer: 'wait=80' }));
      const others = Array.from({ length: 10 }, () => of.alice.get(`/v1/requests/${other.id}`, { prefer: 'wait=80' }));
      await until('60 calls to wait', async () => {
        const metrics = await (await fetch(`${service.process().healthUrl}/metrics`)).text();
        return metrics.includes('countersign_http_waiting 60\n') ? true : undefined;
      });
      const tooMany = await of.alice.get(`/v1/requests/${other.id}`, { prefer: 'wait=80' });
      expect([tooMany.status, detailOf(tooMany)]).toEqual([503, expect.stringContaining('waits here 60 times already') as string]);
      await of.bob.post(`/v1/requests/${watched.id}/decisions`, { verdict: 'Approve' });
      const answers = await Promise.all(waiting);
      expect(new Set(answers.map((answer) => `${answer.status} ${requestIn(answer).outcome}`))).toEqual(new Set(['200 Approved']));
      await of.bob.post(`/v1/requests/${other.id}/decisions`, { verdict: 'Reject' });
      expect(new Set((await Promise.all(others)).map((answer) => requestIn(answer).outcome))).toEqual(new Set(['Rejected']));
    }),
  );
});

describe('a list', () => {
  it(
    'comes in pages that lose nothing and show nothing twice, also while requests come',
    scene(service, async (of) => {
      const made = new Set<string>();
      for (let n = 0; n < 7; n++) made.add(requestIn(await of.alice.post('/v1/requests', asking(of))).id);
      const seen: string[] = [];
      let cursor = '';
      do {
        const page = (await of.alice.get(`/v1/requests?namespace=${of.ns.name}&limit=3${cursor}`)).body as {
          items: Request[];
          next?: string;
        };
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.next === undefined ? '' : `&cursor=${page.next}`;
        await of.alice.post('/v1/requests', asking(of, { operation: 'later' }));
      } while (cursor !== '');
      expect(seen.filter((id) => made.has(id))).toHaveLength(7);
      expect(new Set(seen).size).toBe(seen.length);
    }),
  );

  it(
    'has only what it is asked for',
    scene(service, async (of) => {
      const labelled = await asked(of, { labels: { team: 'red' }, operation: 'refund' });
      const rejected = await asked(of);
      await of.bob.post(`/v1/requests/${rejected.id}/decisions`, { verdict: 'Reject' });
      await of.alice.get(`/v1/requests/${rejected.id}`, { prefer: 'wait=60' });
      const found = async (query: string): Promise<string[]> =>
        ((await of.alice.get(`/v1/requests?namespace=${of.ns.name}&${query}`)).body as { items: Request[] }).items.map(({ id }) => id);
      expect(await found('labelSelector=team%3Dred')).toEqual([labelled.id]);
      expect(await found('operation=refund')).toEqual([labelled.id]);
      expect(await found('phase=Rejected')).toEqual([rejected.id]);
      expect(await found('outcome=Pending')).toEqual([labelled.id]);
      expect(await found(`requester=${of.alice.username}`)).toHaveLength(2);
      expect(await found(`requester=${of.bob.username}`)).toEqual([]);
      expect(await found('mine=true')).toEqual([]);
    }),
  );
});

describe('a caller who decides too fast', () => {
  it(
    'is told when to go on, and nobody else is kept',
    scene(service, async (of) => {
      const { id } = await asked(of);
      const comment = (who: typeof of.bob) => who.post(`/v1/requests/${id}/decisions`, { verdict: 'Comment', reason: 'hm' });
      const answers = await Promise.all(Array.from({ length: 40 }, () => comment(of.bob)));
      const refused = answers.filter(({ status }) => status === 429);
      expect(refused.length).toBeGreaterThan(0);
      expect(answers.filter(({ status }) => status === 201).length).toBeGreaterThanOrEqual(5);
      expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThan(0);
      expect((await comment(of.alice)).status).toBe(201);
    }),
  );
});
