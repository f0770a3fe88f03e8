import { describe, expect, it } from 'vitest';
import type { Access } from '../../operator/kube/accessReview.ts';
import type { AdmissionDeps, KnownApprover } from './deps.ts';
import { AdmissionRequest, type Verdict } from './review.ts';
import { validateRelayed } from './validateRelayed.ts';

const relayUser = 'system:serviceaccount:countersign-system:countersign-approvals';
const pod = { 'authentication.kubernetes.io/pod-name': ['countersign-approvals-1'] };
const bob = { approver: 'bob', groups: ['finance', 'system:authenticated'] };
const bobsMarks = {
  'countersign.dev/requester': 'bob',
  'countersign.dev/requester-groups': 'finance\nsystem:authenticated',
  'countersign.dev/via': 'Web',
};

interface Given {
  /** What they may, as `verb resource` or `verb resource name`. */
  readonly may?: readonly string[];
  /** Verbs that they have by name. */
  readonly verbs?: readonly string[];
  readonly approvers?: readonly KnownApprover[];
}

/** Judges a write of the service's, and who it asked about. */
async function judged(kind: string, object: object, given: Given = {}, more: object = {}): Promise<{ said: string; asked: Set<string> }> {
  const asked = new Set<string>();
  const deps = {
    relayUser,
    isAllowed: ({ username, groups }: { username: string; groups: readonly string[] }, { verb, resource, name }: Access) => {
      asked.add(`${username} ${groups.join(',')}`);
      return Promise.resolve((given.may ?? []).includes([verb, resource, ...(name === undefined ? [] : [name])].join(' ')));
    },
    permissionsOf: () => Promise.resolve({ mayApprove: () => false, may: (verb: string) => (given.verbs ?? []).includes(verb) }),
    approvers: () => given.approvers ?? [],
  } as unknown as AdmissionDeps;
  const request = AdmissionRequest.parse({
    uid: 'u',
    kind: { group: 'countersign.dev', version: 'v1alpha1', kind },
    name: 'it',
    namespace: 'payments',
    operation: 'CREATE',
    userInfo: { username: relayUser, extra: pod },
    object,
    ...more,
  });
  const verdict: Verdict = await validateRelayed(deps).review(request, { path: '/validate/relayed', signal: new AbortController().signal });
  return { said: verdict.allowed ? 'yes' : verdict.message, asked };
}

const decision = (spec: object = {}): object => ({ metadata: {}, spec: { verdict: 'Approve', via: 'Web', ...bob, ...spec } });
const asking = (spec: object = {}, marks: object = {}): object => ({ metadata: { annotations: { ...bobsMarks, ...marks } }, spec });

describe('a relayed decision', () => {
  it('is taken of somebody who may decide, and it is they who are asked about', async () => {
    const { said, asked } = await judged('ApprovalDecision', decision(), { may: ['create approvaldecisions'] });
    expect(said).toBe('yes');
    expect([...asked]).toEqual(['bob finance,system:authenticated']);
  });

  it('is refused of somebody who may not, and told what they lack', async () => {
    const { said } = await judged('ApprovalDecision', decision(), { may: ['create approvalrequests'] });
    expect(said).toBe('bob may not create approvaldecisions in namespace payments; ask for that right.');
  });

  it.each([
    ['Override', 'override'],
    ['Reassign', 'reassign'],
  ])('with the verdict %s takes the verb %s by name as well', async (verdict, verb) => {
    const may = ['create approvaldecisions', `${verb} approvalrequests`];
    expect((await judged('ApprovalDecision', decision({ verdict }), { may })).said).toContain(`takes the verb ${verb} on approvalrequests`);
    expect((await judged('ApprovalDecision', decision({ verdict }), { may, verbs: [verb] })).said).toBe('yes');
  });

  it('of whoever borrows the name of the service is left to the guards, which take them as any caller', async () => {
    const { said, asked } = await judged('ApprovalDecision', decision(), {}, { userInfo: { username: relayUser } });
    expect(said).toBe('yes');
    expect(asked.size).toBe(0);
  });
});

