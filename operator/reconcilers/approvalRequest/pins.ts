import type { Pin } from '../../../crds/v1alpha1/index.ts';
import { mostPins, pinContent, type Content, type Reference, type References } from '../../core/pins.ts';
import { isForbidden, isNotFound } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { ResourceType } from '../../kube/client/types.ts';

/** What work refers to, as it is at this moment. */
export interface Pinned {
  /** Part of the digest, sorted by kind and name; absent when there is nothing to pin, or a fault. */
  readonly pins?: readonly Pin[];
  /** What could not be pinned, one sentence each. */
  readonly notes: readonly string[];
  /** Why there can be no digest; the request holds. */
  readonly fault?: string;
}

const types = {
  ConfigMap: { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true },
  Secret: { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true },
} as const satisfies Record<Pin['kind'], ResourceType>;

type Wanted = Reference & { readonly kind: Pin['kind'] };
type Reader = Pick<KubeClient, 'get'>;

/** Each may have 1 MiB, and many requests are looked at at once. */
const atOnce = 4;

/**
 * Reads what work refers to from the API server itself and digests the contents. Nothing is kept: the next pass reads anew. A Secret that the operator
 * may not read is not covered, and noted; a ConfigMap that it may not read, and anything that the pods need and that is not there, is a fault.
 * @throws ApiError, ConnectionError when the API server could not say.
 */
export async function pinsFor(references: References | undefined, namespace: string, client: Reader): Promise<Pinned> {
  const wanted = [...of('ConfigMap', references?.configMaps), ...of('Secret', references?.secrets)];
  if (wanted.length === 0) return { notes: [] };
  if (wanted.length > mostPins) {
    const fault = `It refers to ${wanted.length} ConfigMaps and Secrets; at most ${mostPins} can be pinned: put them together, or take pin out of the policy.`;
    return { notes: [], fault };
  }
  const seen: Seen[] = [];
  for (let next = 0; next < wanted.length; next += atOnce) {
    seen.push(...(await Promise.all(wanted.slice(next, next + atOnce).map((w) => look(w, namespace, client)))));
  }
  const faults = seen.flatMap((s) => ('fault' in s ? [s.fault] : []));
  const pins = seen.flatMap((s) => ('pin' in s ? [s.pin] : []));
  return faults.length > 0 ? { notes: [], fault: faults.slice(0, mostFaults).join(' ') } : { pins, notes: notesOn(pins, namespace) };
}

const mostFaults = 3;

const of = (kind: Pin['kind'], references: readonly Reference[] = []): Wanted[] => references.map((r) => ({ ...r, kind }));

type Seen = { readonly pin: Pin } | { readonly fault: string };

async function look({ kind, name, optional }: Wanted, namespace: string, client: Reader): Promise<Seen> {
  const what = `${kind} ${name} in namespace ${namespace}`;
  try {
    const content = pinContent(kind, await client.get<Content>(types[kind], { namespace, name }));
    return { pin: { kind, name, state: 'Pinned', content } };
  } catch (error) {
    if (isNotFound(error)) {
      return optional
        ? { pin: { kind, name, state: 'Absent' } }
        : { fault: `${what} does not exist, and the pods need it: create it, or make the reference optional.` };
    }
    if (!isForbidden(error)) throw error;
    if (kind === 'Secret') return { pin: { kind, name, state: 'NotCovered' } };
    return {
      fault: `The operator may not read ${what}, which a policy pins: let it (chart value pinning.configMaps, or a Role there), or take pin out of the policy.`,
    };
  }
}

const notesOn = (pins: readonly Pin[], namespace: string): string[] =>
  pins.flatMap(({ kind, name, state }) =>
    state === 'NotCovered'
      ? [`${kind} ${name}: its contents are not covered, as the operator may not read it; a RoleBinding in ${namespace} can let it.`]
      : [],
  );
