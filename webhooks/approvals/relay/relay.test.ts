import { describe, expect, it } from 'vitest';
import { ApiError, ConnectionError } from '../../../operator/kube/client/apiError.ts';
import type { Caller } from '../callers/caller.ts';
import { Problem } from '../http/problem.ts';
import { Permissions } from './ask.ts';
import { decide } from './decide.ts';
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

  it('is refused under a key that made another', async () => {
    const { client } = keeping();
    await decide({ client }, bob, { ...said, key: 'k' });
    await expect(decide({ client }, bob, { ...said, verdict: 'Reject', key: 'k' })).rejects.toMatchObject({ status: 409 });
  });

  it('has a name that any request leaves room for', () => {
    expect(nameByKey(bob, 'k', `${'x'.repeat(39)}.y`)).toMatch(/^x{39}-[0-9a-f]{20}$/);
    expect(nameByKey(bob, 'k', 'x'.repeat(253)).length).toBeLessThan(64);
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
