import type { ResolvedStage } from '../../../crds/v1alpha1/index.ts';
import type { Evaluation } from '../../core/evaluation.ts';
import { policyName, type PolicyId } from '../../core/facts.ts';

/** What policies that only audit would have done, in a sentence or two: who would have been asked, or why it would have been refused. */
export function wouldHold(policies: readonly PolicyId[], evaluation: Evaluation): string {
  const names = policies.map((policy) => `${policy.kind} ${policyName(policy)}`).join(', ');
  return `With enforcement Hold, ${names} would have held this${andThen(evaluation)}`;
}

function andThen({ verdict, policies, stages, gate }: Evaluation): string {
  switch (verdict) {
    case 'PolicyViolation':
      return ` and refused it: ${policies.flatMap((p) => p.violations ?? []).join('; ')}`;
    case 'AutoApproved':
      return ` for a moment, and approved it without asking anybody.`;
    case 'Frozen':
      return `, and approved it without asking anybody, but not now: ${gate.because ?? 'nothing is let go at this time'}.`;
    case 'Faulty':
      return ` until this is mended: ${policies.flatMap((p) => p.fault ?? []).join('; ')}.`;
    case 'TooMany':
      return `, as ${policies.length} policies with ${stages.length} stages are more than fit, until fewer apply.`;
    case 'NobodyAsked':
    case 'NoPolicy':
      return ' until its time was over, as nobody is asked and nothing approves it.';
    default:
      return ` and asked: ${stages
        .filter((s) => s.state !== 'Skipped')
        .map(asking)
        .join('; then ')}.`;
  }
}

const mostNamed = 4;

/** `finance, 2 of group finance or cfo@corp`. */
function asking({ name, require }: ResolvedStage): string {
  return `${name}, ${require.map(({ count, from }) => `${count} of ${listed(from.map(described))}`).join(' and ')}`;
}

type Approver = ResolvedStage['require'][number]['from'][number];

function described({ group, user, serviceAccount, permission }: Approver): string {
  if (group !== undefined) return `group ${group}`;
  if (user !== undefined) return user;
  if (serviceAccount !== undefined) return `service account ${serviceAccount.namespace}/${serviceAccount.name}`;
  return permission === undefined ? 'nobody' : `those with permission to ${permission}`;
}

const listed = (names: readonly string[]): string =>
  names.slice(0, mostNamed).join(' or ') + (names.length > mostNamed ? ` or ${names.length - mostNamed} more` : '');
