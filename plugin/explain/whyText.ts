import type { RiskScore } from '../../crds/v1alpha1/index.ts';
import { instant, relative } from '../output/age.ts';
import type { Palette } from '../output/palette.ts';
import { oneLine } from '../../operator/core/printable.ts';
import { subjectText, type Request } from '../request.ts';
import { questionLines } from './questions.ts';
import type { Standing } from './who.ts';
import type { Explanation, StageExplanation } from './why.ts';

/** An explanation for people. */
export function explanationText(request: Request, explanation: Explanation, now: number, colours: Palette): string {
  const paint = explanation.outcome === 'approved' ? colours.good : explanation.outcome === 'refused' ? colours.bad : colours.pending;
  const head = `${colours.strong(request.name)} (${subjectText(request)}, operation ${request.spec.operation})\n${paint(explanation.headline)}\n`;
  const stages = explanation.stages.map((stage) => `\n${stageText(stage, now, colours)}`).join('');
  const expiry =
    explanation.expiresAt === undefined
      ? ''
      : `\nUnless it is settled before, it expires ${relative(explanation.expiresAt, now)} (${instant(explanation.expiresAt)}).\n`;
  const times = timesText(explanation, now);
  const notes = explanation.notes.length === 0 ? '' : `\n${explanation.notes.map((note) => `Note: ${note}\n`).join('')}`;
  const risk = explanation.risk === undefined ? '' : `Risk ${riskText(explanation.risk)}\n`;
  const asked = explanation.outcome === 'open' ? questionLines(request) : '';
  return head + risk + stages + (asked === '' ? '' : `\nAsked of approvers:\n${asked.replace(/^(?=.)/gm, '  ')}`) + expiry + times + notes;
}

/** A score and what it is made of: `62 of 100 (criticality 80, magnitude 60, …)`. */
export const riskText = ({ score, factors }: RiskScore): string =>
  `${score} of 100 (criticality ${factors.criticality}, magnitude ${factors.magnitude}, blast radius ${factors.blastRadius}, historical failure rate ${factors.historicalFailureRate})`;

/** What time will do next, and before when nothing is let go. */
export function timesText({ next, earliestRelease, expiresAt }: Explanation, now: number): string {
  const deadline =
    next === undefined || next.at === expiresAt ? '' : `Next deadline: ${instant(next.at)} (${relative(next.at, now)}): ${next.what}.\n`;
  const release =
    earliestRelease === undefined
      ? ''
      : `Earliest release: ${instant(earliestRelease)} (${relative(earliestRelease, now)}), whoever agrees before.\n`;
  return deadline + release;
}

/** One stage: where it stands, who has said what, and who is still wanted. */
export function stageText(stage: StageExplanation, now: number, colours: Palette): string {
  if (stage.state === 'Skipped')
    return `Stage ${colours.strong(stage.name)}: Skipped, nobody is asked (by the rules of ${stage.askedBy})\n`;
  const lines = [
    `Stage ${colours.strong(stage.name)}: ${stage.overridden === true ? 'set aside by the override' : stage.state}, ${stage.approvals}/${stage.required} (asked by ${stage.askedBy})`,
    ...(stage.approvedBy.length === 0 ? [] : [`  approved by ${stage.approvedBy.join(', ')}`]),
    ...(stage.rejectedBy.length === 0 ? [] : [`  rejected by ${stage.rejectedBy.join(', ')}`]),
    ...(stage.sureness === undefined ? [] : [`  approvals count ${stage.sureness}`]),
    ...stage.standIns.map((sentence) => `  ${sentence}`),
    ...(stage.escalatedAt === undefined ? [] : [`  escalated at ${instant(stage.escalatedAt)}`]),
    ...stage.missing.flatMap((m) => [
      `  ${m.escalated === true ? 'or instead, as it has escalated,' : 'missing'} ${m.count} of: ${m.from.join(', or ')}`,
      ...(m.inStead === undefined ? [] : [`    also, in their stead: ${m.inStead.join(', ')}`]),
    ]),
    ...stage.excluded.map((sentence) => `  not counted here: ${sentence}`),
    ...(stage.deadline === undefined
      ? []
      : [`  by ${instant(stage.deadline)} (${relative(stage.deadline, now)}); then ${stage.onTimeout ?? 'it expires'}`]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** What the caller can do, in a sentence. */
export function standingText(standing: Standing, username: string, request: Request): string {
  const me = oneLine(username);
  switch (standing.kind) {
    case 'wanted':
      return `You (${me}) can give it${standing.onBehalfOf === undefined ? '' : ` for ${oneLine(standing.onBehalfOf)}`}, in stage ${standing.stages.map(oneLine).join(', ')}: kubectl approve ${request.name} -n ${request.namespace}`;
    case 'hasVoted':
      return `You (${me}) have said ${standing.verdict} already${standing.ignored === true ? '; why that does not count stands above' : ''}.`;
    case 'isRequester':
      return `You (${me}) asked for it, so somebody else must approve it.`;
    case 'requesterUnknown':
      return `You (${me}) cannot approve it, as nobody knows who asked for it; it can be rejected.`;
    case 'notAsked':
      return `You (${me}) are not among those whose approval is missing.`;
    case 'nothingToDecide':
      return `There is nothing for you (${me}) to decide yet.`;
  }
}
