import type { ApprovalDelegation, ApproverSpec } from '../../crds/v1alpha1/index.ts';
import { approvalDelegations, approvers } from '../../crds/v1alpha1/resources.ts';
import { approversByUsername, managersOf } from '../../operator/core/approvers.ts';
import { cyclesAndCuts, delegationsOf, deputiesOf, principalsOf, uncountedFor, type Delegations } from '../../operator/core/delegation.ts';
import type { ReadDelegations } from '../../operator/core/delegationWhen.ts';
import type { Observation } from '../../operator/core/facts.ts';
import { storedDelegation, type StoredDelegation } from '../../operator/core/storedDelegation.ts';
import { isForbidden, isNotFound } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../operator/kube/client/types.ts';
import { nobodyDelegated, type Delegated } from '../explain/deputies.ts';
import { requestFacts, type Request } from '../request.ts';
import { conditions } from './conditions.ts';
import type { Session } from './connect.ts';

/** The delegations of a namespace, and who manages whom, as the core weighs them. What may not be read is not there. */
export async function delegationFacts({ client }: Session, namespace: string): Promise<Pick<Observation, 'delegations' | 'managers'>> {
  const known = await readApprovers(client);
  const stored = await listIfAllowed(client, approvalDelegations, { namespace });
  const { compile } = await import('../../operator/core/cel/index.ts');
  return {
    delegations: stored.map((object) => {
      const { when, namespace: _of, ...facts } = storedOf(object, known);
      const program = when === undefined ? undefined : compile(when, { scope: 'delegation', result: 'bool' });
      return { ...facts, ...(program === undefined ? {} : { when: 'run' in program ? program : ('faulty' as const) }) };
    }),
    managers: managersOf(known),
  };
}

/** A delegation, with its condition and the groups that are known of whom it is from. */
interface Stored extends StoredDelegation {
  readonly groups: readonly string[];
  readonly when: string | undefined;
}

/** Reads the delegations of the namespaces of these requests. What may not be read is not there: it only ever lets more people decide. */
export async function readDelegated({ client }: Session, requests: readonly Request[]): Promise<Delegated> {
  const namespaces = [...new Set(requests.map((r) => r.namespace))];
  const known = await readApprovers(client);
  const lists = await Promise.all(namespaces.map((namespace) => listIfAllowed(client, approvalDelegations, { namespace })));
  const all = lists.flat().map((object) => storedOf(object, known));
  if (all.length === 0) return { ...nobodyDelegated, members: (group) => membersOf(known, group) };
  const readAround = await conditionReader(all, client.now());
  const cache = new Map<string, ReadDelegations & { readonly inOrder: Delegations }>();
  const of = (request: Request): ReadDelegations & { readonly inOrder: Delegations } => {
    const before = cache.get(request.uid);
    if (before !== undefined) return before;
    const read = readAround(
      all.filter((d) => d.namespace === request.namespace),
      request,
    );
    const found = { ...read, inOrder: delegationsOf(read.delegations) };
    cache.set(request.uid, found);
    return found;
  };
  return {
    principals: (request, person) => principalsOf(person, of(request).inOrder, looking(request, client.now())).principals.slice(1),
    deputies: (request, username) => deputiesOf(username, of(request).inOrder, looking(request, client.now())),
    cyclesAndCuts: (request) => cyclesAndCuts(of(request).inOrder, looking(request, client.now())),
    uncounted: (request) => uncountedFor(of(request).inOrder, looking(request, client.now())),
    failed: (request) => [...of(request).failed()],
    members: (group) => membersOf(known, group),
  };
}

/** Through a requester no chain leads, nor by what they wrote for others. */
function looking(request: Request, at: number) {
  const { username, submittedBy } = request.stored.status?.requester ?? {};
  return { at, without: new Set([username, submittedBy].filter((name) => name !== undefined)) };
}

const membersOf = (known: KnownPeople, group: string): string[] =>
  [...known].filter(([, { groups }]) => groups.includes(group)).map(([username]) => username);

async function listIfAllowed(client: KubeClient, type: ResourceType, scope: { readonly namespace?: string }): Promise<KubeObject[]> {
  const found: KubeObject[] = [];
  try {
    for await (const object of client.listAll(type, scope)) found.push(object);
  } catch (error) {
    if (!isForbidden(error) && !isNotFound(error)) throw error;
  }
  return found;
}

/** People by user name, as far as a platform team has written them down. */
type KnownPeople = ReturnType<typeof knownPeople>;

async function readApprovers(client: KubeClient): Promise<KnownPeople> {
  return knownPeople(await listIfAllowed(client, approvers, {}));
}

const knownPeople = (stored: readonly KubeObject[]) =>
  approversByUsername(
    stored.map(({ metadata, spec }) => {
      const { username = '', groups = [], manager } = spec as Partial<ApproverSpec>;
      return { name: metadata.name, username, groups, manager };
    }),
  );

function storedOf(object: KubeObject, known: KnownPeople): Stored {
  const delegation = object as unknown as ApprovalDelegation;
  const stored = storedDelegation(delegation);
  return { ...stored, groups: stored.groups ?? known.get(stored.from)?.groups ?? [], when: delegation.spec.when };
}

/** Reads the conditions around a request as the core does, within what all of them may take of the caller's machine. */
async function conditionReader(
  all: readonly Stored[],
  now: number,
): Promise<(delegations: readonly Stored[], request: Request) => ReadDelegations> {
  if (all.every((d) => d.when === undefined)) {
    return (delegations) => ({ delegations: delegations.map((d) => ({ ...d, applies: true })), failed: () => [] });
  }
  const [conditionOf, { readDelegations }] = await Promise.all([conditions(), import('../../operator/core/delegationWhen.ts')]);
  return (delegations, request) => {
    const facts = requestFacts(request);
    const seen = delegations.map(({ when, ...d }) => ({ ...d, ...(when === undefined ? {} : { when: conditionOf(when) }) }));
    // What reads the object or its namespace is not run.
    const around = { request: facts, subject: {}, namespaceObject: { metadata: { name: request.namespace, labels: {} } }, now };
    return readDelegations({ ...around, delegations: seen }, request.stored.status?.requester ?? facts.requester);
  };
}
