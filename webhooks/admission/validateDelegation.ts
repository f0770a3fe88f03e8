import { isDeepStrictEqual } from 'node:util';
import { approvalDelegations, ApprovalDelegationSpec, type ApprovalDelegation } from '../../crds/v1alpha1/index.ts';
import { compile } from '../../operator/core/cel/index.ts';
import { cycleText, delegationsOf, principalsOf, type DelegationFacts } from '../../operator/core/delegation.ts';
import type { AdmissionDeps } from './deps.ts';
import { allowed, refuse, type AdmissionHandler } from './handler.ts';
import type { AdmissionRequest } from './review.ts';

/**
 * Tells whoever writes a delegation at once that its `when` cannot be read, and warns where it closes a circle. A courtesy, not a guard: by a `when` that cannot
 * be read nobody decides for anybody, and a circle ends where it began.
 */
export const validateDelegation = ({ client }: Pick<AdmissionDeps, 'client'>): AdmissionHandler => ({
  path: '/validate/delegations',
  name: 'validate-delegation',
  kinds: ['ApprovalDelegation'],
  review: async (request, { signal }) => {
    const { object, namespace } = request;
    if (object == null || namespace === undefined || !changes(request)) return allowed;
    const spec = ApprovalDelegationSpec.safeParse(object['spec']);
    // What the schema does not take the API server refuses by itself, and says why.
    if (!spec.success) return allowed;
    const fault = whenFault(spec.data);
    if (fault !== undefined) return refuse(fault, 422);
    const others: DelegationFacts[] = [];
    for await (const { metadata, spec: other } of client.listAll<ApprovalDelegation>(approvalDelegations, { namespace, signal }))
      if (metadata.name !== object.metadata.name) others.push(atAnyTime(other));
    const closed = circlesClosed(spec.data, others, client.now());
    return closed.length === 0 ? allowed : { allowed: true, warnings: closed.slice(0, mostWarnings).map(circleWarning) };
  },
});

const mostWarnings = 3;

const circleWarning = (circle: readonly string[]): string =>
  `delegations lead in a circle: ${cycleText(circle)}; each of them may decide for the others, once`;

function whenFault({ when }: ApprovalDelegationSpec): string | undefined {
  if (when === undefined) return undefined;
  const made = compile(when, { scope: 'delegation', result: 'bool' });
  return 'run' in made ? undefined : `spec.when: line ${made.line}, column ${made.column}: ${made.message}.`;
}

/** The circles that this delegation is part of, whatever each one's `when` says and whether or not it has begun: only what is over does not count. */
function circlesClosed(mine: ApprovalDelegationSpec, others: readonly DelegationFacts[], at: number): (readonly string[])[] {
  const delegations = delegationsOf([...others, atAnyTime(mine)]);
  const { cycles } = principalsOf({ username: mine.from, groups: [] }, delegations, { at });
  return cycles.filter((cycle) => cycle.some((name, i) => name === mine.from && cycle[i + 1] === mine.to));
}

const atAnyTime = ({ from, to, notAfter }: ApprovalDelegationSpec): DelegationFacts => ({
  name: '',
  from,
  to,
  author: from,
  groups: [],
  createdAt: '1970-01-01T00:00:00Z',
  notAfter,
  applies: true,
});

// One that came in with a fault must stay free to be labelled.
const changes = ({ operation, object, oldObject }: AdmissionRequest): boolean =>
  operation === 'CREATE' || (operation === 'UPDATE' && !isDeepStrictEqual(object?.['spec'], oldObject?.['spec']));
