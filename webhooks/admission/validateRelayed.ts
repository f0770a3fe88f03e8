import {
  annotations,
  approvalDecisions,
  approvalRequests,
  governedJobs,
  group,
  type ApprovalDecisionSpec,
  type ApprovalRequestSpec,
} from '../../crds/v1alpha1/index.ts';
import { theOnly } from '../../operator/core/approvers.ts';
import type { Access } from '../../operator/kube/accessReview.ts';
import type { AdmissionDeps, KnownApprover } from './deps.ts';
import { allowed, refuse, type AdmissionHandler } from './handler.ts';
import { isRelay } from './identity.ts';
import { namedIn, type Named } from './named.ts';
import type { AdmissionRequest, Verdict } from './review.ts';

type RelayedDeps = Pick<AdmissionDeps, 'relayUser' | 'isAllowed' | 'permissionsOf' | 'approvers'>;

/** What somebody lacks. */
type Lack = string | undefined;

/**
 * Judges what the approval service writes for somebody by that person's own rights, which an admission policy cannot ask for. Not a courtesy as the others:
 * its entry in the chart is the only one that refuses while nobody answers.
 */
export const validateRelayed = (deps: RelayedDeps): AdmissionHandler => ({
  path: '/validate/relayed',
  name: 'validate-relayed',
  kinds: ['ApprovalDecision', 'ApprovalRequest', 'GovernedJob'],
  review: async (request) => {
    // Whoever only borrows the name is nobody's relay: the guards take them as any caller.
    if (!isRelay(request, deps.relayUser)) return allowed;
    const { namespace, object, operation } = request;
    if (object == null || namespace === undefined) return allowed;
    const named = namedIn(request);
    const unknown = unknownFault(named, deps);
    if (unknown !== undefined) return refuse(unknown);
    if (operation === 'UPDATE') return judged(await cancelFault(request, named, namespace, deps));
    return judged(
      request.kind.kind === 'ApprovalDecision'
        ? await decisionFault(object['spec'] as ApprovalDecisionSpec, named, namespace, deps)
        : await askingFault(request, named, namespace, deps),
    );
  },
});

const judged = (lack: Lack): Verdict => (lack === undefined ? allowed : refuse(`${lack}; ask for that right.`));

/** Slack and mail prove an account there. Only an Approver says whose it is, and in which groups they are. */
function unknownFault({ username, groups, via }: Named, { approvers }: RelayedDeps): string | undefined {
  if (via !== 'Slack' && via !== 'Email') return undefined;
  const approver = theOnly(approvers(), { username });
  const channel = via === 'Email' ? 'a mail address' : 'a slackId or a mail address';
  if (approver === undefined || !isReached(approver, via))
    return `who comes by ${via} must be in an Approver, and ${username} is not: expected exactly one with that username and ${channel} that no other has; have whoever writes Approvers add it, or sign in.`;
  const more = groups.filter((name) => name !== 'system:authenticated' && !approver.groups.includes(name));
  return more.length === 0 ? undefined : `the Approver of ${username} is not in ${more.join(', ')}; leave that out.`;
}

const isReached = ({ mail, slackId }: KnownApprover, via: 'Slack' | 'Email'): boolean =>
  mail !== undefined || (via === 'Slack' && slackId !== undefined);

async function decisionFault({ verdict }: ApprovalDecisionSpec, named: Named, namespace: string, deps: RelayedDeps): Promise<Lack> {
  const lack = await firstLack(named, [{ verb: 'create', group, resource: approvalDecisions.plural, namespace }], deps);
  if (lack !== undefined || (verdict !== 'Override' && verdict !== 'Reassign')) return lack;
  const { username: approver, groups } = named;
  const verb = verdict === 'Override' ? 'override' : 'reassign';
  const permissions = await deps.permissionsOf({
    namespace,
    people: [],
    policies: [],
    decisions: [{ verdict, approver, groups: [...groups] }],
  });
  return permissions.may(verb, approver, groups)
    ? undefined
    : `spec.verdict: ${verdict} takes the verb ${verb} on approvalrequests in namespace ${namespace} (by name, not by a wildcard), which ${approver} does not have`;
}

/** Whoever asks for a GovernedJob asks for Jobs, and whoever asks about an object may see it. */
function askingFault(request: AdmissionRequest, named: Named, namespace: string, deps: RelayedDeps): Promise<Lack> {
  const jobs = { group: 'batch', resource: 'jobs', namespace };
  if (request.kind.kind === 'GovernedJob') {
    const create = { verb: 'create', group, resource: governedJobs.plural, namespace };
    return firstLack(named, [create, { verb: 'create', ...jobs }], deps);
  }
  const create = { verb: 'create', group, resource: approvalRequests.plural, namespace };
  const subject = (request.object?.['spec'] as Partial<ApprovalRequestSpec> | undefined)?.subject?.resource;
  if (subject === undefined) return firstLack(named, [create], deps);
  const kind = subject.kind === 'Job' ? jobs : { group, resource: governedJobs.plural, namespace };
  return firstLack(named, [create, { verb: 'get', ...kind, name: subject.name }], deps);
}

/** Whoever asked may take it back. */
async function cancelFault({ kind, name, oldObject }: AdmissionRequest, named: Named, namespace: string, deps: RelayedDeps): Promise<Lack> {
  if (named.username !== '' && oldObject?.metadata.annotations?.[annotations.requester] === named.username) return undefined;
  const resource = kind.kind === 'GovernedJob' ? governedJobs.plural : approvalRequests.plural;
  return firstLack(named, [{ verb: 'cancel', group, resource, namespace, name }], deps);
}

async function firstLack(named: Named, wanted: readonly Access[], { isAllowed }: RelayedDeps): Promise<Lack> {
  const answers = await Promise.all(wanted.map((access) => isAllowed(named, access)));
  const lacking = wanted.find((_, i) => answers[i] !== true);
  if (lacking === undefined) return undefined;
  const { verb, resource, name, namespace = '' } = lacking;
  return `${named.username} may not ${verb} ${resource}${name === undefined ? '' : ` ${name}`} in namespace ${namespace}`;
}
