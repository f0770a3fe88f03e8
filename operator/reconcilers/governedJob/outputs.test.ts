import { describe, expect, it } from 'vitest';
import { outputsIn } from './outputs.ts';

type Pod = Parameters<typeof outputsIn>[0][number];

const pod = (messages: Readonly<Record<string, string | undefined>>, more: { phase?: string; at?: string } = {}): Pod => ({
  metadata: { name: 'p', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
  spec: { containers: Object.keys(messages).map((name) => ({ name })) },
  status: {
    phase: more.phase ?? 'Succeeded',
    containerStatuses: Object.entries(messages)
      .map(([name, message]) => ({
        name,
        state: { terminated: { finishedAt: more.at ?? '2026-03-02T09:00:00Z', ...(message === undefined ? {} : { message }) } },
      }))
      .reverse(),
  },
});

describe('outputs', () => {
  it.each<[string, object | undefined, Pod[]]>([
    ['are what the container said', { id: 'T-1' }, [pod({ main: '{"id": "T-1"}' })]],
    ['are of the pod that ended last', { n: 2 }, [pod({ a: '{"n":1}' }), pod({ a: '{"n":2}' }, { at: '2026-03-02T09:00:01Z' })]],
    [
      'are not of a pod that failed',
      { n: 1 },
      [pod({ a: '{"n":1}' }), pod({ a: '{"n":2}' }, { phase: 'Failed', at: '2026-03-02T10:00:00Z' })],
    ],
    [
      'are of the first container, as the template has them, that says an object',
      { b: 1 },
      [pod({ a: 'done', b: '{"b":1}', c: '{"c":1}' })],
    ],
    ['are none without a message', undefined, [pod({ a: undefined })]],
    ['are none without a pod', undefined, []],
    ['are none of a text', undefined, [pod({ a: '"x"' })]],
    ['are none of a list', undefined, [pod({ a: '[1]' })]],
    ['are none of null', undefined, [pod({ a: 'null' })]],
    ['are none of what is cut off', undefined, [pod({ a: '{"a":' })]],
    ['are none of more than Kubernetes keeps', undefined, [pod({ a: `{"a":"${'x'.repeat(4096)}"}` })]],
  ])('%s', (_what, expected, pods) => {
    expect(outputsIn(pods)).toEqual(expected);
  });
});
