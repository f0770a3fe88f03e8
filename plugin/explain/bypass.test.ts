import { describe, expect, it } from 'vitest';
import type { ApprovalPolicySpec } from '../../crds/v1alpha1/index.ts';
import { compileRules } from '../../operator/core/rules/compile.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';
import { palette } from '../output/palette.ts';
import { bypassOf, type ClusterSeen } from './bypass.ts';
import type { Binding, PolicyRule, Role } from './bypassRbac.ts';
import { bypassText } from './bypassText.ts';
import type { PolicySeen } from './bypassWork.ts';

const role = (name: string, rules: readonly PolicyRule[], namespace?: string): Role => ({
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  rules,
});

const bind = (roleRef: Role, subjects: NonNullable<Binding['subjects']>, namespace?: string): Binding => ({
  metadata: { name: `to-${roleRef.metadata.name}`, ...(namespace === undefined ? {} : { namespace }) },
  roleRef: { kind: roleRef.metadata.namespace === undefined ? 'ClusterRole' : 'Role', name: roleRef.metadata.name },
  subjects,
});

const user = (name: string) => ({ kind: 'User', name });
const rule = (apiGroups: string[], resources: string[], verbs: string[], resourceNames?: string[]): PolicyRule => ({
  apiGroups,
  resources,
  verbs,
  ...(resourceNames === undefined ? {} : { resourceNames }),
});

function policy(
  change: Partial<PolicySeen> = {},
  match: Partial<ApprovalPolicySpec['match'][number]> = {},
  enforcement: 'Hold' | 'Audit' = 'Hold',
): PolicySeen {
  const spec = { enforcement, match: [{ apiGroups: ['batch'], kinds: ['Job'], ...match }] } as ApprovalPolicySpec;
  return {
    kind: 'ApprovalPolicy',
    namespace: 'payments',
    name: 'tiers',
    createdAt: '2026-01-01T00:00:00Z',
    spec,
    rules: compileRules(spec),
    ...change,
  };
}

const seen = (change: Partial<ClusterSeen> = {}): ClusterSeen => ({
  rbac: { roles: [], bindings: [] },
  installation: { namespace: 'countersign-system', serviceAccount: 'countersign', lease: 'countersign-controller' },
  guards: new Set(),
  namespaces: ['payments', 'sandbox', 'countersign-system', 'kube-system'].map((name) => ({
    name,
    labels: { 'kubernetes.io/metadata.name': name },
  })),
  policies: [policy()],
  jobs: [],
  ...change,
});

/** Who is found by what, when alice has this one rule, everywhere or in one namespace. */
function foundBy(given: PolicyRule, namespace?: string, guards: string[] = []): string[] {
  const granted = role('some', [given]);
  const { findings } = bypassOf(
    seen({ rbac: { roles: [granted], bindings: [bind(granted, [user('alice')], namespace)] }, guards: new Set(guards) }),
    false,
  );
  return findings.map((f) => `${f.severity} ${f.id}: ${f.who.map((w) => `${w.name} ${w.where.join(',')}`).join(' ')}`);
}

