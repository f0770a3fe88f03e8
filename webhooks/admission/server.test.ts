import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Registry } from 'prom-client';
import { Agent, request } from 'undici';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CertificateAuthority } from '../../hack/cluster/pki.ts';
import type { ServingCertificate } from '../../operator/kube/tlsServer.ts';
import { silentLogger } from '../../operator/telemetry/logger.ts';
import { createMetrics } from '../../operator/telemetry/metrics.ts';
import type { AdmissionHandler } from './handler.ts';
import { createAdmissionServer, type AdmissionServer } from './server.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-admission-'));
afterAll(() => rmSync(folder, { recursive: true }));

let authority: CertificateAuthority;
let certificate: ServingCertificate;
const issue = async (from: CertificateAuthority): Promise<ServingCertificate> => {
  const issued = await from.issue({ name: 'admission', hosts: ['127.0.0.1'] });
  return { cert: issued.certificate, key: issued.key };
};
beforeAll(async () => {
  authority = await CertificateAuthority.create(folder, 'test');
  certificate = await issue(authority);
});

let release: (() => void)[] = [];
const handlers: AdmissionHandler[] = [
  {
    path: '/yes',
    name: 'yes',
    kinds: ['Job'],
    review: () => ({ allowed: true, patch: [{ op: 'add', path: '/a', value: 'ü' }], warnings: ['w'] }),
  },
  { path: '/no', name: 'no', kinds: ['Job'], review: () => ({ allowed: false, message: 'spec.a: is 1; expected 2.', code: 422 }) },
  { path: '/throws', name: 'throws', kinds: ['Job'], review: () => Promise.reject(new Error('secret detail')) },
  { path: '/never', name: 'never', kinds: ['Job'], review: () => new Promise(() => undefined) },
  { path: '/later', name: 'later', kinds: ['Job'], review: () => new Promise((resolve) => release.push(() => resolve({ allowed: true }))) },
];

