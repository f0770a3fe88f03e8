import { powersOf, severities, type Installation, type Power, type Severity } from './bypassPowers.ts';
import { allows, allowsEverything, grantsOf, isKubernetes, subjectName, type Grant, type Rbac, type Subject } from './bypassRbac.ts';
import { openings, unreleased, type NamespaceSeen, type Opening, type PolicySeen, type RanWithoutRelease } from './bypassWork.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';
import { compare } from '../../operator/core/order.ts';

/** What was read of the cluster. */
export interface ClusterSeen {
  readonly rbac: Rbac;
  readonly installation: Installation;
  /** Names of the admission policies that are bound. */
  readonly guards: ReadonlySet<string>;
  readonly namespaces: readonly NamespaceSeen[];
  readonly policies: readonly PolicySeen[];
  readonly jobs: readonly KubeObject[];
}

/** Somebody who could get past, and by what right. */
export interface Evader {
  readonly kind: string;
  readonly name: string;
  /** Namespaces, or `everywhere`. */
  readonly where: readonly string[];
  readonly via: readonly string[];
}

/** One way past, and who could go it. */
export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly title: string;
  readonly why: string;
  readonly todo: string;
  readonly who: readonly Evader[];
  /** How many of Kubernetes and of Countersign itself have the right too; they are named only when asked for. */
  readonly folded: number;
}

/** Everything that `bypass` tells. */
export interface Bypass {
  readonly findings: readonly Finding[];
  readonly openings: readonly Opening[];
  readonly unreleased: readonly RanWithoutRelease[];
}

/** Who and what could get past, or did. `all` names also what belongs to Kubernetes and to Countersign itself. Pure. */
export function bypassOf(seen: ClusterSeen, all: boolean): Bypass {
  const guarded = openings(seen.namespaces, seen.policies);
  return { findings: findings(seen, all), openings: guarded, unreleased: unreleased(seen.jobs, seen.namespaces, seen.policies) };
}

function findings(seen: ClusterSeen, all: boolean): Finding[] {
  const grants = grantsOf(seen.rbac);
  const governed = new Set(governedNamespaces(seen));
  const isOurs = (subject: Subject): boolean =>
    subject.kind === 'ServiceAccount' && subject.namespace === seen.installation.namespace && /^countersign(-|$)/.test(subject.name);
  const isFolded = (subject: Subject): boolean => isKubernetes(subject) || isOurs(subject);
  const everything = grants.filter((g) => g.namespace === undefined && g.rules.some(allowsEverything));
  const almighty = new Set(everything.map((g) => subjectName(g.subject)));
  const others = grants.filter((g) => !almighty.has(subjectName(g.subject)));
  const found = [
    findingOf(mayDoAll, everything, isFolded, all),
    ...powersOf(seen.installation).map((power) =>
      findingOf(
        lowered(power, seen.guards),
        others.filter((grant) => has(grant, power, governed, seen.installation)),
        isFolded,
        all,
      ),
    ),
  ];
  const bySeverity = (a: Finding, b: Finding): number => severities.indexOf(a.severity) - severities.indexOf(b.severity);
  return found.filter((f) => f.who.length > 0 || f.folded > 0).sort(bySeverity);
}

const mayDoAll: Omit<Power, 'asks' | 'where'> = {
  id: 'everything',
  severity: 'critical',
  title: 'do everything in the cluster',
  why: 'Whoever may do everything can do all that is listed below, and is not named there again.',
  todo: 'Keep such bindings to break-glass accounts, and have the audit log tell when one is used.',
};

/** Where a guard refuses it, the right alone is worth little. */
const lowered = (power: Power, guards: ReadonlySet<string>): Power =>
  power.guard === undefined || !guards.has(power.guard)
    ? power
    : { ...power, severity: 'low', why: `${power.why} The guard ${power.guard} refuses it while it is in place.` };

function has({ namespace, rules }: Grant, { where, asks }: Power, governed: ReadonlySet<string>, installation: Installation): boolean {
  const matters =
    namespace === undefined ||
    where === 'anywhere' ||
    (where === 'operator' ? namespace === installation.namespace : governed.has(namespace));
  return matters && asks.some((ask) => (namespace === undefined || ask.clusterScoped !== true) && rules.some((rule) => allows(rule, ask)));
}

function findingOf(
  { id, severity, title, why, todo }: Omit<Power, 'asks' | 'where'>,
  grants: readonly Grant[],
  isFolded: (subject: Subject) => boolean,
  all: boolean,
): Finding {
  const bySubject = new Map<string, Grant[]>();
  for (const grant of grants) {
    const key = `${grant.subject.kind} ${subjectName(grant.subject)}`;
    bySubject.set(key, [...(bySubject.get(key) ?? []), grant]);
  }
  const subjects = [...bySubject.values()];
  const shown = subjects.filter(([grant]) => grant !== undefined && (all || !isFolded(grant.subject)));
  return { id, severity, title, why, todo, who: shown.map(evaderOf).sort(byName), folded: subjects.length - shown.length };
}

const byName = (a: Evader, b: Evader): number => compare(a.kind, b.kind) || compare(a.name, b.name);

function evaderOf(grants: readonly Grant[]): Evader {
  const subject = grants[0]?.subject ?? { kind: '', name: '' };
  const places = grants.map((g) => g.namespace);
  const name = subject.kind === 'ServiceAccount' ? `${subject.namespace ?? ''}/${subject.name}` : subject.name;
  return {
    kind: subject.kind,
    name,
    where: places.includes(undefined) ? ['everywhere'] : [...new Set(places.flatMap((p) => p ?? []))].sort(compare),
    via: [...new Set(grants.map((g) => g.via))].sort(compare),
  };
}

/** The namespaces in which some policy holds Jobs. */
function governedNamespaces({ namespaces, policies }: ClusterSeen): string[] {
  const open = new Set(openings(namespaces, policies).flatMap((o) => (o.kind === 'unguarded' || o.kind === 'audit' ? [o.namespace] : [])));
  return namespaces.map((n) => n.name).filter((name) => !open.has(name));
}