const rights: readonly (readonly [string, PolicyRule, string | undefined, string[]])[] = [
  ['everything', rule(['*'], ['*'], ['*']), undefined, ['critical everything: alice everywhere']],
  [
    'reading everything',
    rule(['*'], ['*'], ['get', 'list', 'watch']),
    undefined,
    [
      'critical operator-pods: alice everywhere',
      'high operator-secrets: alice everywhere',
      'high exec: alice everywhere',
      'high nodes: alice everywhere',
    ],
  ],
  [
    'admission policies',
    rule(['admissionregistration.k8s.io'], ['validatingadmissionpolicies'], ['patch']),
    undefined,
    ['critical admission: alice everywhere'],
  ],
  [
    'all of admission by wildcard',
    rule(['admissionregistration.k8s.io'], ['*'], ['*']),
    undefined,
    ['critical admission: alice everywhere'],
  ],
  ['admission policies, by a RoleBinding, which gives nothing', rule(['admissionregistration.k8s.io'], ['*'], ['*']), 'payments', []],
  ['reading admission policies', rule(['admissionregistration.k8s.io'], ['*'], ['get', 'list']), undefined, []],
  ['impersonating users', rule([''], ['users'], ['impersonate']), undefined, ['critical impersonate: alice everywhere']],
  ['impersonating uids', rule(['authentication.k8s.io'], ['uids'], ['impersonate']), undefined, ['critical impersonate: alice everywhere']],
  [
    'impersonating service accounts of one namespace',
    rule([''], ['serviceaccounts'], ['impersonate']),
    'sandbox',
    ['high impersonate-serviceaccounts: alice sandbox'],
  ],
  [
    'tokens of the operator',
    rule([''], ['serviceaccounts/token'], ['create']),
    'countersign-system',
    ['critical operator-token: alice countersign-system', 'critical relay-token: alice countersign-system'],
  ],
  [
    'tokens of it by a wildcard of subresources',
    rule([''], ['*/token'], ['create']),
    'countersign-system',
    ['critical operator-token: alice countersign-system', 'critical relay-token: alice countersign-system'],
  ],
  [
    'tokens of the approval service',
    rule([''], ['serviceaccounts/token'], ['create'], ['countersign-approvals']),
    'countersign-system',
    ['critical relay-token: alice countersign-system'],
  ],
  ['whose mail address is whose', rule(['countersign.dev'], ['approvers'], ['update']), undefined, ['high approvers: alice everywhere']],
  ['tokens of others in its namespace', rule([''], ['serviceaccounts/token'], ['create'], ['other']), 'countersign-system', []],
  ['tokens of other namespaces', rule([''], ['serviceaccounts/token'], ['create']), 'payments', []],
  ['service accounts, which is not their tokens', rule([''], ['serviceaccounts'], ['create']), undefined, []],
  [
    "pods in the operator's namespace",
    rule([''], ['pods'], ['create']),
    'countersign-system',
    ['critical operator-pods: alice countersign-system'],
  ],
  ['pods where Jobs are governed', rule([''], ['pods'], ['create']), 'payments', ['high pods: alice payments']],
  ['Deployments where Jobs are governed', rule(['apps'], ['deployments'], ['update']), 'payments', ['high pods: alice payments']],
  ['pods where nothing is governed', rule([''], ['pods'], ['create']), 'sandbox', []],
  ['Jobs where they are governed', rule(['batch'], ['jobs', 'cronjobs'], ['*']), 'payments', []],
  ['exec', rule([''], ['pods/exec'], ['create']), 'payments', ['high exec: alice payments']],
  ['ephemeral containers', rule([''], ['pods/ephemeralcontainers'], ['patch']), 'payments', ['high exec: alice payments']],
  ['the status of Jobs', rule(['batch'], ['jobs/status'], ['patch']), 'payments', ['medium status: alice payments']],
  ['the status of pods', rule([''], ['pods/status'], ['update']), 'payments', ['medium status: alice payments']],
  [
    'our CRDs by name',
    rule(['apiextensions.k8s.io'], ['customresourcedefinitions'], ['delete'], ['approvalrequests.countersign.dev']),
    undefined,
    ['critical crds: alice everywhere'],
  ],
  ['other CRDs by name', rule(['apiextensions.k8s.io'], ['customresourcedefinitions'], ['delete'], ['widgets.example.com']), undefined, []],
  [
    "the leader's lease",
    rule(['coordination.k8s.io'], ['leases'], ['update'], ['countersign-controller']),
    'countersign-system',
    ['high lease: alice countersign-system'],
  ],
  ['another lease', rule(['coordination.k8s.io'], ['leases'], ['update'], ['other']), 'countersign-system', []],
  ['escalate', rule(['rbac.authorization.k8s.io'], ['clusterroles'], ['escalate']), undefined, ['critical rbac: alice everywhere']],
  ['bind', rule(['rbac.authorization.k8s.io'], ['roles'], ['bind']), 'payments', ['critical rbac: alice payments']],
  ['role bindings', rule(['rbac.authorization.k8s.io'], ['rolebindings'], ['create']), 'payments', ['medium rbac-write: alice payments']],
  ['nodes/proxy', rule([''], ['nodes/proxy'], ['get']), undefined, ['high nodes: alice everywhere']],
  [
    'signing certificates',
    rule(['certificates.k8s.io'], ['certificatesigningrequests/approval'], ['update']),
    undefined,
    ['critical certificates: alice everywhere'],
  ],
  ['policies', rule(['countersign.dev'], ['approvalpolicies'], ['delete']), 'payments', ['medium policies: alice payments']],
  [
    'requests and decisions, as anybody may',
    rule(['countersign.dev'], ['approvalrequests', 'approvaldecisions'], ['create', 'get']),
    'payments',
    [],
  ],
];

