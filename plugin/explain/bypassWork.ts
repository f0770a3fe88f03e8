import { annotations, labels } from '../../crds/v1alpha1/marks.ts';
import type { ApprovalPolicySpec, MatchRule } from '../../crds/v1alpha1/index.ts';
import { governs } from '../../operator/core/match.ts';
import type { PolicyRules } from '../../operator/core/rules/compile.ts';
import { selects } from '../../operator/core/selector.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';

/** A policy, as far as it says what is governed. */
export interface PolicySeen {
  readonly kind: 'ApprovalPolicy' | 'ClusterApprovalPolicy';
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly createdAt: string;
  readonly spec: Pick<ApprovalPolicySpec, 'enforcement' | 'match'>;
  /** Its expressions, compiled. */
  readonly rules: Pick<PolicyRules, 'match'>;
}

/** A namespace, as far as policies look at it. */
export interface NamespaceSeen {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A namespace in which Jobs run that nobody is asked about. */
export interface Opening {
  readonly namespace: string;
  /** `unguarded`: no policy holds Jobs there. `partly`: policies hold some only. `audit`: policies tell of them and hold none. */
  readonly kind: 'unguarded' | 'partly' | 'audit';
  readonly message: string;
}

/** A Job that a policy governs and that ran without a release of ours. */
export interface RanWithoutRelease {
  readonly namespace: string;
  readonly name: string;
  readonly startedAt: string;
  readonly policies: readonly string[];
  readonly message: string;
  /** It was there before any policy that governs it. */
  readonly older: boolean;
}

const system = /^kube-(system|public|node-lease)$/;

/** Where Jobs run that nobody is asked about; the namespaces of Kubernetes itself aside, where nothing should be governed. */
export function openings(namespaces: readonly NamespaceSeen[], policies: readonly PolicySeen[]): Opening[] {
  return namespaces.flatMap((namespace): Opening[] => {
    if (system.test(namespace.name)) return [{ namespace: namespace.name, kind: 'unguarded', message: 'of Kubernetes itself' }];
    const rules = policies.flatMap((policy) => rulesFor(policy, namespace).map((rule) => ({ policy, rule })));
    const holding = rules.filter(({ policy }) => holds(policy));
    if (holding.some(({ rule }) => rule.objectSelector === undefined && rule.when === undefined)) return [];
    const names = (of: readonly { policy: PolicySeen }[]): string => [...new Set(of.map(({ policy }) => policy.name))].sort().join(', ');
    if (holding.length > 0) {
      return [
        {
          namespace: namespace.name,
          kind: 'partly',
          message: `held are only Jobs with certain labels or fields, by ${names(holding)}; others run freely`,
        },
      ];
    }
    return rules.length > 0
      ? [{ namespace: namespace.name, kind: 'audit', message: `only told of, by ${names(rules)} (enforcement: Audit)` }]
      : [{ namespace: namespace.name, kind: 'unguarded', message: 'no policy governs Jobs here' }];
  });
}

/** The rules of a policy that speak for Jobs of the namespace. */
function rulesFor({ kind, namespace, spec }: PolicySeen, of: NamespaceSeen): MatchRule[] {
  if (kind === 'ApprovalPolicy' && namespace !== of.name) return [];
  return spec.match.filter((rule) => rule.kinds.includes('Job') && selects(rule.namespaceSelector, of.labels));
}

const holds = ({ spec }: PolicySeen): boolean => spec.enforcement !== 'Audit';

/** Every Job that policies hold and that ran all the same, newest first. */
export function unreleased(
  jobs: readonly KubeObject[],
  namespaces: readonly NamespaceSeen[],
  policies: readonly PolicySeen[],
): RanWithoutRelease[] {
  const known = new Map(namespaces.map((n) => [n.name, n]));
  const found = jobs.flatMap((job): RanWithoutRelease[] => {
    const namespace = known.get(job.metadata.namespace ?? '');
    const startedAt = started(job);
    if (namespace === undefined || startedAt === undefined || wasReleased(job)) return [];
    const governing = policies.filter((policy) => holds(policy) && governsJob(policy, job, namespace));
    if (governing.length === 0) return [];
    const names = governing.map((policy) => policy.name).sort();
    return [{ namespace: namespace.name, name: job.metadata.name, startedAt, policies: names, ...story(job, governing) }];
  });
  return found.sort((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
}

/** Both marks, as the operator writes them: the guards keep annotations only where the label is. */
const wasReleased = ({ metadata }: KubeObject): boolean =>
  metadata.labels?.[labels.held] === 'false' && metadata.annotations?.[annotations.released] !== undefined;

function governsJob(policy: PolicySeen, job: KubeObject, namespace: NamespaceSeen): boolean {
  if (policy.kind === 'ApprovalPolicy' && policy.namespace !== namespace.name) return false;
  const candidate = { apiGroup: 'batch', kind: 'Job', labels: job.metadata.labels ?? {}, namespaceLabels: namespace.labels };
  return governs(policy, candidate, () => ({ object: job, namespaceObject: { metadata: namespace } }));
}

interface JobStatus {
  readonly startTime?: string;
  readonly active?: number;
  readonly succeeded?: number;
  readonly failed?: number;
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
}

/** When it ran; undefined when it did not. What we refuse ends as failed with a start time, but never left its hold. */
function started(job: KubeObject): string | undefined {
  const status = (job['status'] ?? {}) as JobStatus;
  const suspended = (job['spec'] as { suspend?: boolean } | undefined)?.suspend === true;
  const pods = (status.active ?? 0) + (status.succeeded ?? 0) + (status.failed ?? 0);
  const ran = pods > 0 || (status.startTime !== undefined && !suspended);
  return ran ? (status.startTime ?? job.metadata.creationTimestamp) : undefined;
}

function story(job: KubeObject, policies: readonly PolicySeen[]): Pick<RanWithoutRelease, 'message' | 'older'> {
  const older = policies.every((p) => Date.parse(job.metadata.creationTimestamp) < Date.parse(p.createdAt));
  const held = job.metadata.labels?.[labels.held];
  // Only with the label: without it the guards let anybody write the annotation.
  const byHand = held === 'false' ? job.metadata.annotations?.[annotations.releasedByHand] : undefined;
  if (byHand !== undefined) return { older, message: `let through by hand: ${byHand}` };
  if (older) return { older, message: 'it was created before the policy' };
  if (held === 'true')
    return { older, message: 'it was held, and started without a release: the guards were off, or somebody could write past them' };
  if (held === 'false') return { older, message: 'it is marked as let go, but for no digest: the mark was forged' };
  return { older, message: 'it was never held: the policy did not govern it then, the guards were off, or its labels were changed later' };
}
