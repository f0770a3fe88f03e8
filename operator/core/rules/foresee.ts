import type { ApprovalRequestSpec, Requester } from '../../../crds/v1alpha1/index.ts';
import { group } from '../../../crds/v1alpha1/resources.ts';
import type { Meter, Program } from '../cel/index.ts';
import type { NamespaceObject, PolicyFacts } from '../facts.ts';
import { governs, meterForMatches, speaksOfJobsAlone } from '../match.ts';
import { observed, type PolicyRules } from './compile.ts';
import { judge, meterForPolicies, type Judged } from './judge.ts';
import { submissionOf } from './submitters.ts';
import { requesterOf } from './variables.ts';

/** Work of our own kinds as it is admitted, before the operator has looked at it. */
export interface Admitted {
  readonly kind: 'GovernedJob' | 'ApprovalRequest';
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** What its request says, or will say. */
  readonly says: Pick<ApprovalRequestSpec, 'operation' | 'context' | 'reason' | 'ticket' | 'policyRef'>;
  /** What expressions read as `object`: as much of it as is known. */
  readonly object: Readonly<Record<string, unknown>>;
  /** What they read as `approvalRequest`; absent for a GovernedJob, of which the request is still to be made. */
  readonly approvalRequest?: Readonly<Record<string, unknown>>;
  readonly requester: Requester;
  readonly onBehalfOf?: string | undefined;
  readonly namespaceObject: NamespaceObject;
  /** Images that are named by a tag alone, of what may run before the operator judges. */
  readonly unpinnedImages?: readonly string[];
}

/** A rule that work breaks, and whose rule that is. */
export interface Foreseen {
  readonly policy: PolicyFacts;
  readonly message: string;
}

/**
 * What the operator will refuse it for, as far as that is certain when it is admitted. What hangs on anything that is not known yet (the time at which it
 * is submitted, how earlier runs ended, the request that is still to be made), and what fails, is left to the operator, which looks at everything again.
 */
export function foreseenViolations(admitted: Admitted, policies: readonly PolicyFacts[]): Foreseen[] {
  const { requester: submitter, onBehalfOf } = admitted;
  const request = { requester: submitter, onBehalfOf, status: undefined };
  const forMatches = meterForMatches();
  const applying = policies.filter((policy) => surelyApplies(policy, admitted, forMatches));
  const variables = knownOf(admitted, requesterOf({ request, policies: applying }));
  const { reason, ticket } = admitted.says;
  const facts: Judged = {
    variables,
    observedFailureRate: 0,
    submission: submissionOf(request),
    reason,
    ticket,
    unpinnedImages: admitted.unpinnedImages ?? [],
    meter: meterForPolicies(),
  };
  return applying.flatMap((policy) => {
    const known = knownTo(policy, admitted, variables);
    return judge(asFarAsKnown(policy, known), { ...facts, variables: known }).violations.map((message) => ({ policy, message }));
  });
}

type Variables = Readonly<Record<string, unknown>>;

function knownOf({ says, object, approvalRequest, namespaceObject }: Admitted, { username, groups }: Requester): Variables {
  return {
    object,
    context: says.context ?? {},
    operation: says.operation,
    namespaceObject,
    ...(approvalRequest === undefined ? {} : { approvalRequest }),
    // Nobody is somebody of whom nothing is known.
    ...(username === '' ? {} : { requester: { username, groups } }),
  };
}

/** To a policy that speaks of Jobs alone, `object` is the Job of a GovernedJob, which is still to be created. */
function knownTo({ spec }: PolicyFacts, { kind }: Admitted, variables: Variables): Variables {
  if (kind !== 'GovernedJob' || !speaksOfJobsAlone(spec)) return variables;
  const { object: _governedJob, ...others } = variables;
  return others;
}

const readsOnly = (program: Program, variables: Variables): boolean => [...program.uses].every((name) => Object.hasOwn(variables, name));

/** One with a fault holds what it may be about, and one that only audits refuses nothing. */
function surelyApplies(policy: PolicyFacts, admitted: Admitted, meter: Meter): boolean {
  const { spec, rules, kind, name } = policy;
  if (spec.enforcement === 'Audit' || rules.faults.length > 0) return false;
  const { policyRef } = admitted.says;
  return (policyRef?.kind === kind && policyRef.name === name) || surelyGoverns(policy, admitted, meter);
}

function surelyGoverns({ spec, rules }: PolicyFacts, admitted: Admitted, meter: Meter): boolean {
  const { kind, labels, says, namespaceObject, requester } = admitted;
  const namespaceLabels = namespaceObject.metadata.labels;
  const candidate = { apiGroup: group, kind, labels, namespaceLabels, operation: says.operation };
  const variables = knownOf(admitted, requester);
  return spec.match.some((rule, i) => {
    const when = rules.match[i];
    return (
      (when === undefined || isTrue(when, variables, meter)) &&
      governs({ spec: { match: [rule] }, rules: { match: [when] } }, candidate, () => variables, meter)
    );
  });
}

function isTrue(when: Program, variables: Variables, meter: Meter): boolean {
  if (!readsOnly(when, variables)) return false;
  const outcome = when.run(variables, meter);
  return outcome.ok && outcome.value === true;
}

/** The policy with those of its validations that read nothing unknown, and with nothing that is only asked later. */
function asFarAsKnown({ spec, rules }: PolicyFacts, variables: Variables): Parameters<typeof judge>[0] {
  const { risk: weighed, stages: _stages, autoApprove: _auto, ...rest } = spec;
  const isRiskKnown = Object.values(rules.risk).every((factor) => factor !== observed && readsOnly(factor, variables));
  const known = isRiskKnown ? { ...variables, risk: undefined } : variables;
  const validations = rules.validations.filter(({ program }) => readsOnly(program, known));
  const readsRisk = validations.some(({ program }) => program.uses.has('risk'));
  const risk: PolicyRules['risk'] = readsRisk ? rules.risk : {};
  return {
    spec: { ...rest, ...(readsRisk && weighed !== undefined ? { risk: weighed } : {}) },
    rules: { ...rules, validations, risk, autoApprove: [], stages: [] },
  };
}
