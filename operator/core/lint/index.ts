import type { ApprovalPolicySpec } from '../../../crds/v1alpha1/index.ts';
import type { PolicyId } from '../facts.ts';
import { compileRules, type PolicyRules } from '../rules/compile.ts';
import { gateFaults, hoursFaults, windowFaults } from '../windows/index.ts';
import type { Fault } from './fault.ts';
import { quorumFaults } from './quorum.ts';

export type { Fault } from './fault.ts';

/** What is known of a policy besides its spec. */
export interface Linted extends Pick<PolicyId, 'kind'> {
  /** Its rules, where they are compiled already. */
  readonly rules?: Pick<PolicyRules, 'faults'>;
}

/**
 * Everything that is wrong with a policy and can be known without a cluster: expressions and patterns that do not compile, windows and hours that cannot be read
 * or leave no time to let anything go, requirements that nobody can satisfy, and what the schema refuses where the API server has not looked yet. Who is in a
 * group or has a permission is not known, and so no fault. Pure, total, and bounded whatever the policy says.
 */
export function policyFaults(spec: ApprovalPolicySpec, { kind, rules = compileRules(spec) }: Linted): Fault[] {
  return [
    ...selectorFaults(spec, kind),
    ...rules.faults.map(faultOf),
    ...weightFaults(spec),
    ...nameFaults(spec),
    ...quorumFaults(spec),
    ...timeFaults(spec),
  ];
}

/** A fault as one sentence. */
export const faultText = ({ path, message }: Fault): string => `${path}: ${message}`;

/** The rules say their faults as sentences that begin with the field. */
function faultOf(sentence: string): Fault {
  const end = sentence.indexOf(': ');
  return { path: sentence.slice(0, end), message: sentence.slice(end + 2) };
}

function selectorFaults({ match }: ApprovalPolicySpec, kind: PolicyId['kind']): Fault[] {
  if (kind === 'ClusterApprovalPolicy') return [];
  const message =
    'is for a ClusterApprovalPolicy only: an ApprovalPolicy governs its own namespace; remove it, or write a ClusterApprovalPolicy';
  return match.flatMap(({ namespaceSelector }, index) =>
    namespaceSelector === undefined ? [] : [{ path: `spec.match[${index}].namespaceSelector`, message }],
  );
}

function weightFaults({ risk }: ApprovalPolicySpec): Fault[] {
  if (risk === undefined) return [];
  const { criticality, magnitude, blastRadius, historicalFailureRate } = risk.weights;
  const sum = criticality + magnitude + blastRadius + historicalFailureRate;
  // As the schema has it: decimal fractions do not add up to 1 exactly.
  if (sum <= 1.000_001) return [];
  return [
    {
      path: 'spec.risk.weights',
      message: `are ${sum} together, expected at most 1, or the score could be more than 100; lower some of them`,
    },
  ];
}

function nameFaults({ stages, autoApprove, freeze, releaseWindows }: ApprovalPolicySpec): Fault[] {
  return Object.entries({ stages, autoApprove, freeze, releaseWindows }).flatMap(([field, list = []]) =>
    list.flatMap(({ name }, index) => {
      const first = list.findIndex((other) => other.name === name);
      const message = `was ${name}, which is the name of spec.${field}[${first}] already; expected another one`;
      return first === index ? [] : [{ path: `spec.${field}[${index}].name`, message }];
    }),
  );
}

function timeFaults({ freeze, releaseWindows, businessHours }: ApprovalPolicySpec): Fault[] {
  const each = Object.entries({ freeze, releaseWindows }).flatMap(([field, list = []]) =>
    list.flatMap((window, index) => windowFaults(window).map((fault) => inField(`spec.${field}[${index}].`, fault))),
  );
  const together = gateFaults({ freeze, releaseWindows }).map((fault) => inField('spec.', fault));
  const hours = businessHours === undefined ? [] : hoursFaults(businessHours).map((fault) => inField('spec.businessHours.', fault));
  return [...each, ...together, ...hours];
}

const inField = (before: string, fault: string): Fault => faultOf(before + fault);
