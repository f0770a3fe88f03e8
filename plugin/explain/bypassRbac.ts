import { selects, type LabelSelector } from '../../operator/core/selector.ts';

/** One rule of a Role or ClusterRole. */
export interface PolicyRule {
  readonly verbs?: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
}

interface Meta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A Role, which has a namespace, or a ClusterRole, which has none. */
export interface Role {
  readonly metadata: Meta;
  readonly rules?: readonly PolicyRule[] | null;
  readonly aggregationRule?: { readonly clusterRoleSelectors?: readonly LabelSelector[] };
}

/** Whoever a binding names. */
export interface Subject {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** A RoleBinding, which has a namespace, or a ClusterRoleBinding, which has none. */
export interface Binding {
  readonly metadata: Meta;
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly Subject[] | null;
}

/** All roles and bindings of a cluster. */
export interface Rbac {
  readonly roles: readonly Role[];
  readonly bindings: readonly Binding[];
}

/** What one binding gives to one subject. */
export interface Grant {
  readonly subject: Subject;
  /** The namespace that it is for; absent: everywhere. */
  readonly namespace?: string;
  readonly rules: readonly PolicyRule[];
  /** In words, for whoever wants to take it away. */
  readonly via: string;
}

/** One thing to be allowed. `resource` with its subresource, as `pods/exec`. */
export interface Ask {
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
  /** One object of that name is enough; without it, any. */
  readonly name?: string;
  /** The resource has no namespace, so a RoleBinding gives nothing of it. */
  readonly clusterScoped?: true;
}

/** Flattens bindings and roles. A binding to a role that does not exist gives nothing. */
export function grantsOf({ roles, bindings }: Rbac): Grant[] {
  const cluster = new Map(roles.filter((r) => r.metadata.namespace === undefined).map((r) => [r.metadata.name, r]));
  const local = new Map(
    roles.filter((r) => r.metadata.namespace !== undefined).map((r) => [`${r.metadata.namespace ?? ''}/${r.metadata.name}`, r]),
  );
  return bindings.flatMap(({ metadata: { name, namespace }, roleRef, subjects }) => {
    const role = roleRef.kind === 'ClusterRole' ? cluster.get(roleRef.name) : local.get(`${namespace ?? ''}/${roleRef.name}`);
    if (role === undefined) return [];
    const rules = rulesOf(role, [...cluster.values()]);
    const binding = namespace === undefined ? `ClusterRoleBinding ${name}` : `RoleBinding ${namespace}/${name}`;
    const via = `${binding} to ${roleRef.kind} ${roleRef.name}`;
    return (subjects ?? []).map((subject) => ({
      subject: named(subject, namespace),
      rules,
      via,
      ...(namespace === undefined ? {} : { namespace }),
    }));
  });
}

/** A service account that names no namespace is of the binding's. */
const named = (subject: Subject, namespace: string | undefined): Subject =>
  subject.kind === 'ServiceAccount' && subject.namespace === undefined && namespace !== undefined ? { ...subject, namespace } : subject;

/** The rules of a role, those of the roles that it aggregates included: the controller that copies them may be behind. */
function rulesOf(role: Role, clusterRoles: readonly Role[]): readonly PolicyRule[] {
  const selectors = role.aggregationRule?.clusterRoleSelectors ?? [];
  const parts = selectors.length === 0 ? [] : clusterRoles.filter((r) => selectors.some((s) => selects(s, r.metadata.labels ?? {})));
  return [...(role.rules ?? []), ...parts.flatMap((part) => part.rules ?? [])];
}

/** Whether a rule allows it, by the same reading as the API server's authorizer. */
export function allows({ verbs = [], apiGroups = [], resources = [], resourceNames = [] }: PolicyRule, ask: Ask): boolean {
  return (
    (verbs.includes('*') || ask.verbs.some((verb) => verbs.includes(verb))) &&
    (apiGroups.includes('*') || apiGroups.includes(ask.group)) &&
    (resources.includes('*') || resources.includes(ask.resource) || resources.includes(anyParent(ask.resource))) &&
    (resourceNames.length === 0 || ask.name === undefined || resourceNames.includes(ask.name))
  );
}

/** `*\/exec` for `pods/exec`; for what is no subresource, the resource itself. */
const anyParent = (resource: string): string => (resource.includes('/') ? resource.replace(/^[^/]*/, '*') : resource);

/** Whether a rule allows everything there is. */
export const allowsEverything = ({ verbs = [], apiGroups = [], resources = [], resourceNames = [] }: PolicyRule): boolean =>
  verbs.includes('*') && apiGroups.includes('*') && resources.includes('*') && resourceNames.length === 0;

/** The name by which the API server knows a subject. */
export function subjectName({ kind, name, namespace }: Subject): string {
  return kind === 'ServiceAccount' ? `system:serviceaccount:${namespace ?? ''}:${name}` : name;
}

/** Groups of Kubernetes that contain people or pods of all sorts: a right of theirs is never an internal matter. */
const broad = /^system:(authenticated|unauthenticated|serviceaccounts(:.*)?)$/;

/** Whether the subject belongs to Kubernetes itself: its components, its nodes, and what runs in kube-system. */
export function isKubernetes(subject: Subject): boolean {
  const name = subjectName(subject);
  if (name === 'system:serviceaccounts:kube-system') return true;
  if (subject.kind === 'ServiceAccount') return subject.namespace === 'kube-system';
  return name.startsWith('system:') && name !== 'system:anonymous' && !broad.test(name) && !name.startsWith('system:serviceaccount:');
}
