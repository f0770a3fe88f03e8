import { describe, expect, it, vi } from 'vitest';
import { ConnectionError } from '../../../operator/kube/client/apiError.ts';
import type { WatchEvent } from '../../../operator/kube/client/types.ts';
import { WireServer, all, refusal, reset } from '../../fixtures/wireServer.ts';

vi.setConfig({ testTimeout: 60_000 });
/** Polls for as long as a busy machine may need. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });

const things = { group: 'example.com', version: 'v1', plural: 'things', kind: 'Thing', namespaced: true };
const event = (name: string): string =>
  `${JSON.stringify({ type: 'ADDED', object: { metadata: { name, uid: 'ü', resourceVersion: '1' } } })}\n`;
const names = (events: WatchEvent[]): string[] => events.map(({ object }) => object.metadata.name);

describe('a watch', () => {
  it('puts events together however the bytes arrive, inside a character too', async () => {
    const bytes = Buffer.from(event('a') + event('b') + event('c'));
    await using server = await WireServer.start((_request, response) => {
      response.writeHead(200);
      for (let at = 0; at < bytes.length; at += 7) response.write(bytes.subarray(at, at + 7));
      response.end();
    });
    const events = await all(server.client().watch(things));
    expect(names(events)).toEqual(['a', 'b', 'c']);
    expect(events[0]?.object.metadata.uid).toBe('ü');
  });

  it('asks for bookmarks, and for a streamed list as the API server wants it spelt', async () => {
    await using server = await WireServer.start((_request, response) => response.writeHead(200).end());
    await all(server.client().watch(things, { namespace: 'ns', sendInitialEvents: true, timeoutSeconds: 9, labelSelector: 'a=b' }));
    expect(server.requests[0]?.url).toBe(
      '/apis/example.com/v1/namespaces/ns/things?watch=true&allowWatchBookmarks=true&labelSelector=a%3Db&timeoutSeconds=9&sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
    );
  });

  it('ends with an error when the connection is reset, after the events that came before', async () => {
    await using server = await WireServer.start((_request, response) => {
      response.writeHead(200);
      response.write(event('a'), () => setTimeout(() => reset(response), 20));
    });
    const seen: string[] = [];
    const run = server.client().watchWith(things, {}, ({ object }) => seen.push(object.metadata.name));
    await expect(run).rejects.toThrow(ConnectionError);
    expect(seen).toEqual(['a']);
  });

  it('ends with an error when the server stops inside an event', async () => {
    await using server = await WireServer.start((_request, response) => response.writeHead(200).end(event('a').slice(0, 20)));
    await expect(all(server.client().watch(things))).rejects.toThrow('ended inside an event');
  });

  it('ends with an error when what arrives is not JSON', async () => {
    await using server = await WireServer.start((_request, response) => response.writeHead(200).write('<html>\n'));
    await expect(all(server.client().watch(things))).rejects.toThrow('not JSON');
  });

  it('gives up on silence', async () => {
    await using server = await WireServer.start((_request, response) => response.writeHead(200).write(event('a')));
    await expect(server.client().watchWith(things, { idleTimeoutMs: 50 }, () => undefined)).rejects.toThrow(
      'nothing arrived on the watch for 50 ms',
    );
  });

  it('throws on what the callback throws', async () => {
    await using server = await WireServer.start((_request, response) => response.writeHead(200).write(event('a')));
    const run = server.client().watchWith(things, {}, () => {
      throw new RangeError('no such thing');
    });
    await expect(run).rejects.toThrow(RangeError);
  });

  it('tells a refusal as an ApiError', async () => {
    await using server = await WireServer.start((_request, response) => refusal(response, 410, 'Expired'));
    await expect(all(server.client().watch(things))).rejects.toMatchObject({ status: 410, reason: 'Expired' });
  });

  it('closes its connection when the reader leaves the loop, and ends quietly when its signal aborts', async () => {
    let closed = 0;
    await using server = await WireServer.start((_request, response) => {
      response.writeHead(200).write(event('a'));
      response.on('close', () => (closed += 1));
    });
    const client = server.client();
    for await (const { object } of client.watch(things)) {
      expect(object.metadata.name).toBe('a');
      break;
    }
    const abort = new AbortController();
    for await (const _event of client.watch(things, { signal: abort.signal })) abort.abort();
    await eventually(() => closed).toBe(2);
  });

  it('takes no place among the requests under way', async () => {
    await using server = await WireServer.start((request, response) => {
      if (request.url.includes('watch=true')) response.writeHead(200).write(event('a'));
      else response.end('{"metadata":{}}');
    });
    const client = server.client({ connections: 1, maxInFlight: 1 });
    const abort = new AbortController();
    const open = [1, 2, 3].map(() => all(client.watch(things, { signal: abort.signal })));
    await expect(client.get(things, { namespace: 'ns', name: 'a' })).resolves.toEqual({ metadata: {} });
    abort.abort();
    await Promise.all(open);
  });
});
