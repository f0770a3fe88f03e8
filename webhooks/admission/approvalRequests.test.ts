import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { podNameExtra } from '../../operator/guards/expressions.ts';
import { createMetrics } from '../../operator/telemetry/metrics.ts';
import { request as requested } from '../../test/fixtures/objects.ts';
import { validateRequest } from './approvalRequests.ts';
import { AdmissionRequest, type Verdict } from './review.ts';

const stage = (name: string, count: number, ...users: string[]): object => ({
  name,
  require: [{ count, from: users.map((user) => ({ user })) }],
});

/** Of a request about something outside the cluster, where there are no policies. */
function review(spec: object, more: object = {}): Promise<Verdict> | Verdict {
  const handler = validateRequest({
    client: { get: () => Promise.reject(new Error('nobody was to ask')) } as never,
    isAllowed: () => Promise.reject(new Error('nobody was to ask')),
    operatorUser: 'system:serviceaccount:countersign-system:countersign',
    relayUser: 'system:serviceaccount:countersign-system:countersign-approvals',
    metrics: createMetrics(new Registry()),
    policiesFor: () => [],
    readPolicy: () => Promise.resolve(undefined),
    namespaceObject: (name) => ({ metadata: { name, labels: {} } }),
  });
  const asked = AdmissionRequest.parse({
    uid: 'u',
    kind: { group: 'countersign.dev', version: 'v1alpha1', kind: 'ApprovalRequest' },
    namespace: 'payments',
    operation: 'CREATE',
    userInfo: { username: 'alice' },
    object: requested('r', spec),
    ...more,
  });
  return handler.review(asked, { path: '/validate/requests', signal: new AbortController().signal });
}

const twice = [stage('peer', 1, 'bob'), stage('lead', 1, 'bob')];

describe("a request's own stages", () => {
  it('are admitted when different people can satisfy them', async () => {
    expect(await review({ stages: [stage('peer', 1, 'bob', 'carol'), stage('lead', 1, 'bob')] })).toEqual({ allowed: true });
  });

  it('are refused when nobody can, and told why', async () => {
    expect(await review({ stages: twice })).toEqual({
      allowed: false,
      code: 422,
      message:
        'spec.stages[1].require[0]: nobody can satisfy it: it asks, together with spec.stages[0].require[0], for 2 different people, ' +
        'but there are only 1 person (bob); ask for fewer, or add people or a group.',
    });
  });

  it('are looked at when they change, and left alone when the request is only cancelled', async () => {
    const update = (before: object): object => ({ operation: 'UPDATE', oldObject: requested('r', before) });
    expect(await review({ stages: twice }, update({}))).toMatchObject({ allowed: false });
    expect(await review({ stages: twice, cancelled: true }, update({ stages: twice }))).toEqual({ allowed: true });
  });

  it('are left to the API server where the schema does not take them', async () => {
    expect(await review({ stages: 'everybody' })).toEqual({ allowed: true });
  });
});

describe('a context', () => {
  const large = { context: { payment: { amount: 2 ** 53 } } };
  const fault =
    'spec: context.payment.amount: 9007199254740992 is beyond 2^53, where numbers lose digits; write it as a string, or use a smaller number.';

  it('is refused where a number in it may have lost digits, and told which', async () => {
    expect(await review(large)).toEqual({ allowed: false, code: 422, message: fault });
    expect(await review({ context: { payment: { amount: '9007199254740993' }, ratio: 0.1 } })).toEqual({ allowed: true });
  });

  it('is looked at when it changes: what is there already may be cancelled, and what the operator asks is told by its status', async () => {
    const update = { operation: 'UPDATE', oldObject: requested('r', large) };
    expect(await review({ ...large, cancelled: true }, update)).toEqual({ allowed: true });
    expect(await review(large, { operation: 'UPDATE', oldObject: requested('r', {}) })).toMatchObject({ allowed: false });
    const operator = { username: 'system:serviceaccount:countersign-system:countersign', extra: { [podNameExtra]: ['countersign-0'] } };
    expect(await review(large, { userInfo: operator })).toEqual({ allowed: true });
  });
});
