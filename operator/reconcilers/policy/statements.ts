import { says, type Statement } from '../../core/conditions.ts';
import { faultText, policyFaults } from '../../core/lint/index.ts';
import type { PolicyRecord } from '../records.ts';

/** What the conditions of a policy say. `refused`: what the API server says of an expression that it does not take. */
export function policyStatements(
  policy: Pick<PolicyRecord, 'kind' | 'spec' | 'rules'>,
  bites: boolean,
  refused: string | undefined,
): Statement[] {
  const audits = policy.spec.enforcement === 'Audit';
  const own = policyFaults(policy.spec, policy).map(faultText);
  const faults = [...own, ...(refused === undefined ? [] : [`the API server says: ${refused}`])];
  if (faults.length > 0) return faulty({ audits, bites }, own.length > 0 ? 'InvalidSpec' : 'ExpressionFailed', faults);
  return bites ? inForce(audits) : pending(audits);
}

interface Guarding {
  readonly audits: boolean;
  readonly bites: boolean;
}

function faulty({ audits, bites }: Guarding, reason: 'InvalidSpec' | 'ExpressionFailed', faults: readonly string[]): Statement[] {
  const meanwhile = audits ? 'More may be told of than it means' : 'What depends on it holds';
  const why = `${meanwhile}, until this is mended: ${faults.join('; ')}`;
  return [
    says('Ready', 'False', reason, bites ? why : `${why}. ${doesNotBite(audits)}`),
    bites ? says('Reconciling', 'False', reason, 'Somebody has to mend the policy.') : waitsForGuards,
    says('Stalled', 'True', reason, why),
  ];
}

const doesNotBite = (audits: boolean): string =>
  `Its guards are written but do not bite yet; what is created now may pass ${audits ? 'without a mark' : 'unheld'}.`;

const waitsForGuards = says('Reconciling', 'True', 'GuardsPending', 'Waiting for the API server to take up its guards.');

const pending = (audits: boolean): Statement[] => [
  says('Ready', 'False', 'GuardsPending', doesNotBite(audits)),
  waitsForGuards,
  says('Stalled', 'False', 'GuardsPending', 'Nothing stands in the way.'),
];

function inForce(audits: boolean): Statement[] {
  const [reason, message] = audits
    ? (['Auditing', 'The API server marks what this policy would hold, and holds nothing.'] as const)
    : (['Enforced', 'The API server itself holds what this policy matches.'] as const);
  return [
    says('Ready', 'True', reason, message),
    says('Reconciling', 'False', reason, 'Nothing more is to be done.'),
    says('Stalled', 'False', reason, 'Nothing stands in the way.'),
  ];
}
