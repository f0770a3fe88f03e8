import type { ApprovalDecisionSpec } from '../../crds/v1alpha1/index.ts';
import { Meter, stepsPerLook } from '../../operator/core/cel/meter.ts';
import { decisionFaults } from '../../operator/core/fieldRules.ts';
import { answerFaults, unknownAnswers, type FieldFault } from '../../operator/core/questions.ts';
import type { KnownRequest } from './deps.ts';

type Said = Pick<ApprovalDecisionSpec, 'verdict' | 'requests' | 'reason' | 'ticket' | 'response'>;

/**
 * What a decision lacks of what the policies ask approvers to say and requests ask them to answer, one sentence for each. Several requests may ask
 * different things, or the same in different ways: one decision must fit them all.
 */
export function contentFaults(said: Said, requests: readonly Asking[]): string[] {
  const unknown =
    said.verdict === 'Approve'
      ? unknownAnswers(
          requests.map((r) => r.spec.questions),
          said.response,
        )
      : [];
  const meter = new Meter(undefined, { steps: stepsPerLook, spent: tooMuch });
  const sentences = requests.flatMap((request) =>
    requestFaults(said, request, meter).map((fault) => sentence(fault, nameOf(request, said))),
  );
  return [...new Set([...sentences, ...unknown.map((fault) => sentence(fault, undefined))])];
}

const tooMuch = (): string =>
  `all that is said takes more than ${stepsPerLook} steps to look at: decide on fewer requests at once, or say less`;

type Asking = Pick<KnownRequest, 'spec' | 'status' | 'uid'>;

/** The same as far as a single request can know. An approval answers the questions; a no needs no answers, and a comment and the like nothing at all. */
export function requestFaults(said: Said, { spec, status }: Asking, meter = new Meter()): FieldFault[] {
  const { verdict, response } = said;
  const rules = verdict === 'Approve' || verdict === 'Reject' ? (status?.policies ?? []).map((p) => p.decision) : [];
  return [...decisionFaults(rules, said, meter), ...answerFaults(verdict === 'Approve' ? spec.questions : [], response, meter)];
}

/** The one request is not named again; of several, the one that wants it. */
const nameOf = ({ uid }: Asking, { requests }: Said): string | undefined =>
  requests.length === 1 ? undefined : requests.find((r) => r.uid === uid)?.name;

const sentence = ({ path, message }: FieldFault, request: string | undefined): string =>
  `${path}: ${request === undefined ? '' : `for ApprovalRequest ${request}, `}${message}`;
