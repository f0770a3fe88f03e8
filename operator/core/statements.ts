import type { Overridden } from '../../crds/v1alpha1/index.ts';
import { isTrue, says, type Statement } from './conditions.ts';
import type { Evaluation } from './evaluation.ts';
import { closedBecause, describeMissing, describeOpen, lacksRequester } from './explain.ts';
import type { Observation } from './facts.ts';
import { decide, type Outcome } from './outcome.ts';

/** What conditions are told of beside the facts. */
export interface Standpoint {
  readonly outcome: Outcome | undefined;
  /** What will be on record of an override. */
  readonly override: Overridden | undefined;
  /** The no that its approval has come to. */
  readonly withdrawn: Outcome | undefined;
}

/** What the conditions of a submitted request say. */
export function statementsFor(facts: Observation, evaluation: Evaluation, { outcome, override, withdrawn }: Standpoint): Statement[] {
  return [
    ...validity(facts, evaluation),
    approval(evaluation, facts, outcome),
    ...(outcome === undefined ? [] : [says('Settled', 'True', 'Settled', outcome.message)]),
    ...(override === undefined ? [] : [review(override)]),
    ...(withdrawn === undefined ? progress(facts, evaluation, outcome) : nothingLetGo(withdrawn)),
  ];
}

const nothingLetGo = ({ reason, message }: Outcome): Statement[] => [
  says('Released', 'False', reason, message),
  ...kstatus('Stalled', reason, message),
];

/** Whether somebody has looked at the override since. */
function review({ by, ticket, reviewedBy }: Overridden): Statement {
  const what = `the override by ${by.join(' and ')}${ticket === undefined ? '' : ` (${ticket})`}`;
  return reviewedBy === undefined
    ? says('Reviewed', 'False', 'ReviewOwed', `Somebody else must review ${what}; until then neither of them may override again.`)
    : says('Reviewed', 'True', 'Reviewed', `${reviewedBy} reviewed ${what}.`);
}

function validity(facts: Observation, evaluation: Evaluation): Statement[] {
  const { fault } = facts.subject;
  const broken = evaluation.verdict === 'Faulty' ? evaluation : undefined;
  const valid =
    // First of all: where what was asked cannot be understood, an expression about it fails for that very reason.
    fault !== undefined
      ? says('Valid', 'False', 'InvalidSpec', `It holds until this is mended: ${fault}`)
      : broken !== undefined
        ? says('Valid', 'False', 'ExpressionFailed', describeOpen(evaluation, facts))
        : says('Valid', 'True', 'Accepted', 'The request can be understood.');
  const matched =
    evaluation.verdict === 'NoPolicy'
      ? says(
          'PolicyMatched',
          'False',
          'NoPolicy',
          facts.missingPolicies.length === 0 ? 'No policy applies, so nobody can agree.' : describeMissing(facts),
        )
      : says('PolicyMatched', 'True', 'PoliciesMatched', `Asked by ${[...new Set(evaluation.policies.map((p) => p.name))].join(', ')}.`);
  return [valid, matched];
}

function approval(evaluation: Evaluation, facts: Observation, outcome: Outcome | undefined): Statement {
  if (outcome !== undefined) return says('Approved', outcome.approved ? 'True' : 'False', outcome.reason, outcome.message);
  const { verdict } = evaluation;
  const reason =
    verdict === 'NoPolicy' || verdict === 'NobodyAsked' || verdict === 'Frozen'
      ? verdict
      : verdict === 'Faulty'
        ? 'ExpressionFailed'
        : verdict === 'TooMany'
          ? 'TooManyPolicies'
          : lacksRequester(evaluation)
            ? 'RequesterUnknown'
            : 'Reviewing';
  return says('Approved', 'Unknown', reason, describeOpen(evaluation, facts));
}

/** Released and Completed, and what generic tools read: Ready, Reconciling, Stalled. */
function progress(facts: Observation, evaluation: Evaluation, outcome: Outcome | undefined): Statement[] {
  const { subject, request } = facts;
  const wasReleased = isTrue(request.status?.conditions, 'Released');
  const released = subject.released?.request === request.name || wasReleased;
  if (outcome === undefined) {
    const waiting = describeOpen(evaluation, facts);
    return [...(request.governs ? [says('Released', 'False', 'Held', waiting)] : []), ...kstatus('Reconciling', 'Reviewing', waiting)];
  }
  if (!outcome.approved) {
    return [
      ...(request.governs && !wasReleased ? [says('Released', 'False', outcome.reason, outcome.message)] : []),
      ...kstatus('Stalled', outcome.reason, outcome.message),
    ];
  }
  if (!request.governs) return kstatus('Ready', outcome.reason, outcome.message);
  if (!released && !subject.exists) {
    const never = unreleased(facts, evaluation);
    return [
      says('Released', 'False', 'SubjectGone', never),
      says('Completed', 'True', 'SubjectGone', never),
      ...kstatus('Stalled', 'SubjectGone', never),
    ];
  }
  if (!released) {
    const reason = evaluation.gate.open || evaluation.override !== undefined ? 'Held' : 'Frozen';
    return [
      says('Released', 'False', reason, unreleased(facts, evaluation)),
      ...kstatus('Reconciling', reason, unreleased(facts, evaluation)),
    ];
  }
  return [
    says('Released', 'True', 'Released', 'What was approved was let go.'),
    ...completion(facts),
    ...kstatus('Ready', outcome.reason, outcome.message),
  ];
}

function unreleased(facts: Observation, evaluation: Evaluation): string {
  if (!facts.subject.exists) return 'It was approved, but what was approved does not exist any more.';
  if (
    facts.subject.digest !== facts.request.status?.subjectDigest &&
    facts.request.status !== undefined &&
    isTrue(facts.request.status.conditions, 'Settled')
  )
    return 'It was approved, but has been changed since; it stays held.';
  if (!evaluation.gate.open && evaluation.override === undefined) return `It was approved, and waits: ${closedBecause(evaluation)}.`;
  return decide(facts, evaluation)?.approved === true
    ? 'About to be let go.'
    : `It was approved, but a policy has become stricter since; it stays held until that is satisfied too. ${describeOpen(evaluation, facts)}`;
}

function completion({ subject, request }: Observation): Statement[] {
  if (isTrue(request.status?.conditions, 'Completed')) return [];
  if (subject.ended !== undefined) {
    return [says('Completed', 'True', subject.ended.succeeded ? 'Succeeded' : 'Failed', subject.ended.message)];
  }
  if (!subject.exists) return [says('Completed', 'True', 'SubjectGone', 'It was deleted before anybody saw it end.')];
  return [says('Completed', 'False', 'Running', 'It has been let go and has not ended.')];
}

/** Exactly one of the three is True, as kstatus wants it. */
export function kstatus(which: 'Ready' | 'Reconciling' | 'Stalled', reason: Statement['reason'], message: string): Statement[] {
  return (['Ready', 'Reconciling', 'Stalled'] as const).map((type) => says(type, type === which ? 'True' : 'False', reason, message));
}