const metrics = createMetrics(new Registry());
let server: AdmissionServer;
let agent: Agent;
let origin: string;
beforeEach(async () => {
  release = [];
  server = createAdmissionServer({ handlers, certificate, log: silentLogger(), metrics, reviewTimeoutMs: 1_000, maxBodyBytes: 10_000 });
  origin = `https://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
  agent = trusting(authority);
});
afterEach(async () => {
  for (const let_go of release) let_go();
  await agent.close();
  await server.close();
});

const trusting = (...authorities: CertificateAuthority[]): Agent =>
  new Agent({ connect: { ca: authorities.map(({ certificateFile }) => readFileSync(certificateFile, 'utf8')) } });

const review = (more: object = {}, requestMore: object = {}): object => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'u-1',
    kind: { group: 'batch', version: 'v1', kind: 'Job' },
    operation: 'CREATE',
    userInfo: { username: 'alice' },
    object: { metadata: { name: 'a' } },
    ...requestMore,
  },
  ...more,
});

interface Answer {
  readonly status: number;
  readonly body: any; // eslint-disable-line @typescript-eslint/no-explicit-any
  readonly closes: boolean;
}

async function post(path: string, body: object | string, method: 'POST' | 'GET' = 'POST', dispatcher = agent): Promise<Answer> {
  const answer = await request(origin + path, {
    method,
    dispatcher,
    ...(method === 'GET' ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    headers: { 'content-type': 'application/json' },
  });
  return { status: answer.statusCode, body: await answer.body.json(), closes: answer.headers['connection'] === 'close' };
}

describe('answers', () => {
  test('a yes carries its patch and its warnings', async () => {
    const { status, body } = await post('/yes', review());
    expect(status).toBe(200);
    expect(body).toMatchObject({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'u-1', allowed: true, patchType: 'JSONPatch', warnings: ['w'] },
    });
    expect(JSON.parse(Buffer.from(body.response.patch as string, 'base64').toString())).toEqual([{ op: 'add', path: '/a', value: 'ü' }]);
  });

  test('a no carries its code and message', async () => {
    const { status, body } = await post('/no', review());
    expect(status).toBe(200);
    expect(body.response).toMatchObject({
      uid: 'u-1',
      allowed: false,
      status: { code: 422, reason: 'Invalid', message: 'spec.a: is 1; expected 2.' },
    });
  });

  test('what could not be judged is an error that tells nothing of the inside', async () => {
    const { status, body } = await post('/throws', review());
    expect(status).toBe(500);
    expect(JSON.stringify(body)).not.toContain('secret detail');
  });

  test('what takes too long is ended', async () => {
    expect((await post('/never', review())).status).toBe(504);
  });
});

describe('bad input', () => {
  const deep = (text: string) => expect.stringContaining(text) as unknown;
  test.each<[string, object | string, number, object]>([
    ['what is not JSON', 'no json', 400, { detail: deep('the body is not JSON') }],
    ['an empty body', '', 400, { detail: deep('the body is not JSON') }],
    ['a list', [], 400, { detail: deep('not a JSON object') }],
    ['another kind', review({ kind: 'Pod' }), 400, { detail: deep('kind is "Pod"') }],
    ['no kind', review({ kind: undefined }), 400, { detail: deep('kind is missing') }],
    [
      'another version',
      review({ apiVersion: 'admission.k8s.io/v1beta1' }),
      400,
      { detail: deep('apiVersion is "admission.k8s.io/v1beta1"') },
    ],
    ['no request', review({ request: undefined }), 400, { detail: deep('request is missing') }],
    ['no uid', review({}, { uid: undefined }), 400, { detail: deep('request.uid') }],
    [
      'more than is taken',
      review({}, { object: { metadata: { name: 'a'.repeat(20_000) } } }),
      413,
      { detail: deep('larger than 10000 bytes') },
    ],
    [
      'no user',
      review({}, { userInfo: undefined }),
      200,
      { response: { uid: 'u-1', allowed: false, status: { code: 400, message: deep('request.userInfo') } } },
    ],
    [
      'a user without a name',
      review({}, { userInfo: { groups: [] } }),
      200,
      { response: { allowed: false, status: { message: deep('request.userInfo.username') } } },
    ],
    [
      'an unknown operation',
      review({}, { operation: 'LOOK' }),
      200,
      { response: { allowed: false, status: { message: deep('request.operation') } } },
    ],
    [
      'an unknown kind',
      review({}, { kind: { group: '', version: 'v1', kind: 'Pod' } }),
      200,
      { response: { allowed: false, status: { message: deep('kind is Pod') } } },
    ],
    [
      'labels that are no labels',
      review({}, { object: { metadata: { labels: { a: 1 } } } }),
      200,
      { response: { allowed: false, status: { message: deep('request.object.metadata.labels.a') } } },
    ],
  ])('%s', async (_name, body, status, expected) => {
    const answer = await post('/yes', body);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject(expected);
  });

  test('a body that grows without a length is stopped', async () => {
    async function* endless(): AsyncGenerator<Buffer> {
      for (let i = 0; i < 100; i += 1) yield await Promise.resolve(Buffer.alloc(1_000, 'a'));
    }
    const answer = await request(`${origin}/yes`, { method: 'POST', body: Readable.from(endless()), dispatcher: agent });
    expect(answer.statusCode).toBe(413);
    await answer.body.dump();
  });

  test('another path is not found, another method not allowed', async () => {
    expect((await post('/elsewhere', review())).status).toBe(404);
    expect((await post('/yes', '', 'GET')).status).toBe(405);
  });

  test('it goes on answering afterwards', async () => {
    await post('/yes', 'no json');
    await post('/yes', 'a'.repeat(50_000));
    expect((await post('/yes', review())).status).toBe(200);
  });
});

describe('without dropping a review', () => {
  const underWay = async (count: number): Promise<Promise<Answer>[]> => {
    const sent = Array.from({ length: count }, () => post('/later', review()));
    while (release.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
    return sent;
  };

  test('what is under way is answered before the end', async () => {
    const sent = await underWay(20);
    const closed = server.close();
    for (const let_go of release) let_go();
    expect((await Promise.all(sent)).map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    await closed;
    await expect(post('/yes', review())).rejects.toThrow();
  });

  test('while it drains it still answers, and asks to come back elsewhere', async () => {
    const closed = server.close(300);
    const answer = await post('/yes', review());
    expect(answer).toMatchObject({ status: 200, closes: true });
    await closed;
  });

  test('a steady stream of reviews sees no failure while it drains', async () => {
    let failures = 0;
    let answered = 0;
    // They stop by what was answered, not by the clock: long before the drain is over, however slow the machine.
    const caller = async (): Promise<void> => {
      while (answered < 40 && failures === 0) {
        await post('/yes', review()).then(
          () => (answered += 1),
          () => (failures += 1),
        );
      }
    };
    const callers = Array.from({ length: 8 }, caller);
    const closed = server.close(4_000);
    await Promise.all(callers);
    await closed;
    expect(failures).toBe(0);
    expect(answered).toBeGreaterThanOrEqual(40);
  });

  test('a new certificate is taken up while reviews go on, first the new authority and then the new certificate', async () => {
    const next = await CertificateAuthority.create(join(folder, 'next'), 'next');
    const both = trusting(authority, next);
    await post('/yes', review(), 'POST', both);
    const [waiting] = await underWay(1);
    server.setCertificate(await issue(next));
    const fresh = trusting(authority, next);
    expect((await post('/yes', review(), 'POST', fresh)).status).toBe(200);
    const onlyNew = trusting(next);
    expect((await post('/yes', review(), 'POST', onlyNew)).status).toBe(200);
    const onlyOld = trusting(authority);
    await expect(post('/yes', review(), 'POST', onlyOld)).rejects.toThrow();
    release[0]!();
    expect((await waiting!).status).toBe(200);
    await Promise.all([both, fresh, onlyNew, onlyOld].map((a) => a.destroy()));
  });
});

test('every verdict is counted, under few names', async () => {
  await post('/no', review());
  const text = await metrics.registry.metrics();
  expect(text).toContain('countersign_admission_verdicts_total{kind="no",verdict="denied"}');
  expect(text).toContain('countersign_admission_duration_seconds_count{kind="no"}');
});
