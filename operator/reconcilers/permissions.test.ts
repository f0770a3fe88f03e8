import { describe, expect, it } from 'vitest';
import type { PermissionQuestions } from '../core/facts.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import { ApproverPermissions } from './permissions.ts';

interface Review {
  readonly spec: {
    readonly user: string;
    readonly groups: readonly string[];
    readonly resourceAttributes: { verb: string; name?: string };
  };
}

/** An API server whose authorizer lets these people do what they ask, wildcards with everything. */
function cluster(may: readonly string[], wildcards: readonly string[] = []) {
  const asked: string[] = [];
  const create = (_type: object, _namespace: undefined, { spec }: Review) => {
    const { verb, name } = spec.resourceAttributes;
    asked.push(`${spec.user} [${spec.groups.join()}] ${verb}${name === undefined ? '' : ` ${name}`}`);
    const allowed = wildcards.includes(spec.user) || (verb !== 'approve-probe-no-one-has' && may.includes(spec.user));
    return Promise.resolve({ status: { allowed } });
  };
  return { permissions: new ApproverPermissions({ create } as unknown as KubeClient), asked };
}

const tiers = { kind: 'ApprovalPolicy', namespace: 'payments', name: 'tiers' } as const;
const bob = { username: 'bob', groups: ['ops'] };
const questions = (more: Partial<PermissionQuestions>): PermissionQuestions => ({
  namespace: 'payments',
  people: [],
  policies: [tiers],
  ...more,
});

describe('what the API server is asked', () => {
  it('is each thing once, however often somebody decided and however many stages ask for it', async () => {
    const { permissions, asked } = cluster([]);
    const decisions = Array.from({ length: 3 }, () => ({ verdict: 'Override' as const, approver: 'bob', groups: ['ops'] }));
    await permissions.of(questions({ people: [bob, { ...bob }, bob], policies: [tiers, { ...tiers }], decisions }));
    expect(asked).toEqual(['bob [ops] approve tiers', 'bob [ops] override']);
  });

  it('is asked anew of somebody who is in other groups', async () => {
    const { permissions, asked } = cluster([]);
    await permissions.of(questions({ people: [bob, { username: 'bob', groups: [] }] }));
    expect(asked).toEqual(['bob [ops] approve tiers', 'bob [] approve tiers']);
  });

  it('is nothing where nobody is named', async () => {
    const { permissions, asked } = cluster([]);
    await permissions.of(questions({}));
    expect(asked).toEqual([]);
  });
});

describe('what is known then', () => {
  it('is who may, wildcards aside; whoever was not asked about may not', async () => {
    const { permissions } = cluster(['bob', 'eve'], ['root']);
    const known = await permissions.of(questions({ people: [bob, { username: 'root', groups: [] }] }));
    expect(known.mayApprove('bob', tiers, ['ops'])).toBe(true);
    expect(known.mayApprove('bob', tiers, [])).toBe(false);
    expect(known.mayApprove('root', tiers, [])).toBe(false);
    expect(known.mayApprove('eve', tiers, [])).toBe(false);
    expect(known.may('override', 'bob', ['ops'])).toBe(false);
  });
});
