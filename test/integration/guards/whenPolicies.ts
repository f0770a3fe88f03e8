import type { GuardedPolicy } from '../../../operator/guards/index.ts';

const inNamespaces = (label: string) => ({ namespaceSelector: { matchLabels: { [label]: 'yes' } } });
const jobs = { apiGroups: ['batch'] as ('batch' | 'countersign.dev')[], kinds: ['Job'] as ('Job' | 'GovernedJob' | 'ApprovalRequest')[] };

/** What is big; what is for finance; and in some namespaces both, for one mark. */
const sized = {
  kind: 'ClusterApprovalPolicy',
  name: 'sized',
  match: [
    { ...jobs, ...inNamespaces('sized'), when: 'object.spec.parallelism > 10 // ten are enough' },
    {
      ...jobs,
      ...inNamespaces('sized'),
      when: "has(object.metadata.labels) && 'tier' in object.metadata.labels && object.metadata.labels.tier == 'gold'",
    },
    // Fails where there is no such label.
    { ...jobs, ...inNamespaces('levelled'), when: "object.metadata.labels.level == 'high'" },
    { ...jobs, ...inNamespaces('teamed'), when: "namespaceObject.metadata.labels.team == 'finance'" },
  ],
} satisfies GuardedPolicy;

/** Refuses some of what it holds. */
const strict = {
  kind: 'ClusterApprovalPolicy',
  name: 'strict',
  match: [
    { ...jobs, ...inNamespaces('strict') },
    { ...jobs, objectSelector: { matchLabels: { strict: 'yes' } } },
  ],
  validations: [
    { expression: 'object.spec.backoffLimit <= 3', message: 'retry at most three times' },
    { expression: "object.metadata.labels.owner != 'nobody'", message: 'say whose it is' },
    { expression: 'context.amount < 10', message: 'the API server does not know the context' },
  ],
} satisfies GuardedPolicy;

/** Only tells. */
const watching = {
  kind: 'ClusterApprovalPolicy',
  name: 'watching',
  enforcement: 'Audit',
  match: [
    { ...jobs, objectSelector: { matchLabels: { seen: 'yes' } } },
    { ...jobs, ...inNamespaces('watched'), when: 'object.spec.parallelism > 10' },
    { ...jobs, ...inNamespaces('watched-levels'), when: "object.metadata.labels.level == 'high'" },
  ],
  validations: [{ expression: 'false', message: 'never' }],
} satisfies GuardedPolicy;

/** Another that only tells, of some of the same. */
const alsoWatching = {
  kind: 'ClusterApprovalPolicy',
  name: 'also-watching',
  enforcement: 'Audit',
  match: [{ ...jobs, ...inNamespaces('watched'), when: 'object.spec.parallelism > 20' }],
} satisfies GuardedPolicy;

export const whenPolicies: readonly GuardedPolicy[] = [sized, strict, watching, alsoWatching];

export const marks = {
  gate: 'policy.countersign.dev/cluster_.gate',
  sized: 'policy.countersign.dev/cluster_.sized',
  strict: 'policy.countersign.dev/cluster_.strict',
  watching: 'audit.countersign.dev/cluster_.watching',
  alsoWatching: 'audit.countersign.dev/cluster_.also-watching',
} as const;
