import { describe, expect, test } from 'vitest';
import { policyMark } from '../../crds/v1alpha1/index.ts';
import type { AdmissionHandler } from './handler.ts';
import { holdJob } from './holdJob.ts';
import type { WhenDeps } from './jobWhen.ts';
import { escapeKey, setEntries } from './marks.ts';
import { AdmissionRequest, type PatchOperation } from './review.ts';
import { stampCronJob } from './stampCronJob.ts';
import { stampDecision } from './stampDecision.ts';
import { stampRequester } from './stampRequester.ts';

const operatorUser = 'system:serviceaccount:countersign-system:countersign';
const relayUser = `${operatorUser}-approvals`;
const pod = { 'authentication.kubernetes.io/pod-name': ['countersign-1'] };
const alice = { username: 'alice', groups: ['dev', 'staff'] };
const aliceMarks = { 'countersign.dev/requester': 'alice', 'countersign.dev/requester-groups': 'dev\nstaff' };

const requestOf = (more: object): AdmissionRequest =>
  AdmissionRequest.parse({
    uid: 'u',
    kind: { group: 'g', version: 'v1', kind: 'K' },
    namespace: 'payments',
    operation: 'CREATE',
    userInfo: alice,
    ...more,
  });

interface Admitted {
  metadata: { labels: object; annotations: object };
  spec: object;
}

/** What becomes of an object, as an API server would apply the patch. */
async function admitted(
  handler: AdmissionHandler,
  path: string,
  more: { object: object; oldObject?: object; operation?: string; userInfo?: object },
): Promise<Admitted> {
  const verdict = await handler.review(requestOf(more), { path, signal: new AbortController().signal });
  if (!verdict.allowed) throw new Error(verdict.message);
  return applied(more.object, verdict.patch ?? []);
}

function applied(object: object, patch: readonly PatchOperation[]): Admitted {
  const result = structuredClone(object) as Admitted;
  for (const operation of patch) {
    const keys = operation.path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop()!;
    // As RFC 6902 has it, the parent must exist.
    const parent = keys.reduce<Record<string, unknown>>(
      (at, key) => at[key] as Record<string, unknown>,
      result as unknown as Record<string, unknown>,
    );
    if (operation.op === 'remove') Reflect.deleteProperty(parent, last);
    else parent[last] = operation.value;
  }
  return result;
}

/** For what asks the API server nothing. */
const deps: WhenDeps = { operatorUser, client: { get: () => Promise.reject(new Error('nobody was to ask')) } };

