import { describe, expect, it } from 'vitest';
import type { KnownApprover } from './deps.ts';
import { AdmissionRequest } from './review.ts';
import { validateApprover } from './validateApprover.ts';

const dora: KnownApprover = { name: 'dora', username: 'dora', groups: [], mail: 'dora@corp.example', slackId: 'U1' };

async function said(name: string, spec: object, more: object = {}): Promise<string> {
  const request = AdmissionRequest.parse({
    uid: 'u',
    kind: { group: 'countersign.dev', version: 'v1alpha1', kind: 'Approver' },
    operation: 'CREATE',
    userInfo: { username: 'admin' },
    object: { metadata: { name }, spec },
    ...more,
  });
  const context = { path: '/validate/approvers', signal: new AbortController().signal };
  const verdict = await validateApprover({ approvers: () => [dora] }).review(request, context);
  return verdict.allowed ? 'yes' : verdict.message;
}

describe('an Approver', () => {
  it.each([
    ['username', { username: 'dora' }],
    ['mail', { username: 'eve', mail: 'DORA@corp.example' }],
    ['slackId', { username: 'eve', slackId: 'U1' }],
  ])('with the %s of another is refused, and told which', async (field, spec) => {
    expect(await said('eve', spec)).toContain(`spec.${field}: is that of Approver dora too`);
  });

  it('with names of its own is taken, and so is one that is edited', async () => {
    expect(await said('eve', { username: 'eve', mail: 'eve@corp.example', slackId: 'U2' })).toBe('yes');
    expect(
      await said('dora', { username: 'dora', mail: 'dora@other.example' }, { operation: 'UPDATE', oldObject: { metadata: {}, spec: {} } }),
    ).toBe('yes');
  });

  it('that shares something already stays free to be labelled', async () => {
    const spec = { username: 'dora' };
    expect(await said('eve', spec, { operation: 'UPDATE', oldObject: { metadata: {}, spec } })).toBe('yes');
  });
});
