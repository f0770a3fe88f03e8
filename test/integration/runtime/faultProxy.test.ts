import { describe, expect, type TestContext } from 'vitest';
import { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import { FaultProxy } from '../../fixtures/faultProxy.ts';
import {
  crashAfter,
  crashBefore,
  delayAnswer,
  delayRequest,
  loseAnswer,
  loseRequest,
  refuse,
  repeatRequest,
  type WriteFault,
} from '../../fixtures/faults.ts';
import { test } from '../../fixtures/inNamespace.ts';
import { resources, type TestNamespace } from '../../fixtures/world.ts';

/** One create through the proxy that meets this fault: what its sender was told, and what the API server has and was asked. */
async function createWith(fault: WriteFault, ns: TestNamespace, onTestFinished: TestContext['onTestFinished']) {
  const proxy = await FaultProxy.fromKubeconfig(ns.cluster.adminKubeconfig);
  const credentials = { current: () => ({}), invalidate: () => undefined };
  const client = new KubeClient({ cluster: { server: proxy.url, credentials, namespace: ns.name }, timeoutMs: 20_000 });
  onTestFinished(async () => {
    await client.close();
    await proxy.close();
  });
  const create = (name: string) => client.create(resources.configMaps, ns.name, { metadata: { name } });
  await create('first');
  proxy.atWrite(2, fault);
  const answer: unknown = await create('second').then(
    () => 'made',
    (error: unknown) => error,
  );
  const present = (await ns.admin.list(resources.configMaps, { namespace: ns.name })).items.some(
    ({ metadata }) => metadata.name === 'second',
  );
  return {
    answer,
    present,
    writes: proxy.writes.map(({ n, method, resource, namespace }) => [n, method, resource, namespace === ns.name]),
  };
}

const counted = (n: number) => Array.from({ length: n }, (_, i) => [i + 1, 'POST', 'configmaps', true]);

describe.concurrent('the fault proxy', () => {
  test('loses a request before it is done', async ({ ns, onTestFinished }) => {
    const { answer, present, writes } = await createWith(loseRequest, ns, onTestFinished);
    expect([answer, present, writes]).toEqual([expect.objectContaining({ name: 'ConnectionError', sent: true }), false, counted(2)]);
  });

  test('loses the answer to a request that is done, which the client does not send again', async ({ ns, onTestFinished }) => {
    const { answer, present, writes } = await createWith(loseAnswer, ns, onTestFinished);
    expect([answer, present, writes]).toEqual([expect.objectContaining({ name: 'ConnectionError', sent: true }), true, counted(2)]);
  });

  test('sends a request twice and answers as the server did to the first', async ({ ns, onTestFinished }) => {
    expect(await createWith(repeatRequest, ns, onTestFinished)).toMatchObject({ answer: 'made', present: true });
  });

  test('refuses in the name of the server; a busy server is asked again by the client', async ({ ns, onTestFinished }) => {
    const { answer, present, writes } = await createWith(refuse(429, 'TooManyRequests', 0), ns, onTestFinished);
    expect([answer, present, writes]).toEqual(['made', true, counted(3)]);
  });

  test('is late with a request', async ({ ns, onTestFinished }) => {
    expect(await createWith(delayRequest(50), ns, onTestFinished)).toMatchObject({ answer: 'made', present: true });
  });

  test('is late with the answer', async ({ ns, onTestFinished }) => {
    expect(await createWith(delayAnswer(50), ns, onTestFinished)).toMatchObject({ answer: 'made', present: true });
  });

  test('lets something crash before a request is done', async ({ ns, onTestFinished }) => {
    const crashes: string[] = [];
    const before = await createWith(
      crashBefore(() => void crashes.push('before')),
      ns,
      onTestFinished,
    );
    expect([before.present, crashes]).toEqual([false, ['before']]);
  });

  test('lets something crash after a request is done', async ({ ns, onTestFinished }) => {
    const crashes: string[] = [];
    const after = await createWith(
      crashAfter(() => void crashes.push('after')),
      ns,
      onTestFinished,
    );
    expect([after.present, crashes]).toEqual([true, ['after']]);
  });
});
