import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { approvalService, type HttpPerson } from '../../fixtures/approvalService.ts';
import { HttpsPeer, type Received } from '../../fixtures/httpsPeer.ts';
import { resources, until } from '../../fixtures/world.ts';
import { asked, asking, detailOf, requestIn, scene } from './support.ts';

const peer = await HttpsPeer.start();
const service = approvalService({ env: { COUNTERSIGN_HTTP_ALLOW: peer.host, COUNTERSIGN_HTTP_CA: peer.ca } });
afterAll(() => peer.stop());
beforeEach(() => peer.answers((_call, response) => response.end()));

interface Delivery {
  readonly id: string;
  readonly state: string;
  readonly attempts: readonly { readonly message: string; readonly taken: boolean }[];
}

const deliveriesOf = async (who: HttpPerson, id: string): Promise<Delivery[]> =>
  ((await who.get(`/v1/requests/${id}/deliveries`)).body as { items: Delivery[] }).items;

const callsTo = (path: string): Promise<Received[]> =>
  until(`a call of ${path}`, () => {
    const calls = peer.calls.filter((call) => call.path === path);
    return Promise.resolve(calls.length > 0 ? calls : undefined);
  });

describe('a callback', () => {
  it(
    'tells the outcome once people have decided, is tried again, listed, and sent again for whoever may ask for that',
    scene(service, async (of) => {
      const path = `/done/${of.ns.name}`;
      let failures = 2;
      peer.answers((_call, response) => {
        response.statusCode = failures > 0 ? 503 : 200;
        failures -= 1;
        response.end();
      });
      const checkpoint = { workflowId: 'w-1', checkpointId: 'c-3' };
      const { id } = await asked(of, { callback: { url: peer.url(path) }, checkpoint });
      expect((await of.bob.post(`/v1/requests/${id}/decisions`, { verdict: 'Approve', response: { limit: 5 } })).status).toBe(201);
      const delivered = await until('it to be delivered', async () =>
        (await deliveriesOf(of.alice, id)).find(({ state }) => state === 'Delivered'),
      );
      expect(delivered).toMatchObject({ kind: 'Callback', event: 'Settled', target: `${of.ns.name} https://${peer.host}` });
      expect(delivered.attempts.map(({ taken }) => taken)).toEqual([false, false, true]);
      const calls = await callsTo(path);
      expect(new Set(calls.map(({ headers, body }) => `${String(headers['webhook-id'])} ${body}`)).size).toBe(1);
      expect(JSON.parse(calls[0]?.body ?? '')).toMatchObject({
        type: 'approval.settled',
        data: {
          request: { id },
          outcome: 'Approved',
          checkpoint,
          decisions: [{ approver: of.bob.username, via: 'Web', response: { limit: 5 } }],
        },
      });

      const again = `/v1/requests/${id}/deliveries/${delivered.id}/redeliver`;
      const refused = await of.bob.call('POST', again);
      expect([refused.status, detailOf(refused)]).toEqual([403, expect.stringContaining('cancel') as string]);
      const hasty = await of.alice.call('POST', again);
      expect([hasty.status, detailOf(hasty)]).toEqual([409, expect.stringMatching(/send it again in \d+ s/) as string]);
      const mallory = await service.person(of.ns, 'mallory', 'nothing');
      expect((await mallory.get(`/v1/requests/${id}/deliveries`)).status).toBe(404);
      expect((await of.alice.call('POST', again.replace(delivered.id, 'nothing'))).status).toBe(404);

      const keys = await service.anonymous('GET', '/.well-known/jwks.json');
      expect(keys).toMatchObject({ status: 200, body: { keys: [{ kty: 'OKP', crv: 'Ed25519' }] } });
      const edit = of.ns.admin.patch(
        resources.approvalRequests,
        { namespace: of.ns.name, name: requestIn(await of.alice.get(`/v1/requests/${id}`)).name },
        { spec: { callback: { url: 'https://evil.example/' } } },
        { type: 'merge' },
      );
      await expect(edit).rejects.toThrow('keeps its callback');
    }),
  );

  it(
    'is signed with a Secret only for somebody who may read it, and goes nowhere inside',
    scene(service, async (of) => {
      await of.ns.admin.create({ group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true }, of.ns.name, {
        metadata: { name: 'theirs' },
        stringData: { key: 'secret' },
      });
      const path = `/never/${of.ns.name}`;
      const said: [object, RegExp][] = [
        [{ url: peer.url(path), secretRef: { name: 'theirs', key: 'key' } }, /may not get Secret theirs/],
        [{ url: 'https://169.254.169.254/latest/meta-data' }, /^No answer, or no address there that may be called; an administrator/],
        [{ url: 'https://kubernetes.default.svc:6443/' }, /may not be called/],
      ];
      for (const [callback, says] of said) {
        const { id } = requestIn(await of.alice.post('/v1/requests', asking(of, { callback, timeout: '1s' }), { prefer: 'wait=30' }));
        const failed = await until('it to be refused', async () =>
          (await deliveriesOf(of.alice, id)).find(({ state }) => state === 'Failed'),
        );
        expect(failed.attempts[0]?.message).toMatch(says);
      }
      expect(peer.calls.filter((call) => call.path === path)).toEqual([]);
      const wrong = await of.alice.post('/v1/requests', asking(of, { callback: { url: 'http://plain.example/' } }));
      expect([wrong.status, JSON.stringify(wrong.body)]).toEqual([422, expect.stringContaining('callback.url') as string]);
    }),
  );
});