describe('who could get past', () => {
  it.each(rights)('by %s', (_what, given, namespace, expected) => {
    expect(foundBy(given, namespace).sort()).toEqual([...expected].sort());
  });

  it('says that a right is worth little where a guard refuses it', () => {
    expect(foundBy(rule([''], ['serviceaccounts/token'], ['create']), undefined, ['countersign-operator-token'])).toEqual([
      'low operator-token: alice everywhere',
      'low relay-token: alice everywhere',
    ]);
  });

  it('names somebody who may do everything once, and not again for each thing', () => {
    const admin = role('cluster-admin', [rule(['*'], ['*'], ['*'])]);
    const pods = role('pods', [rule([''], ['pods'], ['create'])]);
    const { findings } = bypassOf(
      seen({ rbac: { roles: [admin, pods], bindings: [bind(admin, [user('root')]), bind(pods, [user('root')], 'payments')] } }),
      false,
    );
    expect(findings.map((f) => f.id)).toEqual(['everything']);
  });

  it('joins what one has by several bindings, and reads what an aggregated role aggregates', () => {
    const part: Role = { metadata: { name: 'part', labels: { sum: 'yes' } }, rules: [rule([''], ['pods/exec'], ['create'])] };
    const sum: Role = {
      metadata: { name: 'sum' },
      rules: null,
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { sum: 'yes' } }] },
    };
    const bindings = [bind(sum, [user('bob')], 'payments'), bind(part, [user('bob'), { kind: 'ServiceAccount', name: 'ci' }], 'payments')];
    const [finding] = bypassOf(seen({ rbac: { roles: [part, sum], bindings } }), false).findings;
    expect(finding?.who).toEqual([
      { kind: 'ServiceAccount', name: 'payments/ci', where: ['payments'], via: ['RoleBinding payments/to-part to ClusterRole part'] },
      {
        kind: 'User',
        name: 'bob',
        where: ['payments'],
        via: ['RoleBinding payments/to-part to ClusterRole part', 'RoleBinding payments/to-sum to ClusterRole sum'],
      },
    ]);
  });

  it('folds what belongs to Kubernetes and to Countersign, but never the groups that everybody is in', () => {
    const pods = role('pods', [rule([''], ['pods'], ['create'])]);
    const subjects = [
      user('system:kube-controller-manager'),
      { kind: 'Group', name: 'system:nodes' },
      { kind: 'ServiceAccount', name: 'job-controller', namespace: 'kube-system' },
      { kind: 'ServiceAccount', name: 'countersign', namespace: 'countersign-system' },
      { kind: 'ServiceAccount', name: 'not-countersign', namespace: 'countersign-system' },
      { kind: 'Group', name: 'system:authenticated' },
      { kind: 'Group', name: 'system:serviceaccounts' },
      user('system:anonymous'),
    ];
    const cluster = seen({ rbac: { roles: [pods], bindings: [bind(pods, subjects)] } });
    const [finding] = bypassOf(cluster, false).findings;
    expect(finding?.who.map((w) => w.name)).toEqual([
      'system:authenticated',
      'system:serviceaccounts',
      'countersign-system/not-countersign',
      'system:anonymous',
    ]);
    expect(finding?.folded).toBe(4);
    expect(bypassOf(cluster, true).findings[0]).toMatchObject({ folded: 0 });
  });

  it('gives nothing for a binding to a role that is not there', () => {
    expect(bypassOf(seen({ rbac: { roles: [], bindings: [bind(role('gone', []), [user('x')])] } }), false).findings).toEqual([]);
  });
});

describe('where nobody is asked', () => {
  const kindsOf = (...policies: PolicySeen[]): Record<string, string> =>
    Object.fromEntries(bypassOf(seen({ policies }), false).openings.map((o) => [o.namespace, o.kind]));

  it('finds namespaces without a policy, with one that holds some Jobs only, and with one that only audits', () => {
    expect(kindsOf(policy())).toMatchObject({ sandbox: 'unguarded' });
    expect(kindsOf(policy())).not.toHaveProperty('payments');
    expect(kindsOf(policy({}, { objectSelector: { matchLabels: { tier: 'prod' } } }))).toMatchObject({ payments: 'partly' });
    expect(kindsOf(policy({}, { when: 'object.spec.parallelism > 1' }))).toMatchObject({ payments: 'partly' });
    expect(kindsOf(policy({}, {}, 'Audit'))).toMatchObject({ payments: 'audit' });
    expect(kindsOf(policy({}, { apiGroups: ['countersign.dev'], kinds: ['GovernedJob'] }))).toMatchObject({ payments: 'unguarded' });
  });

  it('knows by the labels of namespaces what a policy of the cluster reaches', () => {
    const everywhere = policy({ kind: 'ClusterApprovalPolicy', namespace: undefined });
    expect(kindsOf(everywhere)).toEqual({ 'kube-system': 'unguarded' });
    const one = policy(
      { kind: 'ClusterApprovalPolicy', namespace: undefined },
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'sandbox' } } },
    );
    expect(kindsOf(one)).toMatchObject({ payments: 'unguarded' });
    expect(kindsOf(one)).not.toHaveProperty('sandbox');
  });
});

