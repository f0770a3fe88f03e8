import { annotations, approvalRequests, type ApprovalDecisionSpec, type ApprovalRequest } from '../../crds/v1alpha1/index.ts';
import type { Person } from '../../operator/core/eligibility.ts';
import { withdrawalOf } from '../../operator/core/outcome.ts';
import { mostUnreviewed } from '../../operator/core/override.ts';
import { isNotFound } from '../../operator/kube/client/apiError.ts';
import { contentFaults, requestFaults } from './decisionContent.ts';
import { personFault, type Fault } from './decider.ts';
import type { AdmissionDeps, KnownRequest } from './deps.ts';
import { allowed, refuse, type AdmissionHandler } from './handler.ts';
import { reassignmentFault } from './reassignment.ts';
import { speakerOf } from './named.ts';

type DecisionDeps = Pick<AdmissionDeps, 'client' | 'knownRequest' | 'permissionsOf' | 'unreviewed' | 'metrics' | 'relayUser'>;
type Decided = ApprovalDecisionSpec['requests'][number];

/**
 * Tells an approver at once when a decision could not count: a request that is unknown, settled or changed, or that is not theirs to decide. One such
 * request and all are refused. A courtesy, not a guard: the operator weighs every decision again.
 */
export const validateDecision = (deps: DecisionDeps): AdmissionHandler => ({
  path: '/validate/decisions',
  name: 'validate-decision',
  kinds: ['ApprovalDecision'],
  review: async (request, { signal }) => {
    const { operation, object, namespace, dryRun } = request;
    if (operation !== 'CREATE' || object == null || namespace === undefined) return allowed;
    const said = object['spec'] as ApprovalDecisionSpec;
    const person = speakerOf(request, deps);
    const seen = await Promise.all(said.requests.map((decided) => look(decided, { said, person, namespace }, deps, signal)));
    for (const { fault } of seen) if (fault?.violation !== undefined && !dryRun) deps.metrics.policyViolations.inc(fault.violation);
    const faults = seen.flatMap(({ fault }, index) => (fault === undefined ? [] : [`spec.requests[${index}]: ${fault.sentence}`]));
    const all =
      faults.length > 0
        ? faults
        : contentFaults(
            said,
            seen.flatMap(({ request }) => request ?? []),
          );
    return all.length === 0 ? allowed : refuse(shortened(all), 422);
  },
});

interface Ballot {
  readonly said: ApprovalDecisionSpec;
  readonly person: Person;
  readonly namespace: string;
}

interface Seen {
  readonly request?: KnownRequest;
  readonly fault?: Fault | undefined;
}

/** The request that is decided, and why this decision could not count for it, if so. */
async function look(decided: Decided, ballot: Ballot, deps: DecisionDeps, signal: AbortSignal): Promise<Seen> {
  const cached = deps.knownRequest(ballot.namespace, decided.name);
  const fits = cached !== undefined && (await faultWith(cached, decided, ballot, deps, signal)) === undefined;
  if (fits && requestFaults(ballot.said, cached).length === 0) return { request: cached };
  // The cache may be a moment behind what the approver was shown: nobody is refused on its word alone.
  const current = await read(decided.name, ballot.namespace, deps, signal);
  if (current === undefined)
    return {
      fault: { sentence: `there is no ApprovalRequest ${decided.name} in namespace ${ballot.namespace}; look at kubectl approve list` },
    };
  return { request: current, fault: await faultWith(current, decided, ballot, deps, signal) };
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

async function faultWith(
  request: KnownRequest,
  decided: Decided,
  ballot: Ballot,
  deps: DecisionDeps,
  signal: AbortSignal,
): Promise<Fault | undefined> {
  const { verdict } = ballot.said;
  const sentence = changedFault(request, decided) ?? momentFault(request, decided, ballot);
  if (sentence !== undefined) return { sentence };
  // Whether somebody has the verbs for the other verdicts, the guard has looked at.
  if (verdict === 'Override') return owedFault(ballot, deps);
  if (verdict === 'Reassign') {
    const { said, person } = ballot;
    const fault = await reassignmentFault(
      request,
      { name: decided.name, reassign: said.reassign, person },
      { client: deps.client, signal },
    );
    return fault === undefined ? undefined : { sentence: fault };
  }
  return verdict === 'Approve' || verdict === 'Reject'
    ? personFault(request, { name: decided.name, ...ballot, verdict, via: ballot.said.via ?? 'Kubernetes' }, deps, signal)
    : undefined;
}

/** Whoever has overridden the policies does not do so again before somebody has looked at it, nor does anybody where too many wait for that. */
function owedFault({ person: { username }, namespace }: Ballot, { unreviewed }: DecisionDeps): Fault | undefined {
  const all = unreviewed();
  const own = all.find(({ by }) => by.includes(username));
  if (own !== undefined) {
    const which = `${own.namespace}/${own.name}`;
    const todo = `have somebody else do so first (kubectl approve review ${own.name} -n ${own.namespace})`;
    return { sentence: `nobody has reviewed the override of ${which} by ${username} yet; ${todo}` };
  }
  const here = all.filter((r) => r.namespace === namespace).length;
  return here < mostUnreviewed
    ? undefined
    : {
        sentence: `${here} overrides in namespace ${namespace} wait for a review; expected fewer than ${mostUnreviewed}; have them reviewed first`,
      };
}

/** Why it is not the time for this verdict. */
function momentFault(request: KnownRequest, decided: Decided, { said: { verdict }, person }: Ballot): string | undefined {
  switch (verdict) {
    case 'Comment':
      return undefined;
    case 'Review':
      return reviewFault(request, decided, person);
    case 'Reject':
      // A no to what is settled ends the standing approval that it carries.
      return request.status?.standing === undefined ? (openFault(request, decided) ?? stagesFault(request, decided)) : undefined;
    case 'Approve':
      return openFault(request, decided) ?? stagesFault(request, decided);
    case 'Override':
    case 'Reassign':
      return openFault(request, decided);
  }
}

function reviewFault({ status }: KnownRequest, { name }: Decided, { username }: Person): string | undefined {
  const override = status?.override;
  if (override === undefined) return `ApprovalRequest ${name} was not overridden, so there is nothing to review`;
  if (override.reviewedBy !== undefined) return `the override of ApprovalRequest ${name} was reviewed by ${override.reviewedBy} already`;
  return override.by.includes(username)
    ? `you are ${username}, who overrode ApprovalRequest ${name}; somebody else must review that`
    : undefined;
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
  // A yes whose release a stricter policy holds back waits for more people, unless it has come to a no.
  const conditions = status?.conditions ?? [];
  const waitsForMore = says('Approved', 'True') && says('Released', 'False') && withdrawalOf(conditions) === undefined;
  if ((says('Settled', 'True') && !waitsForMore) || spec.cancelled)
    return `ApprovalRequest ${name} is settled already (${status?.phase ?? 'Cancelled'}); nothing can be decided any more`;
  return undefined;
}

const stagesFault = ({ status }: KnownRequest, { name }: Decided): string | undefined =>
  (status?.stages ?? []).length === 0
    ? `ApprovalRequest ${name} has no stages, so nobody can decide it; an ApprovalPolicy must name who may`
    : undefined;

const mostFaults = 5;

function shortened(faults: readonly string[]): string {
  const more = faults.length > mostFaults ? ` (and ${faults.length - mostFaults} more)` : '';
  return `${faults.slice(0, mostFaults).join('; ')}${more}. Nothing was decided.`;
}