describe('what comes by Slack or mail', () => {
  const may = ['create approvaldecisions'];
  const approver = { name: 'b', username: 'bob', groups: ['finance', 'board'], mail: 'bob@corp.example', slackId: 'U1' };
  const by = (via: string, approvers: readonly KnownApprover[], spec: object = {}): Promise<string> =>
    judged('ApprovalDecision', decision({ via, ...spec }), { may, approvers }).then(({ said }) => said);

  it.each(['Slack', 'Email'])('is taken of who is in an Approver: %s', async (via) => {
    expect(await by(via, [approver])).toBe('yes');
  });

  it.each<[string, string, readonly KnownApprover[]]>([
    ['nobody wrote down', 'Slack', []],
    ['nobody wrote down', 'Email', []],
    ['has no mail address', 'Email', [{ ...approver, mail: undefined }]],
    ['has neither a Slack id nor a mail address', 'Slack', [{ ...approver, mail: undefined, slackId: undefined }]],
    ['two Approvers are about', 'Email', [approver, { name: 'c', username: 'bob', groups: [], mail: 'other@corp.example' }]],
    ['shares a mail address', 'Email', [approver, { name: 'c', username: 'mallory', groups: [], mail: 'BOB@corp.example' }]],
    ['shares a Slack id', 'Slack', [approver, { name: 'c', username: 'mallory', groups: [], slackId: 'U1' }]],
  ])('is refused of whom %s: %s', async (_what, via, approvers) => {
    expect(await by(via, approvers)).toContain(`who comes by ${via} must be in an Approver, and bob is not`);
  });

  it('is refused with groups that the Approver does not have', async () => {
    const groups = ['finance', 'admins', 'system:authenticated'];
    expect(await by('Email', [approver], { groups })).toBe('the Approver of bob is not in admins; leave that out.');
  });

  it('is refused of a request too', async () => {
    const object = asking({}, { 'countersign.dev/via': 'Email' });
    expect((await judged('ApprovalRequest', object, { may: ['create approvalrequests'] })).said).toContain('must be in an Approver');
  });
});

describe('what is asked for somebody', () => {
  const resource = { apiVersion: 'batch/v1', kind: 'Job', name: 'work' };
  it.each<[string, string, object, string[], string]>([
    ['a request', 'ApprovalRequest', {}, [], 'create approvalrequests'],
    ['a request about a Job', 'ApprovalRequest', { subject: { resource } }, ['create approvalrequests'], 'get jobs work'],
    [
      'a request about a GovernedJob',
      'ApprovalRequest',
      { subject: { resource: { ...resource, kind: 'GovernedJob' } } },
      ['create approvalrequests'],
      'get governedjobs work',
    ],
    ['a GovernedJob', 'GovernedJob', {}, ['create jobs'], 'create governedjobs'],
    ['a GovernedJob, which makes Jobs', 'GovernedJob', {}, ['create governedjobs'], 'create jobs'],
  ])('%s: they must be allowed to', async (_what, kind, spec, may, lacking) => {
    expect((await judged(kind, asking(spec), { may })).said).toBe(`bob may not ${lacking} in namespace payments; ask for that right.`);
    const { said, asked } = await judged(kind, asking(spec), { may: [...may, lacking] });
    expect(said).toBe('yes');
    expect([...asked]).toEqual(['bob finance,system:authenticated']);
  });
});

describe('what is cancelled for somebody', () => {
  const of = (requester: string): object => ({ metadata: { annotations: { 'countersign.dev/requester': requester } }, spec: {} });
  const cancelled = (by: object): object => ({ metadata: { annotations: { ...bobsMarks, ...by } }, spec: { cancelled: true } });
  const byCarol = { 'countersign.dev/cancelled-by': 'carol', 'countersign.dev/cancelled-by-groups': 'ops' };

  it.each(['ApprovalRequest', 'GovernedJob'])('is %s of theirs, or takes the verb cancel', async (kind) => {
    const cancel = (requester: string, may: string[]) =>
      judged(kind, cancelled(byCarol), { may }, { operation: 'UPDATE', oldObject: of(requester) });
    expect((await cancel('carol', [])).said).toBe('yes');
    const resource = kind === 'GovernedJob' ? 'governedjobs' : 'approvalrequests';
    const { said, asked } = await cancel('bob', []);
    expect(said).toContain(`carol may not cancel ${resource} it in namespace payments`);
    expect([...asked]).toEqual(['carol ops']);
    expect((await cancel('bob', [`cancel ${resource} it`])).said).toBe('yes');
  });

  it("is nobody else's for naming nobody where nobody knows who asked", async () => {
    const object = cancelled({});
    expect((await judged('ApprovalRequest', object, {}, { operation: 'UPDATE', oldObject: of('') })).said).toContain('may not cancel');
  });
});
