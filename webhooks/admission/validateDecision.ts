import {
  annotations,
  approvalRequests,
  type ApprovalDecisionSpec,
  type ApprovalRequest,
  type ResolvedStage,
} from '../../crds/v1alpha1/index.ts';
import type { Person } from '../../operator/core/eligibility.ts';
import { describeFrom } from '../../operator/core/explain.ts';
import type { PolicyId } from '../../operator/core/facts.ts';
import { mayApprove, mayReject } from '../../operator/core/quorum.ts';
import { isNotFound } from '../../operator/kube/client/apiError.ts';
import type { AdmissionDeps, KnownRequest } from './deps.ts';
import { allowed, refuse, type AdmissionHandler } from './handler.ts';

type DecisionDeps = Pick<AdmissionDeps, 'client' | 'knownRequest' | 'permissionsOf' | 'metrics'>;
type Decided = ApprovalDecisionSpec['requests'][number];

/**
 * Tells an approver at once when a decision could not count: a request that is unknown, settled or changed, or that is not theirs to decide. One such
 * request and all are refused. A courtesy, not a guard: the operator weighs every decision again.
 */
export const validateDecision = (deps: DecisionDeps): AdmissionHandler => ({
  path: '/validate/decisions',
  name: 'validate-decision',
  kinds: ['ApprovalDecision'],
  review: async ({ operation, object, namespace, userInfo, dryRun }, { signal }) => {
    if (operation !== 'CREATE' || object == null || namespace === undefined) return allowed;
    const { verdict, requests } = object['spec'] as ApprovalDecisionSpec;
    const person = { username: userInfo.username, groups: userInfo.groups };
    const faults = await Promise.all(
      requests.map(async (decided, index) => {
        const fault = await faultOf(decided, { verdict, person, namespace }, deps, signal);
        if (fault?.violation !== undefined && !dryRun) deps.metrics.policyViolations.inc(fault.violation);
        return fault === undefined ? [] : [`spec.requests[${index}]: ${fault.sentence}`];
      }),
    );
    const all = faults.flat();
    return all.length === 0 ? allowed : refuse(shortened(all), 422);
  },
});

interface Ballot {
  readonly verdict: ApprovalDecisionSpec['verdict'];
  readonly person: Person;
  readonly namespace: string;
}

/** Why a decision could not count. */
interface Fault {
  readonly sentence: string;
  /** How it is counted, when it is a policy that does not let this person decide. */
  readonly violation?: { readonly policy_type: 'separation' | 'approvers'; readonly function_name: string };
}

/** Why this decision could not count for this request; undefined when it can. */
async function faultOf(decided: Decided, ballot: Ballot, deps: DecisionDeps, signal: AbortSignal): Promise<Fault | undefined> {
  const cached = deps.knownRequest(ballot.namespace, decided.name);
  if (cached !== undefined && (await faultWith(cached, decided, ballot, deps)) === undefined) return undefined;
  // The cache may be a moment behind what the approver was shown: nobody is refused on its word alone.
  const current = await read(decided.name, ballot.namespace, deps, signal);
  if (current === undefined)
    return { sentence: `there is no ApprovalRequest ${decided.name} in namespace ${ballot.namespace}; look at kubectl approve list` };
  return faultWith(current, decided, ballot, deps);
}

async function read(name: string, namespace: string, { client }: DecisionDeps, signal: AbortSignal): Promise<KnownRequest | undefined> {
  try {
    const { metadata, spec, status } = await client.get<ApprovalRequest>(approvalRequests, { namespace, name }, { signal });
    return { uid: metadata.uid, requester: metadata.annotations?.[annotations.requester] ?? '', spec, ...(status && { status }) };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function faultWith(request: KnownRequest, decided: Decided, ballot: Ballot, deps: DecisionDeps): Promise<Fault | undefined> {
  const comments = ballot.verdict === 'Comment';
  const sentence = changedFault(request, decided) ?? (comments ? undefined : openFault(request, decided));
  if (sentence !== undefined) return { sentence };
  return comments ? undefined : personFault(request, decided, ballot, deps);
}

function changedFault({ uid, status }: KnownRequest, { name, uid: shown, digest }: Decided): string | undefined {
  if (uid !== shown)
    return `uid is ${shown}, but ApprovalRequest ${name} is now ${uid}, another one of the same name; look at it again (kubectl approve describe ${name})`;
  if (status?.subjectDigest === undefined)
    return `ApprovalRequest ${name} cannot be decided yet (phase ${status?.phase ?? 'none'}); wait until its phase is Reviewing`;
  if (status.subjectDigest !== digest)
    return `digest is ${digest}, but what ApprovalRequest ${name} is about has changed to ${status.subjectDigest}; look at it again (kubectl approve describe ${name})`;
  return undefined;
}

function openFault({ spec, status }: KnownRequest, { name }: Decided): string | undefined {
  if (spec.draft) return `ApprovalRequest ${name} is a draft; nobody is asked before it is submitted`;
  const says = (condition: string, is: string): boolean => status?.conditions.some((c) => c.type === condition && c.status === is) ?? false;
  // A yes whose release a stricter policy holds back waits for more people.
  const waitsForMore = says('Approved', 'True') && says('Released', 'False');
  if ((says('Settled', 'True') && !waitsForMore) || spec.cancelled)
    return `ApprovalRequest ${name} is settled already (${status?.phase ?? 'Cancelled'}); nothing can be decided any more`;
  if ((status?.stages ?? []).length === 0)
    return `ApprovalRequest ${name} has no stages, so nobody can decide it; an ApprovalPolicy must name who may`;
  return undefined;
}

async function personFault(
  { requester, spec, status }: KnownRequest,
  { name }: Decided,
  { verdict, person }: Ballot,
  { metrics, permissionsOf }: DecisionDeps,
): Promise<Fault | undefined> {
  const stages = status?.stages ?? [];
  const permissions = await permissionsOf([person], policiesToAsk(stages));
  const isAsked = stages.some((stage) => mayReject(stage, person, permissions));
  const function_name = metrics.functionNames.label(spec.operation);
  if (!isAsked) return { sentence: notAsked(name, person, stages), violation: { policy_type: 'approvers', function_name } };
  if (verdict === 'Reject' || stages.some((stage) => mayApprove(stage, person, requester, permissions))) return undefined;
  return {
    sentence: `you are ${person.username}, who asked for ApprovalRequest ${name}, and its policies do not let requesters approve; ask somebody else`,
    violation: { policy_type: 'separation', function_name },
  };
}

function notAsked(name: string, { username }: Person, stages: readonly ResolvedStage[]): string {
  const who = [...new Set(stages.flatMap((stage) => stage.require.map(describeFrom)))].join('; ');
  return `ApprovalRequest ${name} does not ask ${username}; it asks ${who.length > 300 ? `${who.slice(0, 300)}…` : who}`;
}

/** The policies whose `{permission: approve}` matters. */
const policiesToAsk = (stages: readonly ResolvedStage[]): PolicyId[] =>
  stages
    .filter((stage) => stage.require.some(({ from }) => from.some((entry) => entry.permission !== undefined)))
    .flatMap(({ policy }) => (policy === undefined ? [] : [policy]));

const mostFaults = 5;

function shortened(faults: readonly string[]): string {
  const more = faults.length > mostFaults ? ` (and ${faults.length - mostFaults} more)` : '';
  return `${faults.slice(0, mostFaults).join('; ')}${more}. Nothing was decided.`;
}
