import { describe, expect, it } from 'vitest';
import { nobodyMay } from '../../operator/core/facts.ts';
import { approvedConditions, decision, exampleRequest, security, stage } from '../example.ts';
import { standing } from './who.ts';

const bob = { username: 'bob@corp', groups: ['finance'] };

describe('standing', () => {
  it('wants whoever could fill an empty place, in stages that are open or still to come', () => {
    expect(standing(exampleRequest(), bob, nobodyMay)).toEqual({ kind: 'wanted', stages: ['finance'] });
    expect(standing(exampleRequest(), { username: 'dave', groups: [] }, { ...nobodyMay, mayApprove: (who) => who === 'dave' })).toEqual({
      kind: 'wanted',
      stages: ['security'],
    });
  });

  it('does not want the requester', () => {
    expect(standing(exampleRequest(), { username: 'alice@corp', groups: ['finance'] }, nobodyMay)).toEqual({ kind: 'isRequester' });
  });

  it('wants nobody who would qualify, while it is not known who asked', () => {
    const { requester: _nobody, ...status } = exampleRequest().stored.status ?? {};
    const request = exampleRequest();
    const unknown = { ...request, stored: { ...request.stored, status } } as typeof request;
    expect(standing(unknown, bob, nobodyMay)).toEqual({ kind: 'requesterUnknown' });
  });

  it('does not want the same vote twice, but wants it again once the digest has changed', () => {
    expect(standing(exampleRequest({ status: { decisions: [decision()] } }), bob, nobodyMay)).toEqual({
      kind: 'hasVoted',
      verdict: 'Approve',
    });
    const old = decision({ digest: `v1:sha256:${'b'.repeat(64)}`, counted: false, ignoredBecause: 'DigestChanged' });
    expect(standing(exampleRequest({ status: { decisions: [old] } }), bob, nobodyMay).kind).toBe('wanted');
  });

  it('tells whose vote does not count from those whose vote does, and wants it again where that helps', () => {
    const said = (ignoredBecause: string) =>
      standing(exampleRequest({ status: { decisions: [decision({ counted: false, ignoredBecause })] } }), bob, nobodyMay);
    expect(said('NotQualified')).toEqual({ kind: 'hasVoted', verdict: 'Approve', ignored: true });
    for (const because of ['ReasonMissing', 'ChannelTooWeak']) expect(said(because).kind).toBe('wanted');
  });

  it('wants it again by a surer channel in the stage that finds it too weak, though it counts in another', () => {
    const byMail = stage({ approvals: 1, minimumChannel: 'Email' });
    const other = stage({ name: 'treasury', policy: { kind: 'ApprovalPolicy', namespace: 'payments', name: 'surer', generation: 1 } });
    const decisions = [decision({ via: 'Email' })];
    expect(standing(exampleRequest({ status: { stages: [byMail, other], decisions } }), bob, nobodyMay)).toEqual({
      kind: 'wanted',
      stages: ['treasury'],
    });
    expect(standing(exampleRequest({ status: { stages: [byMail], decisions } }), bob, nobodyMay).kind).toBe('hasVoted');
  });

  it('does not want anybody for a place that is filled', () => {
    const full = stage({
      state: 'Satisfied',
      approvals: 2,
      require: [{ count: 2, from: [{ group: 'finance' }], approvedBy: ['carol', 'dan'] }],
    });
    expect(standing(exampleRequest({ status: { stages: [full, security] } }), bob, nobodyMay)).toEqual({ kind: 'notAsked' });
  });

  it.each([
    ['settled', exampleRequest({ status: { conditions: approvedConditions } })],
    ['a draft', exampleRequest({ spec: { draft: true } })],
  ])('has nothing to decide when the request is %s', (_what, request) => {
    expect(standing(request, bob, nobodyMay)).toEqual({ kind: 'nothingToDecide' });
  });
});
