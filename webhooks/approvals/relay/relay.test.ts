import { describe, expect, it } from 'vitest';
import { ApiError, ConnectionError } from '../../../operator/kube/client/apiError.ts';
import type { Caller } from '../callers/caller.ts';
import { Problem } from '../http/problem.ts';
import { Permissions } from './ask.ts';
import { createGovernedJob, createRequest } from './create.ts';
import { decide, type Decision } from './decide.ts';
import { nameByKey, type Writer } from './once.ts';
import { askedBy, relayedGroups } from './person.ts';
import { refused } from './refusal.ts';

const bob: Caller = { username: 'bob@corp', groups: ['finance', 'system:authenticated'], via: 'Web', proof: 'BearerToken' };
const digest = `v1:sha256:${'0'.repeat(64)}`;

/** A client that keeps what it is given, by name. */
function keeping(): { client: Writer; stored: Map<string, Record<string, unknown>> } {
  const stored = new Map<string, Record<string, unknown>>();
  const create = (_type: unknown, _namespace: unknown, object: { metadata: { name?: string; generateName?: string } }) => {
    const name = object.metadata.name ?? `${object.metadata.generateName ?? ''}x${stored.size}`;
    if (stored.has(name)) return Promise.reject(new ApiError(409, 'AlreadyExists', `"${name}" already exists`));
    const made = { ...object, metadata: { ...object.metadata, name } };
    stored.set(name, made);
    return Promise.resolve(made);
  };
  const get = (_type: unknown, { name }: { name: string }) =>
    stored.has(name) ? Promise.resolve(stored.get(name)) : Promise.reject(new ApiError(404, 'NotFound', `"${name}" not found`));
  return { client: { create, get, patch: () => Promise.reject(new Error('not patched here')) } as never, stored };
}

describe('the groups that are relayed', () => {
  it('are those of a person, without what Kubernetes keeps for itself', () => {
    expect(relayedGroups({ username: 'bob', groups: ['finance', 'system:masters', 'system:authenticated', 'system:nodes'] })).toEqual([
      'finance',
      'system:authenticated',
    ]);
  });

  it('are those that follow from the name of a service account', () => {
    const groups = [
      'system:serviceaccounts',
      'system:serviceaccounts:t1',
      'system:serviceaccounts:kube-system',
      'finance',
      'system:authenticated',
    ];
    expect(relayedGroups({ username: 'system:serviceaccount:t1:bot', groups })).toEqual([
      'system:serviceaccounts',
      'system:serviceaccounts:t1',
      'system:authenticated',
    ]);
  });

  it('stand beside who asks, and by which channel, on what is created for them', () => {
    expect(askedBy(bob)).toEqual({
      'countersign.dev/requester': 'bob@corp',
      'countersign.dev/requester-groups': 'finance\nsystem:authenticated',
      'countersign.dev/via': 'Web',
    });
  });
});