describe('a Job is put on hold', () => {
  const mark = policyMark({ kind: 'ApprovalPolicy', namespace: 'payments', name: 'tiers' });
  const hold = (object: object, userInfo: object = alice): Promise<Admitted> =>
    admitted(holdJob(deps), '/hold/namespace/payments/tiers', { object, userInfo });
  const job = (metadata: object = {}, spec: object = {}): object => ({ metadata: { name: 'a', ...metadata }, spec });

  test('with all its marks', async () => {
    expect(await hold(job())).toEqual({
      metadata: {
        name: 'a',
        labels: { 'countersign.dev/held': 'true' },
        annotations: { 'countersign.dev/author-suspended': 'false', ...aliceMarks, [mark]: 'held' },
      },
      spec: { suspend: true },
    });
  });

  test('and keeps what else it says', async () => {
    const held = await hold(job({ labels: { team: 'a' }, annotations: { 'countersign.dev/reason': 'payday' } }, { parallelism: 2 }));
    expect(held).toMatchObject({
      metadata: { labels: { team: 'a' }, annotations: { 'countersign.dev/reason': 'payday' } },
      spec: { parallelism: 2 },
    });
  });

  test.each<[string, object, object, string]>([
    ['its author suspended it', {}, { suspend: true }, 'true'],
    [
      'another policy held it before, and its author had not suspended it',
      { labels: { 'countersign.dev/held': 'true' }, annotations: { 'countersign.dev/author-suspended': 'false' } },
      { suspend: true },
      'false',
    ],
    ['the annotation stands there without the label', { annotations: { 'countersign.dev/author-suspended': 'true' } }, {}, 'false'],
  ])('%s', async (_name, metadata, spec, expected) => {
    expect((await hold(job(metadata, spec))).metadata.annotations).toHaveProperty(['countersign.dev/author-suspended'], expected);
  });

  const named = { annotations: { 'countersign.dev/requester': 'carol', 'countersign.dev/requester-groups': 'ops' } };
  test.each<[string, object, string, string]>([
    ['the operator names whom it acts for', { username: operatorUser, extra: pod }, 'carol', 'ops'],
    ['somebody who borrows the name of the operator does not', { username: operatorUser, groups: ['x'] }, operatorUser, 'x'],
    [
      'the controller of CronJobs names who wrote the template',
      { username: 'system:serviceaccount:kube-system:cronjob-controller' },
      'carol',
      'ops',
    ],
    ['where all controllers share a name, so do they', { username: 'system:kube-controller-manager' }, 'carol', 'ops'],
    ['nobody else names another', alice, 'alice', 'dev\nstaff'],
  ])('%s', async (_name, userInfo, requester, groups) => {
    const { annotations } = (await hold(job(named), userInfo)).metadata;
    expect(annotations).toMatchObject({ 'countersign.dev/requester': requester, 'countersign.dev/requester-groups': groups });
  });

  const ofNightly = { ownerReferences: [{ kind: 'CronJob', name: 'nightly', uid: 'u1', controller: true }] };
  test('as the run of a CronJob when the controller of CronJobs makes it', async () => {
    const { annotations } = (await hold(job(ofNightly), { username: 'system:serviceaccount:kube-system:cronjob-controller' })).metadata;
    expect(annotations).toHaveProperty(['countersign.dev/run-of'], 'u1');
  });

  test('and as a Job of their own when somebody else names the CronJob as its owner', async () => {
    expect((await hold(job(ofNightly))).metadata.annotations).not.toHaveProperty(['countersign.dev/run-of']);
  });

  test('but not one whose context says a thing twice, unless a schedule makes it: nobody would see the refusal', async () => {
    const twice = job({ annotations: { 'countersign.dev/context': '{"amount": 5, "amount": 50000}' } });
    await expect(hold(twice)).rejects.toThrow(
      'metadata.annotations: annotation countersign.dev/context has the key "amount" twice, and readers differ in which they take; expected each key once.',
    );
    const controller = { username: 'system:serviceaccount:kube-system:cronjob-controller' };
    expect((await hold(twice, controller)).spec).toEqual({ suspend: true });
  });

  test('a group whose name has two lines is not stamped: it would read as two groups', async () => {
    const { annotations } = (await hold(job(), { username: 'alice', groups: ['dev', 'x\nfinance'] })).metadata;
    expect(annotations).toHaveProperty(['countersign.dev/requester-groups'], 'dev');
  });

  test('a path that names no policy is refused', async () => {
    for (const path of ['/hold/elsewhere', '/audit/namespace/payments/tiers'])
      await expect(admitted(holdJob(deps), path, { object: job() })).rejects.toThrow('names no policy');
  });
});

describe('a decision is stamped', () => {
  const stamp = (spec: unknown, userInfo: object = alice): Promise<unknown> =>
    admitted(stampDecision({ relayUser }), '/stamp/decisions', { object: { metadata: {}, spec }, userInfo });

  test('with who made it', async () => {
    expect(await stamp({ verdict: 'Approve' })).toMatchObject({
      spec: { verdict: 'Approve', approver: 'alice', groups: ['dev', 'staff'], via: 'Kubernetes' },
    });
  });

  test.each([[{ approver: 'bob', groups: [], via: 'Web' }], ['no spec'], [null], [[]]])(
    'and what was written is left for the guard and the schema to refuse: %j',
    async (spec) => {
      expect(await stamp(spec)).toEqual({ metadata: {}, spec });
    },
  );

  test('but not with the approval service, which says for whom it speaks', async () => {
    expect(await stamp({ verdict: 'Approve' }, { username: relayUser, extra: pod })).toEqual({
      metadata: {},
      spec: { verdict: 'Approve' },
    });
    expect(await stamp({ verdict: 'Approve' }, { username: relayUser })).toMatchObject({ spec: { approver: relayUser } });
  });
});

