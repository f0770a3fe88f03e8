import { describe, expect, it } from 'vitest';
import type { Condition } from '../../crds/v1alpha1/index.ts';
import { decision, digestA, observation } from '../../test/fixtures/facts.ts';
import { plan } from '../core/plan.ts';
import type { KubeObject } from '../kube/client/types.ts';
import {
  approverRecord,
  decisionEntry,
  decisionFor,
  delegationRecord,
  governedJobRecord,
  isFinished,
  isSettled,
  namespaceRecord,
  policyRecord,
  requestRecord,
} from './records.ts';

const raw = (more: object, metadata: object = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'X',
  metadata: {
    name: 'n',
    namespace: 'payments',
    uid: 'u',
    resourceVersion: '7',
    generation: 3,
    creationTimestamp: '2026-03-02T09:00:00Z',
    ...metadata,
  },
  ...more,
});

const status = (facts: Parameters<typeof observation>[0]) => plan(observation(facts)).status;
const condition = (type: string, is: Condition['status']): Condition => ({
  type,
  status: is,
  reason: 'X',
  message: '',
  lastTransitionTime: '2026-03-02T09:00:00Z',
});

describe('a request as it is kept', () => {
  it('governs the uid that its label names, and nothing without the label', () => {
    expect(requestRecord(raw({ spec: {} }, { labels: { 'countersign.dev/subject-uid': 'job-uid' } })).governs).toBe('job-uid');
    expect('governs' in requestRecord(raw({ spec: { subject: { resource: { uid: 'job-uid' } } } }))).toBe(false);
  });

  it('knows who asked from the guarded annotations alone', () => {
    const annotations = { 'countersign.dev/requester': 'alice', 'countersign.dev/requester-groups': 'dev\nops' };
    expect(requestRecord(raw({ spec: { requester: 'mallory' } }, { annotations })).requester).toEqual({
      username: 'alice',
      groups: ['dev', 'ops'],
    });
  });
});

describe('a delegation as it is kept', () => {
  const spec = { from: 'carla', to: 'dan', notAfter: '2026-03-03T00:00:00Z' };
  const by = (requester: string) => ({
    annotations: { 'countersign.dev/requester': requester, 'countersign.dev/requester-groups': 'board' },
  });

  it('knows the groups of whoever wrote it for themselves', () => {
    expect(delegationRecord(raw({ spec }, by('carla')))).toEqual({
      namespace: 'payments',
      name: 'n',
      from: 'carla',
      to: 'dan',
      author: 'carla',
      createdAt: '2026-03-02T09:00:00Z',
      notBefore: undefined,
      notAfter: '2026-03-03T00:00:00Z',
      groups: ['board'],
    });
  });

  it.each([
    ['somebody else wrote it', by('dora'), 'dora'],
    ['nobody knows who wrote it', {}, ''],
  ])('knows no groups where %s', (_who, metadata, author) => {
    const record = delegationRecord(raw({ spec }, metadata));
    expect('groups' in record).toBe(false);
    expect(record.author).toBe(author);
  });

  it('compiles its condition, and says so when that cannot be done', () => {
    const when = (source: string) => delegationRecord(raw({ spec: { ...spec, when: source } })).when;
    const compiled = when('context.amount <= 10');
    expect(compiled !== 'faulty' && compiled?.run({ context: { amount: 5 } })).toEqual({ ok: true, value: true });
    expect(when('context.amount <=')).toBe('faulty');
    expect(when('risk.score < 5')).toBe('faulty');
  });
});

describe('an approver as they are kept', () => {
  it('has their user name, groups and manager', () => {
    const spec = { username: 'carla', groups: ['board'], manager: 'eve' };
    expect(approverRecord(raw({ spec }))).toEqual({ name: 'n', username: 'carla', groups: ['board'], manager: 'eve' });
  });
});

describe('a decision as its requests see it', () => {
  const requests = [
    { name: 'a', uid: 'uid-a', digest: digestA },
    { name: 'b', uid: 'uid-b', digest: 'v1:sha256:other' },
  ];
  const entry = decisionEntry(
    raw({ spec: { requests, verdict: 'Approve', approver: 'bob', groups: ['finance'], via: 'Kubernetes', reason: 'ok' } }),
  );

  it('carries the digest and uid that it names for this one', () => {
    expect(decisionFor(entry, 'uid-b')).toMatchObject({
      approver: 'bob',
      verdict: 'Approve',
      digest: 'v1:sha256:other',
      requestUid: 'uid-b',
      time: '2026-03-02T09:00:00Z',
    });
  });

  it('is none of a request that it does not name', () => {
    expect(decisionFor(entry, 'uid-c')).toBeUndefined();
  });

  it('without a stamp is by nobody, in no group', () => {
    expect(decisionEntry(raw({ spec: { requests, verdict: 'Approve' } }))).toMatchObject({ approver: '', groups: [] });
  });
});

describe('settled and finished', () => {
  it.each<[string, boolean, boolean, Parameters<typeof observation>[0]]>([
    ['under review', false, false, {}],
    ['approved and about to be let go', true, false, { decisions: [decision('bob')] }],
    ['rejected', true, true, { decisions: [decision('bob', 'Reject')] }],
    ['cancelled', true, true, { spec: { cancelled: true } }],
    ['gone before it was asked', true, true, { subject: { exists: false, held: false } }],
  ])('a request %s: settled %s, finished %s', (_what, settled, finished, facts) => {
    const record = { status: status(facts), governs: 'job-uid' };
    expect(isSettled(record)).toBe(settled);
    expect(isFinished(record)).toBe(finished);
  });

  it('an approved request that releases nothing is finished', () => {
    expect(isFinished({ status: status({ decisions: [decision('bob')], request: { governs: false } }) })).toBe(true);
  });

  it('an approved request whose work was deleted before its release is finished, so that it is collected one day', () => {
    const approved = observation({ decisions: [decision('bob')] });
    const gone = plan({
      ...approved,
      subject: { exists: false, held: false },
      request: { ...approved.request, status: plan(approved).status },
    });
    expect(isFinished({ status: gone.status, governs: 'job-uid' })).toBe(true);
  });

  it('a request without a status, or with Settled other than True, is neither', () => {
    const unsettled = {
      ...status({}),
      phase: 'Rejected' as const,
      conditions: [condition('Settled', 'Unknown'), condition('Completed', 'True')],
    };
    for (const record of [{ status: undefined }, { status: unsettled }]) {
      expect(isSettled(record)).toBe(false);
      expect(isFinished({ ...record, governs: 'job-uid' })).toBe(false);
    }
  });
});

describe('other records', () => {
  it('a GovernedJob that is being deleted says so', () => {
    expect(governedJobRecord(raw({ spec: {} })).deleting).toBe(false);
    expect(governedJobRecord(raw({ spec: {} }, { deletionTimestamp: '2026-03-02T09:00:00Z' })).deleting).toBe(true);
  });

  it('a policy is of the kind it was read as, though the item of a list does not say', () => {
    expect(policyRecord('ClusterApprovalPolicy')(raw({ spec: { match: [] } }, { namespace: undefined }))).toMatchObject({
      kind: 'ClusterApprovalPolicy',
      namespace: undefined,
      uid: 'u',
      generation: 3,
    });
  });

  it('a namespace without labels has none', () => {
    expect(namespaceRecord(raw({}))).toEqual({ name: 'n', labels: {}, terminating: false });
  });
});