describe('a decision', () => {
  const said = { namespace: 'payments', requests: [{ name: 'wire', uid: 'u', digest }], verdict: 'Approve' as const, reason: undefined };

  it('names the approver, their groups and their channel, and nothing that was not said', async () => {
    const { client, stored } = keeping();
    const { name } = await decide({ client }, bob, said);
    expect(name).toMatch(/^wire-/);
    expect(stored.get(name)?.['spec']).toEqual({
      requests: said.requests,
      verdict: 'Approve',
      approver: 'bob@corp',
      groups: ['finance', 'system:authenticated'],
      via: 'Web',
    });
  });

  it('is written once under a key, whoever forgot the answer', async () => {
    const { client, stored } = keeping();
    const first = await decide({ client }, bob, { ...said, key: 'k' });
    expect(await decide({ client }, bob, { ...said, key: 'k' })).toEqual(first);
    await decide({ client }, bob, { ...said, key: 'other' });
    await decide({ client }, { ...bob, username: 'eve' }, { ...said, key: 'k' });
    expect(stored.size).toBe(3);
  });

  it('is found again although admission refuses to repeat what is done, and only then', async () => {
    const { client, stored } = keeping();
    const settled = new ApiError(422, 'Invalid', 'admission webhook "v.countersign.dev" denied the request: settled already');
    const deps = { client: { ...client, create: () => Promise.reject(settled) } };
    await expect(decide(deps, bob, { ...said, key: 'k' })).rejects.toMatchObject({ status: 422, message: 'settled already' });
    const first = await decide({ client }, bob, { ...said, key: 'k' });
    expect(await decide(deps, bob, { ...said, key: 'k' })).toEqual(first);
    await expect(decide(deps, bob, { ...said, verdict: 'Reject', key: 'k' })).rejects.toMatchObject({ message: 'settled already' });
    expect(stored.size).toBe(1);
  });

  it('that is refused is refused in those words although nobody can look then whether it was written before', async () => {
    const refusal = new ApiError(422, 'Invalid', 'admission webhook "v.countersign.dev" denied the request: spec.ticket: is missing');
    const away = () => Promise.reject(new ConnectionError('reset', true));
    const deps = (error: Error) => ({ client: { ...keeping().client, create: () => Promise.reject(error), get: away } as never });
    await expect(decide(deps(refusal), bob, { ...said, key: 'k' })).rejects.toMatchObject({
      status: 422,
      message: 'spec.ticket: is missing',
    });
    // Whose it is that is there is not known: no answer is better than that it is somebody else's.
    const there = new ApiError(409, 'AlreadyExists', '"wire" already exists');
    await expect(decide(deps(there), bob, { ...said, key: 'k' })).rejects.toThrow('reset');
  });

  const shown = { name: 'wire', uid: 'u', digest };
  it.each<[string, Partial<Decision>]>([
    ['verdict', { verdict: 'Reject' }],
    ['uid', { requests: [{ ...shown, uid: 'other' }] }],
    ['digest', { requests: [{ ...shown, digest: `v1:sha256:${'1'.repeat(64)}` }] }],
    ['reason', { reason: 'another' }],
    ['reason left out', { reason: undefined }],
    ['ticket', { ticket: 'CHG-2' }],
    ['response', { response: { amount: 2 } }],
    ['standing', { standing: { runs: 2, duration: '7d' } }],
    ['reassign', { reassign: { stage: 's', from: 'a', to: 'b' } }],
  ])('is refused under a key that made one with another %s', async (_field, other) => {
    const { client, stored } = keeping();
    const first = { ...said, reason: 'because', ticket: 'CHG-1', response: { amount: 1 }, key: 'k' };
    await decide({ client }, bob, first);
    const refusal = { status: 422, code: 'idempotency-key-reused' };
    await expect(decide({ client }, bob, { ...first, ...other })).rejects.toMatchObject(refusal);
    expect(stored.size).toBe(1);
  });

  it('is the same although its approver has joined a group since', async () => {
    const { client } = keeping();
    const first = await decide({ client }, bob, { ...said, key: 'k' });
    expect(await decide({ client }, { ...bob, groups: [] }, { ...said, key: 'k' })).toEqual(first);
  });

  it('has a name that any request leaves room for', () => {
    expect(nameByKey(bob, 'k', `${'x'.repeat(39)}.y`)).toMatch(/^x{39}-[0-9a-f]{20}$/);
    expect(nameByKey(bob, 'k', 'x'.repeat(253)).length).toBeLessThan(64);
  });
});

describe.each([
  ['a request', createRequest],
  ['a GovernedJob', createGovernedJob],
])('%s', (_what, ask) => {
  const wire = (amount: number, more: object = {}) => ({
    operation: 'wire',
    context: { amount, ...more },
    subject: { resource: { name: 'x' } },
  });
  const asked = { namespace: 'payments', spec: wire(1), labels: { team: 'a' } };

  it('that has the name that was sent is never the answer, whatever the key', async () => {
    const { client, stored } = keeping();
    await ask({ client }, bob, { ...asked, name: 'wire', key: 'k' });
    for (const [amount, key] of [
      [1_000_000, 'new'],
      [1_000_000, 'k'],
      [1, 'new'],
      [1, undefined],
    ] as const) {
      await expect(ask({ client }, bob, { ...asked, name: 'wire', spec: wire(amount), key })).rejects.toMatchObject({
        status: 409,
        code: 'conflict',
        message: expect.stringMatching(/^body\.name: \w+ wire is there already in namespace payments, .*send another name/) as string,
      });
    }
    expect(stored.size).toBe(1);
  });

  it('is made once under a key, with what admission and the API server fill in and others add', async () => {
    const { client, stored } = keeping();
    const first = await ask({ client }, bob, { ...asked, key: 'k' });
    const { name } = first.metadata;
    const spec = { ...asked.spec, subject: { resource: { name: 'x', uid: 'u' } }, draft: false, cancelled: false };
    stored.set(name, { ...first, metadata: { ...first.metadata, labels: { team: 'a', added: 'b' } }, spec });
    expect((await ask({ client }, bob, { ...asked, key: 'k' })).metadata.name).toBe(name);
    expect(stored.size).toBe(1);
  });

  it.each<[string, object]>([
    ['another value', { spec: wire(1_000_000) }],
    ['a field more', { spec: wire(1, { fee: 1 }) }],
    ['a field less', { spec: { ...wire(1), context: {} } }],
    ['another label', { labels: { team: 'b' } }],
  ])('is refused under a key that made one with %s', async (_other, change) => {
    const { client, stored } = keeping();
    await ask({ client }, bob, { ...asked, key: 'k' });
    await expect(ask({ client }, bob, { ...asked, ...change, key: 'k' })).rejects.toMatchObject({
      status: 422,
      code: 'idempotency-key-reused',
    });
    expect(stored.size).toBe(1);
  });

  it('of somebody else is not the answer, though it stands under the name of the key', async () => {
    const { client, stored } = keeping();
    const made = await ask({ client }, bob, { ...asked, key: 'k' });
    const annotations = askedBy({ ...bob, username: 'eve@corp' });
    stored.set(made.metadata.name, { ...made, metadata: { ...made.metadata, annotations } });
    await expect(ask({ client }, bob, { ...asked, key: 'k' })).rejects.toMatchObject({ status: 409, code: 'conflict' });
  });
});

