import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareResourceVersions } from '../resourceVersions.ts';
import { fitsSelector } from '../selector.ts';
import { Limiter } from './limiter.ts';
import { LineSplitter } from './lineSplitter.ts';
import { proxyFor } from './proxy.ts';
import { ServerClock } from './serverClock.ts';
import { apiVersionOf, resourcePath } from './types.ts';

describe('paths', () => {
  const jobs = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true };
  const nodes = { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false };

  it.each([
    [jobs, {}, '/apis/batch/v1/jobs'],
    [jobs, { namespace: 'ns' }, '/apis/batch/v1/namespaces/ns/jobs'],
    [jobs, { namespace: 'ns', name: 'a', subresource: 'status' }, '/apis/batch/v1/namespaces/ns/jobs/a/status'],
    [nodes, { namespace: 'ignored', name: 'n/../x' }, '/api/v1/nodes/n%2F..%2Fx'],
  ])('of %o at %o', (type, target, path) => expect(resourcePath(type, target)).toBe(path));

  it('have an apiVersion', () => expect([apiVersionOf(jobs), apiVersionOf(nodes)]).toEqual(['batch/v1', 'v1']));
});

describe('the line splitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !text.includes('\n'));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const seen: string[] = [];
        const splitter = new LineSplitter((text) => seen.push(text));
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = cuts[i % cuts.length] ?? 1;
          splitter.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(seen).toEqual(lines);
        expect(splitter.unfinished).toBe(false);
      }),
    );
  });
});

describe("the server's clock", () => {
  it('comes within some milliseconds of the truth, though answers tell whole seconds', () => {
    let local = 5_000;
    const theirs = (): number => local + 1_900_000_000_123;
    const clock = new ServerClock(() => local);
    for (let i = 0; i < 200; i++) {
      const begun = local;
      local += 2;
      clock.sample(new Date(theirs()).toUTCString(), begun);
      local += 37;
    }
    expect(Math.abs(clock.now() - theirs())).toBeLessThan(25);
  });

  it('is always within a second after one answer', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 400 }), (server, took) => {
        let local = 1_000;
        const clock = new ServerClock(() => local);
        local += took;
        clock.sample(new Date(server).toUTCString(), 1_000);
        expect(Math.abs(clock.now() - server)).toBeLessThanOrEqual(1_000);
      }),
    );
  });

  it('follows when the server sets its clock back by an hour', () => {
    let local = 0;
    let offset = 1_900_000_000_000;
    const clock = new ServerClock(() => local);
    for (let i = 0; i < 100; i++) {
      if (i === 50) offset -= 3_600_000;
      clock.sample(new Date(local + offset).toUTCString(), local);
      local += 40;
    }
    expect(Math.abs(clock.now() - (local + offset))).toBeLessThan(200);
  });

  it('ignores a Date that is none', () => {
    const clock = new ServerClock();
    clock.sample('yesterday', 0);
    expect(clock.known).toBe(false);
    expect(Math.abs(clock.now() - Date.now())).toBeLessThan(5_000);
  });
});

describe('the limiter', () => {
  it('lets a burst through at once and no more, then goes on at its pace and in order', async () => {
    const limiter = new Limiter({ qps: 200, burst: 3 });
    const waits = Array.from({ length: 6 }, () => limiter.acquire());
    expect(waits.map((wait) => wait === undefined)).toEqual([true, true, true, false, false, false]);
    const order: number[] = [];
    await Promise.all(waits.map(async (wait, i) => wait !== undefined && (await wait, order.push(i))));
    expect(order).toEqual([3, 4, 5]);
  });

  it('gives a place to the one that has waited longest', async () => {
    const limiter = new Limiter({ maxInFlight: 1 });
    expect(limiter.acquire()).toBeUndefined();
    const order: string[] = [];
    const waits = ['a', 'b'].map((name) => limiter.acquire()?.then(() => order.push(name)));
    limiter.release();
    await waits[0];
    expect(order).toEqual(['a']);
    limiter.release();
    await waits[1];
    expect(order).toEqual(['a', 'b']);
  });
});

describe('resource versions', () => {
  it('compare as numbers of any length', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n }), fc.bigInt({ min: 1n }), (a, b) => {
        expect(Math.sign(compareResourceVersions(String(a), String(b)))).toBe(a === b ? 0 : a < b ? -1 : 1);
      }),
    );
    expect(compareResourceVersions('', '1')).toBeLessThan(0);
  });
});

describe('label selectors', () => {
  it.each([
    ['a=b', { a: 'b' }, true],
    ['a==b', { a: 'b' }, true],
    ['a=b', { a: 'c' }, false],
    ['a=b,c', { a: 'b' }, false],
    ['a!=b', {}, true],
    ['!a', {}, true],
    ['!a', { a: '' }, false],
    ['a', { a: '' }, true],
    ['a in (b)', { a: 'b' }, undefined],
  ])('%s of %o: %s', (selector, labels, fits) => expect(fitsSelector(selector, labels as Record<string, string>)).toBe(fits));
});

describe('proxies', () => {
  const env = {
    HTTPS_PROXY: 'proxy.corp:3128',
    HTTP_PROXY: 'http://plain.corp',
    NO_PROXY: 'internal.corp,.only-below.corp,10.0.0.0/8,exact.corp:6443',
  };

  it.each([
    ['https://k8s.example.com', undefined, env, 'http://proxy.corp:3128'],
    ['http://k8s.example.com', undefined, env, 'http://plain.corp'],
    ['https://k8s.example.com', 'socks5://own:1080', env, 'socks5://own:1080'],
    ['https://localhost:6443', undefined, env, undefined],
    ['https://127.0.0.1:6443', undefined, env, undefined],
    ['https://[::1]:6443', undefined, env, undefined],
    ['https://internal.corp', undefined, env, undefined],
    ['https://a.internal.corp', undefined, env, undefined],
    ['https://notinternal.corp', undefined, env, 'http://proxy.corp:3128'],
    ['https://only-below.corp', undefined, env, 'http://proxy.corp:3128'],
    ['https://a.only-below.corp', undefined, env, undefined],
    ['https://10.9.8.7', undefined, env, undefined],
    ['https://11.9.8.7', undefined, env, 'http://proxy.corp:3128'],
    ['https://exact.corp:6443', undefined, env, undefined],
    ['https://exact.corp', undefined, env, 'http://proxy.corp:3128'],
    ['https://k8s.example.com', undefined, { https_proxy: 'http://lower' }, 'http://lower'],
    ['https://k8s.example.com', undefined, { HTTPS_PROXY: 'http://p', NO_PROXY: '*' }, undefined],
    ['https://k8s.example.com', undefined, {}, undefined],
  ])('to %s (own proxy-url: %s): case %#', (server, own, environment, proxy) => expect(proxyFor(server, own, environment)).toBe(proxy));
});
