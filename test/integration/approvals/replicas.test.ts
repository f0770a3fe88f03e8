import { afterAll, describe, expect, it } from 'vitest';
import { approvalDecisions, approvalRequests } from '../../../crds/v1alpha1/index.ts';
import { approvalService, type Answered, type HttpPerson } from '../../fixtures/approvalService.ts';
import { Postgres } from '../../fixtures/postgres.ts';
import { until, type StoredRequest } from '../../fixtures/world.ts';
import { asked, asking, detailOf, requestIn, reviewing, scene } from './support.ts';

let begun: Promise<{ postgres: Postgres; env: Record<string, string> }> | undefined;
const database = () =>
  (begun ??= Postgres.start().then(async (postgres) => ({ postgres, env: { COUNTERSIGN_APPROVALS_STORE: await postgres.database() } })));
const env = async () => (await database()).env;

const [one, two, doomed] = [approvalService({ env }), approvalService({ env }), approvalService({ env })];
afterAll(async () => (await database()).postgres[Symbol.asyncDispose]());

/** Repeats a call as a careful client does: until the answer is no longer that it is under way elsewhere, or that it cannot be done now. */
const repeated = (call: () => Promise<Answered>): Promise<Answered> =>
  until('an answer', async () => {
    const answer = await call();
    return answer.status === 409 || answer.status === 503 ? undefined : answer;
  });

describe('replicas on one PostgreSQL', () => {
  it(
    'do once what reaches both of them, and wake those who wait at the other',
    scene(one, async ({ ns, alice, bob }) => {
      const both = (who: HttpPerson) => [who, two.sameAs(who)];
      const key = { 'idempotency-key': 'same' };
      const made = await Promise.all(
        Array.from({ length: 10 }, () => both(alice).map((at) => at.post('/v1/requests', asking({ ns }), key))).flat(),
      );
      expect(new Set(made.map(({ status, body }) => `${status} ${(body as { id: string }).id}`)).size).toBe(1);
      expect((await ns.admin.list(approvalRequests, { namespace: ns.name })).items).toHaveLength(1);
      const { id } = requestIn(made[0] as Answered);
      await reviewing(two.sameAs(alice), id);
      const waiting = two.sameAs(alice).get(`/v1/requests/${id}`, { prefer: 'wait=60' });
      const votes = await Promise.all(both(bob).map((at) => at.post(`/v1/requests/${id}/decisions`, { verdict: 'Approve' }, key)));
      expect(votes.map(({ status, body }) => [status, body])).toEqual([201, 201].map((status) => [status, votes[0]?.body]));
      expect(await waiting).toMatchObject({ status: 200, body: { outcome: 'Approved' } });
      expect((await ns.admin.list(approvalDecisions, { namespace: ns.name })).items).toHaveLength(1);
    }),
  );

  it(
    'share the rate of a caller',
    scene(one, async (of) => {
      const { id } = await asked(of);
      const at = [of.bob, two.sameAs(of.bob)];
      const comment = (who: HttpPerson) => who.post(`/v1/requests/${id}/decisions`, { verdict: 'Comment', reason: 'hm' });
      const answers = await Promise.all(Array.from({ length: 30 }, () => at.map(comment)).flat());
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201, 429]));
    }),
  );

  it(
    'lose nothing and do nothing twice when one is killed while it works',
    scene(one, async ({ ns, alice }) => {
      const keys = Array.from({ length: 40 }, (_, n) => `job-${n}`);
      const ask = (at: HttpPerson, key: string) => at.post('/v1/requests', asking({ ns }, { reason: key }), { 'idempotency-key': key });
      let answered = 0;
      const first = keys.map((key) =>
        ask(doomed.sameAs(alice), key).then(
          (answer) => {
            answered += 1;
            return requestIn(answer).id;
          },
          () => undefined,
        ),
      );
      await until('some to be answered', () => Promise.resolve(answered > 3 ? true : undefined));
      await doomed.process().kill();
      const told = await Promise.all(first);
      expect(told).toContain(undefined);
      const again = await Promise.all(keys.map((key) => repeated(() => ask(two.sameAs(alice), key))));
      const ids = again.map((answer) => requestIn(answer).id);
      expect(new Set(ids).size).toBe(keys.length);
      for (const [n, id] of told.entries()) if (id !== undefined) expect(ids[n]).toBe(id);
      expect((await ns.admin.list(approvalRequests, { namespace: ns.name })).items).toHaveLength(keys.length);
    }),
  );

  it(
    'answer 503 to what needs the database while it is away, and kubectl decides as ever',
    scene(one, async (of) => {
      const [byKubectl, later] = [await asked(of), await asked(of)];
      const { postgres } = await database();
      await postgres.stop();
      const vote = () => of.bob.post(`/v1/requests/${later.id}/decisions`, { verdict: 'Approve' }, { 'idempotency-key': 'later' });
      const refused = await vote();
      expect([refused.status, Number(refused.headers['retry-after']) > 0, detailOf(refused)]).toEqual([
        503,
        true,
        expect.stringMatching(/^The database of the approval service cannot be reached/) as string,
      ]);
      expect((await of.alice.get(`/v1/requests/${later.id}`)).status).toBe(200);
      const waiting = of.alice.get(`/v1/requests/${byKubectl.id}`, { prefer: 'wait=60' });
      const stored = await of.ns.get<StoredRequest>(approvalRequests, byKubectl.name);
      await of.ns.decide(await of.ns.as(of.bob.username), 'Approve', [stored]);
      expect(await waiting).toMatchObject({ status: 200, body: { outcome: 'Approved' } });
      expect((await of.ns.admin.list(approvalDecisions, { namespace: of.ns.name })).items).toHaveLength(1);
      await postgres.start();
      expect((await repeated(vote)).status).toBe(201);
      expect(await of.alice.get(`/v1/requests/${later.id}`, { prefer: 'wait=60' })).toMatchObject({ body: { outcome: 'Approved' } });
    }),
  );
});
