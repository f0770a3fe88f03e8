import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { notificationChannels } from '../../../crds/v1alpha1/index.ts';
import type { KubeObject, ResourceType } from '../../../operator/kube/client/types.ts';
import { approvalService } from '../../fixtures/approvalService.ts';
import { HttpsPeer, type Received } from '../../fixtures/httpsPeer.ts';
import { until } from '../../fixtures/world.ts';
import { asked, requestIn, scene } from './support.ts';

const peer = await HttpsPeer.start();
const service = approvalService({ env: { COUNTERSIGN_HTTP_ALLOW: peer.host, COUNTERSIGN_HTTP_CA: peer.ca } });
afterAll(() => peer.stop());

const secrets: ResourceType = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };

/** The program of a page, as its readers would run it. */
async function programOf<T>(page: string, change: (code: string) => string = (code) => code): Promise<T> {
  const code = /```js\n(.*?)```/s.exec(readFileSync(join(import.meta.dirname, '../../../docs', page), 'utf8'))?.[1] ?? '';
  return (await import(`data:text/javascript,${encodeURIComponent(change(code))}`)) as T;
}

const callTo = (path: string): Promise<Received> =>
  until(`a call of ${path}`, () => Promise.resolve(peer.calls.find((call) => call.path === path)));

interface Answer {
  readonly headers: object;
  readonly body: string;
  readonly jwks: unknown;
  readonly isExpected: (request: { id: string; requester: string }) => boolean;
}

it(
  'The programs of the pages believe what the service sends, with the keys that it gives out, and nothing that was changed on the way',
  scene(service, async (of) => {
    const { ns, alice, bob } = of;
    const [done, hooks] = [`/done/${ns.name}`, `/hooks/${ns.name}`];
    await ns.admin.create(notificationChannels, ns.name, {
      apiVersion: 'countersign.dev/v1alpha1',
      kind: 'NotificationChannel',
      metadata: { name: 'recorder' },
      spec: { type: 'Webhook', config: { url: peer.url(hooks) }, routes: [{}] },
    });
    const { id } = await asked(of, { callback: { url: peer.url(done) } });
    expect((await bob.post(`/v1/requests/${id}/decisions`, { verdict: 'Approve' })).status).toBe(201);

    const { isAnswer } = await programOf<{ isAnswer: (answer: Answer) => boolean }>('guides/callbacks.md');
    const { headers, body } = await callTo(done);
    const jwks = (await service.anonymous('GET', '/.well-known/jwks.json')).body;
    const isExpected: Answer['isExpected'] = (request) => request.id === id && request.requester === alice.username;
    expect(isAnswer({ headers, body, jwks, isExpected })).toBe(true);
    expect(isAnswer({ headers, body: body.replace('Approved', 'Rejected'), jwks, isExpected })).toBe(false);

    // As the page of webhooks says that it is found.
    const { data } = await ns.admin.get<KubeObject & { data: Record<string, string> }>(secrets, {
      namespace: 'countersign-system',
      name: 'countersign-approvals-keys',
    });
    const key = Buffer.from(data['signing.pub'] ?? '', 'base64')
      .toString('utf8')
      .trim();
    const { isGenuine } = await programOf<{ isGenuine: (headers: object, body: string) => boolean }>('channels/webhook.md', (code) =>
      code.replace('process.env.COUNTERSIGN_PUBLIC_KEY', JSON.stringify(key)),
    );
    const told = await callTo(hooks);
    expect(JSON.parse(told.body)).toMatchObject({ type: 'approval.stage_opened', data: { request: { namespace: ns.name, uid: id } } });
    expect(isGenuine(told.headers, told.body)).toBe(true);
    expect(isGenuine(told.headers, `${told.body} `)).toBe(false);
    expect(requestIn(await alice.get(`/v1/requests/${id}`)).outcome).toBe('Approved');
  }),
);