describe('what ran without a release', () => {
  const job = (name: string, change: { metadata?: object; spec?: object; status?: object } = {}): KubeObject => ({
    metadata: {
      name,
      namespace: 'payments',
      uid: name,
      resourceVersion: '1',
      creationTimestamp: '2026-02-01T00:00:00Z',
      ...change.metadata,
    },
    spec: { suspend: false, ...change.spec },
    status: { startTime: '2026-02-01T00:00:01Z', active: 1, ...change.status },
  });
  const ran = (one: KubeObject, of: PolicySeen = policy()): string[] =>
    bypassOf(seen({ jobs: [one], policies: [of] }), false).unreleased.map((r) => r.message);

  it('is found, with what its marks tell', () => {
    expect(ran(job('plain'))).toEqual([expect.stringContaining('never held')]);
    expect(ran(job('held', { metadata: { labels: { 'countersign.dev/held': 'true' } } }))).toEqual([
      expect.stringContaining('started without a release'),
    ]);
    expect(ran(job('forged', { metadata: { labels: { 'countersign.dev/held': 'false' } } }))).toEqual([expect.stringContaining('forged')]);
    const annotations = { 'countersign.dev/released-by-hand': 'alice@corp, on call: INC-42: controller lost' };
    expect(ran(job('by-hand', { metadata: { labels: { 'countersign.dev/held': 'false' }, annotations } }))).toEqual([
      'let through by hand: alice@corp, on call: INC-42: controller lost',
    ]);
    expect(ran(job('says-so-itself', { metadata: { annotations } }))).toEqual([expect.stringContaining('never held')]);
    expect(ran(job('older', { metadata: { creationTimestamp: '2025-01-01T00:00:00Z' } }))).toEqual(['it was created before the policy']);
  });

  it('is not what was released, what is held, what we refused, or what nobody governs', () => {
    const labels = { 'countersign.dev/held': 'true' };
    const annotations = { 'countersign.dev/released': `v1:sha256:${'a'.repeat(64)}` };
    expect(ran(job('released', { metadata: { labels: { 'countersign.dev/held': 'false' }, annotations } }))).toEqual([]);
    expect(ran(job('says-so-without-the-label', { metadata: { annotations } }))).toHaveLength(1);
    expect(ran(job('waiting', { metadata: { labels }, spec: { suspend: true }, status: { startTime: undefined, active: 0 } }))).toEqual([]);
    expect(
      ran(
        job('refused', {
          metadata: { labels },
          spec: { suspend: true },
          status: { active: 0, conditions: [{ type: 'Failed', status: 'True', reason: 'ApprovalRejected' }] },
        }),
      ),
    ).toEqual([]);
    expect(ran(job('elsewhere', { metadata: { namespace: 'sandbox' } }))).toEqual([]);
    expect(ran(job('audited'), policy({}, {}, 'Audit'))).toEqual([]);
  });

  it('asks the expression of a policy', () => {
    const large = policy({}, { when: 'object.spec.parallelism > 2' });
    expect(ran(job('small', { spec: { parallelism: 1 } }), large)).toEqual([]);
    expect(ran(job('large', { spec: { parallelism: 3 } }), large)).toHaveLength(1);
  });

  it('is told to people first, and what is hostile in names is spelt out', () => {
    const exec = role('exec', [rule([''], ['pods/exec'], ['create'])]);
    const annotations = { 'countersign.dev/released-by-hand': 'eve: \u001b[2J' };
    const byHand = job('by-hand', { metadata: { labels: { 'countersign.dev/held': 'false' }, annotations } });
    const found = bypassOf(
      seen({ jobs: [job('plain'), byHand], rbac: { roles: [exec], bindings: [bind(exec, [user('eve\u001b[2J')], 'payments')] } }),
      false,
    );
    const text = bypassText(found, { now: Date.parse('2026-02-01T01:00:00Z'), all: false, colours: palette(false, {}) });
    expect(text).toMatch(/^RAN {2}2 Jobs that policies govern ran without a release\n/);
    expect(text).toContain('let through by hand: eve: \\u001b[2J');
    expect(text).toContain('HIGH  1 may enter or change running pods, where Jobs are governed');
    expect(text).toContain('eve\\u001b[2J');
    expect(text).toMatch(/OPEN {2}2 namespaces let Jobs run that nobody is asked about/);
  });
});
