import { describe, expect, it } from 'vitest';
import { attacks, largeVariables } from '../../test/fixtures/cel/attacks.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/client/types.ts';
import { exampleRequest, stage } from '../example.ts';
import { explain } from '../explain/why.ts';
import type { Request } from '../request.ts';
import { mostLooks } from './conditions.ts';
import { readDelegated } from './delegated.ts';

const now = Date.parse('2026-11-21T09:05:00Z');

/** A cluster that has these delegations in namespace payments, and nothing else. */
const having = (...delegations: KubeObject[]) => ({
  namespace: 'payments',
  client: {
    now: () => now,
    // eslint-disable-next-line @typescript-eslint/require-await
    listAll: async function* ({ kind }: ResourceType) {
      if (kind === 'ApprovalDelegation') yield* delegations;
    },
  } as unknown as KubeClient,
});

const delegation = (from: string, to: string, when?: string, name = `${from}-to-${to}`): KubeObject => ({
  apiVersion: 'countersign.dev/v1alpha1',
  kind: 'ApprovalDelegation',
  metadata: {
    name,
    namespace: 'payments',
    uid: name,
    resourceVersion: '1',
    creationTimestamp: '2026-11-20T09:00:00Z',
    annotations: { 'countersign.dev/requester': from },
  },
  spec: { from, to, ...(when === undefined ? {} : { when }) },
});

const dan = { username: 'dan', groups: [] };
const burning = attacks['macros over a large list of the context']!;
const { context } = largeVariables as { context: Record<string, unknown> };

/** For whom dan may decide about a request. */
async function decidesFor(request: Request, ...delegations: KubeObject[]): Promise<string[]> {
  const { principals } = await readDelegated(having(...delegations), [request]);
  return principals(request, dan).map((p) => p.username);
}

describe('readDelegated', () => {
  it.each<[string, string | undefined, string[]]>([
    ['is true', "operation == 'wire-transfer' && context.amount < 100", ['carla']],
    ['is false', 'context.amount < 10', []],
    ['cannot be evaluated', 'context.amont < 100', []],
    ['cannot be read', 'context.', []],
    ['is not there', undefined, ['carla']],
    ['hangs on who asked', "requester.username == 'alice@corp' && 'dev' in requester.groups", ['carla']],
    // Nobody has read the object or its namespace; the operator decides.
    ['hangs on the object', 'object.spec.parallelism < 0', ['carla']],
    ['hangs on the namespace', "namespaceObject.metadata.labels['a'] == 'b'", ['carla']],
  ])('says who decides in whose stead where the condition %s', async (_, when, expected) => {
    expect(await decidesFor(exampleRequest({ spec: { context: { amount: 50 } } }), delegation('carla', 'dan', when))).toEqual(expected);
  });

  it('is not kept from what others wrote by many whose conditions cost as much as they can', async () => {
    const burns = Array.from({ length: 300 }, (_, i) => delegation('mallory', 'dan', burning, `burns-${i}`));
    const request = exampleRequest({ spec: { context } });
    expect(await decidesFor(request, ...burns, delegation('carla', 'dan', 'size(context.items) == 1000'))).toEqual(['carla']);
  });

  it('stops looking when many requests have taken very long, and takes for true what it did not look at', async () => {
    const requests = Array.from({ length: 2 * mostLooks }, (_, i) => ({ ...exampleRequest({ spec: { context } }), uid: `uid-${i}` }));
    const burns = Array.from({ length: 5 }, (_, i) => delegation('mallory', 'dan', burning, `burns-${i}`));
    const { principals } = await readDelegated(having(...burns), requests);
    const found = requests.map((request) => principals(request, dan).length);
    expect(found.slice(0, mostLooks - 1)).toEqual(Array.from({ length: mostLooks - 1 }, () => 0));
    expect(found.at(-1)).toBe(1);
  });
});

describe('why', () => {
  const asksCarla = { stages: [stage({ require: [{ count: 1, from: [{ user: 'carla' }], approvedBy: [] }] })] };

  it('tells of a delegation from somebody who is asked whose condition fails, and not of others', async () => {
    const request = exampleRequest({ status: asksCarla });
    const all = [delegation('carla', 'dan', 'context.amount < 100'), delegation('erin', 'dan', 'context.amount < 100')];
    const { notes } = explain(request, await readDelegated(having(...all), [request]));
    expect(notes).toEqual([
      'ApprovalDelegation carla-to-dan does not count, as its when cannot be read: "context.amount < 100" failed: no such key: amount.',
    ]);
  });
});