describe('a request is stamped', () => {
  const stamp = (userInfo: object, annotations?: object, operation = 'CREATE'): Promise<unknown> =>
    admitted(stampRequester({ operatorUser, relayUser }), '/stamp/requests', {
      object: { metadata: annotations === undefined ? {} : { annotations } },
      userInfo,
      operation,
    });

  test.each<[string, object | undefined]>([
    ['nothing', undefined],
    ['somebody else', { 'countersign.dev/requester': 'bob' }],
  ])('with who made it, where it said %s', async (_name, annotations) => {
    expect(await stamp(alice, annotations)).toEqual({ metadata: { annotations: aliceMarks } });
  });

  test('with the approval service as who submitted it, when that asks for somebody', async () => {
    const annotations = { 'countersign.dev/requester': 'bob', 'countersign.dev/via': 'Web' };
    const submitted = { ...annotations, 'countersign.dev/submitted-by': relayUser };
    expect(await stamp({ username: relayUser, extra: pod }, annotations)).toEqual({ metadata: { annotations: submitted } });
    expect(await stamp({ username: relayUser }, { 'countersign.dev/requester': 'bob' })).toMatchObject({
      metadata: { annotations: { 'countersign.dev/requester': relayUser } },
    });
  });

  test('not when the operator asks for somebody', async () => {
    const annotations = { 'countersign.dev/requester': 'bob' };
    expect(await stamp({ username: operatorUser, extra: pod }, annotations)).toEqual({ metadata: { annotations } });
  });

  test('not when it changes', async () => {
    expect(await stamp(alice, {}, 'UPDATE')).toEqual({ metadata: { annotations: {} } });
  });
});

describe("a CronJob's template is stamped", () => {
  const template = (annotations?: object, spec: object = { parallelism: 1 }): object => ({
    metadata: {},
    spec: { jobTemplate: { ...(annotations === undefined ? {} : { metadata: { annotations } }), spec } },
  });
  const bobs = { 'countersign.dev/requester': 'bob', 'countersign.dev/requester-groups': 'ops' };
  const stamp = (object: object, oldObject?: object): Promise<unknown> =>
    admitted(stampCronJob, '/stamp/cronjobs', {
      object,
      operation: oldObject === undefined ? 'CREATE' : 'UPDATE',
      ...(oldObject && { oldObject }),
    });

  test.each<[string, object, object | undefined, object]>([
    ['when it is made', template(), undefined, aliceMarks],
    ['when it is made in the name of another', template(bobs), undefined, aliceMarks],
    ['when it is changed', template(bobs, { parallelism: 2 }), template(bobs), aliceMarks],
    ['when it never was', template({}), template(), aliceMarks],
    ['with the old name, when only the stamp was dropped', template({}), template(bobs), bobs],
    ['with the old name, when only the stamp was forged', template(aliceMarks), template(bobs), bobs],
    [
      'with the new name, when the stamp and another annotation were changed',
      template({ ...bobs, a: 'b' }),
      template(bobs),
      { ...aliceMarks, a: 'b' },
    ],
  ])('%s', async (_name, object, oldObject, expected) => {
    expect(await stamp(object, oldObject)).toMatchObject({ spec: { jobTemplate: { metadata: { annotations: expected } } } });
  });

  test('not when something else changes', async () => {
    expect(await stamp(template(bobs), template(bobs))).toEqual(template(bobs));
  });
});

describe('patches', () => {
  test('keys with slashes and tildes are escaped', () => {
    expect(escapeKey('a/b~c')).toBe('a~1b~0c');
  });

  test('what is there already is not written again', () => {
    expect(setEntries('/m', { a: '1' }, { a: '1' })).toEqual([]);
    expect(setEntries('/m', undefined, { a: '1' })).toEqual([{ op: 'add', path: '/m', value: { a: '1' } }]);
    expect(setEntries('/m', { a: '1' }, { 'x/a': '2' })).toEqual([{ op: 'add', path: '/m/x~1a', value: '2' }]);
  });
});