describe('a refusal of the API server', () => {
  it.each<[string, ApiError, number, RegExp]>([
    [
      'of a guard',
      new ApiError(
        403,
        'Forbidden',
        `approvaldecisions.countersign.dev "x" is forbidden: ValidatingAdmissionPolicy 'g' with binding 'g' denied request: spec.via: is "X"`,
      ),
      403,
      /^spec\.via: is "X"$/,
    ],
    [
      'of admission',
      new ApiError(422, 'Invalid', 'admission webhook "v.countersign.dev" denied the request: settled already'),
      422,
      /^settled already$/,
    ],
    ['that it is not there', new ApiError(404, 'NotFound', 'approvalrequests "x" not found'), 404, /not found/],
    ['that it is malformed', new ApiError(400, 'BadRequest', 'strict decoding error'), 422, /strict decoding/],
    [
      'of the service itself',
      new ApiError(
        403,
        'Forbidden',
        'jobs.batch "x" is forbidden: User "system:serviceaccount:countersign-system:countersign-approvals" cannot create resource',
      ),
      503,
      /has not been given the rights/,
    ],
  ])('%s is told in its own sentence', (_what, error, status, sentence) => {
    const problem = refused(error);
    expect(problem).toBeInstanceOf(Problem);
    expect(problem).toMatchObject({ status, message: expect.stringMatching(sentence) as string });
  });

  it('is not made of what is none', () => {
    const gone = new ConnectionError('reset', true);
    expect(refused(gone)).toBe(gone);
  });
});

describe('what callers may', () => {
  const access = { verb: 'get', group: 'g', resource: 'r', namespace: 'n' };

  function reviewing(answers: (object | Error)[]) {
    const asked: unknown[] = [];
    const create = (_type: unknown, _namespace: unknown, review: { spec: unknown }) => {
      asked.push(review.spec);
      const answer = answers.shift() ?? {};
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ status: answer });
    };
    return { client: { create } as never, asked };
  }

  it('is asked of the API server, once in ten seconds for each of them', async () => {
    const { client, asked } = reviewing([{ allowed: true }, { allowed: false }, { allowed: false }]);
    let now = 0;
    const permissions = new Permissions(client, () => now);
    expect([await permissions.may(bob, access), await permissions.may(bob, access)]).toEqual([true, true]);
    expect(asked).toEqual([{ user: 'bob@corp', groups: ['finance', 'system:authenticated'], resourceAttributes: access }]);
    expect(await permissions.may({ ...bob, groups: [] }, access)).toBe(false);
    now = 10_000;
    expect(await permissions.may(bob, access)).toBe(false);
  });

  it('is no when an authorizer denies it, and nothing when it cannot be asked', async () => {
    const { client } = reviewing([new ConnectionError('reset', true), { allowed: true, denied: true }]);
    const permissions = new Permissions(client);
    await expect(permissions.may(bob, access)).rejects.toThrow('reset');
    expect(await permissions.may(bob, access)).toBe(false);
  });
});
