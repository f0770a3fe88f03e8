import { approvalDelegations, type ApprovalDelegation, type DecisionVia, type ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { isTooWeak, minimumOf } from '../../operator/core/channels.ts';
import type { Person } from '../../operator/core/eligibility.ts';
import { describeFrom } from '../../operator/core/explain.ts';
import { listsOf, mayApprove, mayReject, type Poll } from '../../operator/core/quorum.ts';
import { requesterFrom } from '../../operator/core/requesterStamp.ts';
import { applies } from '../../operator/core/resolve.ts';
import { policiesToAsk, statusPoll } from '../../operator/core/statusPoll.ts';
import { isForbidden } from '../../operator/kube/client/apiError.ts';
import type { AdmissionDeps, KnownRequest } from './deps.ts';

/** Why a decision could not count. */
export interface Fault {
  readonly sentence: string;
  /** How it is counted, when it is a policy that does not let this person decide. */
  readonly violation?: { readonly policy_type: 'separation' | 'approvers'; readonly function_name: string };
}

interface Ballot {
  readonly name: string;
  readonly namespace: string;
  readonly person: Person;
  readonly verdict: 'Approve' | 'Reject';
  /** The channel by which they decide. */
  readonly via: DecisionVia;
}

type DeciderDeps = Pick<AdmissionDeps, 'client' | 'permissionsOf' | 'metrics'>;

/** Why this person's yes or no could not count for the request, as its status has it; undefined when it can. */
export async function personFault(
  request: KnownRequest,
  ballot: Ballot,
  deps: DeciderDeps,
  signal: AbortSignal,
): Promise<Fault | undefined> {
  const { name, person, verdict } = ballot;
  const stages = request.status?.stages ?? [];
  const permissions = await deps.permissionsOf({ namespace: ballot.namespace, people: [person], policies: policiesToAsk(stages) });
  const requester = request.status?.requester ?? { username: request.requester };
  // Where the status does not say all, somebody is let through whom the operator then does not count.
  const poll = statusPoll({ requester, stages }, permissions, deps.client.now());
  const function_name = deps.metrics.functionNames.label(request.spec.operation);
  if (!stages.some((stage) => mayReject(stage, person, poll))) {
    // For whom they may decide then is weighed by the operator, which follows chains, times and conditions.
    const delegated = await delegatedTo(ballot, poll.requesters, deps, signal);
    if (delegated === 'perhaps') return undefined;
    if (delegated === 'byRequester')
      return {
        sentence: `ApprovalRequest ${name} does not ask ${person.username}: the delegation to them was written by who asked for it, or nobody knows by whom, and does not count; have whoever it is from write it themselves`,
        violation: { policy_type: 'separation', function_name },
      };
    return { sentence: notAsked(name, person, stages, poll), violation: { policy_type: 'approvers', function_name } };
  }
  if (verdict === 'Reject') return undefined;
  const theirs = stages.filter((stage) => mayApprove(stage, person, poll));
  if (theirs.length > 0) return channelFault(theirs, ballot, function_name);
  const theirOwn = poll.requesters.includes('')
    ? `it is not known who asked for ApprovalRequest ${name}, and its policies do not let requesters approve: nobody can; reject it, and have it asked for anew`
    : `you are ${person.username}, who asked for ApprovalRequest ${name}, and its policies do not let requesters approve; ask somebody else`;
  return {
    sentence: theirOwn,
    violation: { policy_type: 'separation', function_name },
  };
}

/** Where every stage that asks them wants to be surer of who approves. */
function channelFault(theirs: readonly ResolvedStage[], { name, via }: Ballot, function_name: string): Fault | undefined {
  const [weakest] = theirs.map(minimumOf).sort((a, b) => Number(isTooWeak(b, a)) - Number(isTooWeak(a, b)));
  if (weakest === undefined || !isTooWeak(via, weakest)) return undefined;
  const todo = weakest === 'Kubernetes' ? 'use kubectl approve' : `come by ${weakest} or surer: sign in, or use kubectl approve`;
  const stages = theirs.map((stage) => stage.name).join(', ');
  return {
    sentence: `an approval by ${via} does not count for ApprovalRequest ${name} (stage ${stages}), which takes at least ${weakest}; ${todo}. It can be rejected by ${via}`,
    violation: { policy_type: 'approvers', function_name },
  };
}

/** Whether anybody in the namespace has delegated to this person, or only those who may not for this request. */
async function delegatedTo(
  { namespace, person }: Ballot,
  requesters: readonly string[],
  { client }: DeciderDeps,
  signal: AbortSignal,
): Promise<'perhaps' | 'byRequester' | 'no'> {
  let found: 'byRequester' | 'no' = 'no';
  try {
    for await (const { metadata, spec } of client.listAll<ApprovalDelegation>(approvalDelegations, { namespace, signal })) {
      if (spec.to !== person.username) continue;
      const author = requesterFrom(metadata.annotations).username;
      if (author !== '' && !requesters.includes(author)) return 'perhaps';
      found = 'byRequester';
    }
    return found;
  } catch (error) {
    if (isForbidden(error)) return 'perhaps';
    throw error;
  }
}

function notAsked(name: string, { username }: Person, stages: readonly ResolvedStage[], poll: Poll): string {
  const asked = stages
    .filter(applies)
    .flatMap((stage) => [
      ...listsOf(stage, poll).map((from) => describeFrom({ from })),
      ...(stage.standIns ?? []).map(({ for: gone, user }) => `user ${user} in place of ${gone}`),
    ]);
  const who = asked.length === 0 ? 'nobody' : [...new Set(asked)].join('; ');
  return `ApprovalRequest ${name} does not ask ${username}; it asks ${who.length > 300 ? `${who.slice(0, 300)}…` : who}`;
}
