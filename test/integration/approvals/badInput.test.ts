import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { approvalDecisions, approvalRequests } from '../../../crds/v1alpha1/index.ts';
import { approvalService } from '../../fixtures/approvalService.ts';
import { asked, asking, detailOf, scene } from './support.ts';

const service = approvalService();

type Case = readonly [what: string, body: unknown, status: number, says: RegExp];

const cases: readonly Case[] = [
  ['no JSON', '{', 400, /no JSON/],
  ['an empty body', '', 400, /is empty/],
  ['no object', '[]', 422, /^body: expected object/],
  ['null', 'null', 422, /^body: expected object/],
  ['a key twice', '{"operation":"a","operation":"b"}', 422, /^body\.operation is there twice/],
  ['half a surrogate pair', '{"reason":"\\ud800"}', 422, /^body\.reason has half of a surrogate pair/],
  ['an unsafe integer', '{"context":{"amount":9007199254740993}}', 422, /^body\.context\.amount is an integer beyond/],
  ['a key __proto__', '{"context":{"__proto__":{}}}', 422, /__proto__/],
  ['what is nested too deep', `{"context":${'{"a":'.repeat(70)}1${'}'.repeat(70)}}`, 422, /nested deeper/],
];

describe('the service, given bad input,', () => {
  it(
    'says what is wrong in one sentence, and changes nothing',
    scene(service, async (of) => {
      for (const [what, body, status, says] of cases) {
        const answer = await of.alice.post('/v1/requests', body);
        expect([answer.status, detailOf(answer)], what).toEqual([status, expect.stringMatching(says) as string]);
        expect(answer.headers['content-type'], what).toBe('application/problem+json');
      }
      const wrong: readonly [object, RegExp][] = [
        [{ namespace: 'Not_A_Label' }, /^body\.namespace: /],
        [{ operation: undefined }, /^body\.operation: is missing/],
        [{ subject: undefined }, /^body\.subject: expected exactly one of subject and governedJob/],
        [{ subject: {} }, /expected exactly one, resource for an object of this namespace/],
        [{ timeout: 'soon' }, /^body\.timeout: /],
        [{ timeout: '0s' }, /must be at least 1s/],
        [{ draft: false }, /^body\.draft: there is no such field; leave it out/],
        [{ labels: { 'countersign.dev/held': 'false' } }, /only the operator may set countersign\.dev\/held/],
        [{ context: { big: 'x'.repeat(70_000) } }, /context/],
        [{ namespace: 'no-such-namespace' }, /no-such-namespace/],
        [{ stages: [{ name: 's', require: [{ count: 1, from: [{ permission: 'approve' }] }] }] }, /permission/],
      ];
      for (const [more, says] of wrong) {
        const answer = await of.alice.post('/v1/requests', asking(of, more));
        const what = JSON.stringify(more).slice(0, 80);
        expect([403, 404, 422], `${what}: ${JSON.stringify(answer.body)}`).toContain(answer.status);
        expect(detailOf(answer), what).toMatch(says);
      }
      const { items } = await of.ns.admin.list(approvalRequests, { namespace: of.ns.name });
      expect(items).toEqual([]);
    }),
  );

  it(
    'refuses decisions that could not be meant',
    scene(service, async (of) => {
      const { id } = await asked(of, { questions: [{ name: 'amount', question: 'How much?', type: 'Number', required: true }] });
      const decide = (body: unknown) => of.bob.post(`/v1/requests/${id}/decisions`, body);
      const wrong: readonly [unknown, number, RegExp][] = [
        [{}, 422, /^body\.verdict: /],
        [{ verdict: 'approve' }, 422, /^body\.verdict: /],
        [{ verdict: 'Approve', approver: 'carol' }, 422, /^body\.approver: there is no such field/],
        [{ verdict: 'Approve', digest: 'x' }, 422, /^body\.digest: /],
        [{ verdict: 'Approve', digest: `v1:sha256:${'0'.repeat(64)}` }, 409, /has changed/],
        [{ verdict: 'Override' }, 422, /ticket/],
        [{ verdict: 'Approve' }, 422, /amount/],
        [{ verdict: 'Approve', response: { amount: 'much' } }, 422, /amount/],
        [{ verdict: 'Approve', reason: 'x'.repeat(2_000) }, 422, /^body\.reason: /],
      ];
      for (const [body, status, says] of wrong) {
        const answer = await decide(body);
        expect([answer.status, detailOf(answer)], JSON.stringify(body).slice(0, 80)).toEqual([
          status,
          expect.stringMatching(says) as string,
        ]);
      }
      expect((await of.ns.admin.list(approvalDecisions, { namespace: of.ns.name })).items).toEqual([]);
    }),
  );

  it(
    'tells methods, paths, types and sizes apart',
    scene(service, async ({ alice }) => {
      const huge = await alice.post('/v1/requests', `{"reason":"${'x'.repeat(300_000)}"}`);
      expect(huge.status).toBe(413);
      expect((await alice.call('POST', '/v1/requests', { body: '{}', headers: { 'content-type': 'text/plain' } })).status).toBe(415);
      expect((await alice.call('DELETE', '/v1/requests')).headers['allow']).toMatch(/POST/);
      expect(await alice.get('/v1/me', { 'x-much': 'x'.repeat(33_000) })).toMatchObject({
        status: 431,
        headers: { 'content-type': 'application/problem+json', connection: 'close' },
        body: { detail: expect.stringContaining('32 KiB') as string },
      });
      expect((await alice.get('/v1/nowhere')).status).toBe(404);
      expect((await alice.get('/v1/executions/nowhere')).status).toBe(404);
      expect((await alice.get('/v1/requests?limit=0')).status).toBe(422);
      expect((await alice.get('/v1/requests?colour=red')).status).toBe(422);
      expect((await alice.get('/v1/requests?cursor=nonsense')).status).toBe(422);
    }),
  );

  it(
    'takes no token that was not issued for it, and never says or logs one',
    scene(service, async ({ ns, alice }) => {
      const serviceAccount = `/api/v1/namespaces/${ns.name}/serviceaccounts/alice/token`;
      const elsewhere = await ns.admin.raw<{ status: { token: string } }>({
        method: 'POST',
        path: serviceAccount,
        body: { spec: { expirationSeconds: 3600 } },
      });
      const forged = `${alice.token.split('.').slice(0, 2).join('.')}.AAAA`;
      for (const token of [elsewhere.status.token, forged, 'x', '']) {
        const answer = await service.anonymous('GET', '/v1/me', { headers: { authorization: `Bearer ${token}` } });
        expect(answer.status).toBe(401);
        if (token.length > 5) expect(JSON.stringify(answer.body)).not.toContain(token);
      }
      expect((await service.anonymous('GET', '/v1/requests')).status).toBe(401);
      expect((await alice.get('/v1/me')).body).toMatchObject({ username: alice.username });
      const log = readFileSync(service.process().logFile, 'utf8');
      expect(log).not.toContain(alice.token.slice(0, 200));
      expect(log).not.toContain('"level":"error"');
    }),
  );
});
