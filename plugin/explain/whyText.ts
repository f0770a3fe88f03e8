import { instant, relative } from '../output/age.ts';
import type { Palette } from '../output/palette.ts';
import { oneLine } from '../output/printable.ts';
import { subjectText, type Request } from '../request.ts';
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
  const notes = explanation.notes.length === 0 ? '' : `\n${explanation.notes.map((note) => `Note: ${note}\n`).join('')}`;
  return head + stages + expiry + notes;
}

/** One stage: where it stands, who has said what, and who is still wanted. */
export function stageText(stage: StageExplanation, now: number, colours: Palette): string {
  const lines = [
    `Stage ${colours.strong(stage.name)}: ${stage.state}, ${stage.approvals}/${stage.required} (asked by ${stage.askedBy})`,
    ...(stage.approvedBy.length === 0 ? [] : [`  approved by ${stage.approvedBy.join(', ')}`]),
    ...(stage.rejectedBy.length === 0 ? [] : [`  rejected by ${stage.rejectedBy.join(', ')}`]),
    ...stage.missing.map((m) => `  missing ${m.count} of: ${m.from.join(', or ')}`),
    ...stage.excluded.map((sentence) => `  not counted here: ${sentence}`),
    ...(stage.deadline === undefined ? [] : [`  by ${instant(stage.deadline)} (${relative(stage.deadline, now)})`]),
  ];
  return lines.map((line) => `${line}\n`).join('');
}

/** What the caller can do, in a sentence. */
export function standingText(standing: Standing, username: string, request: Request): string {
  const me = oneLine(username);
  switch (standing.kind) {
    case 'wanted':
      return `You (${me}) can give it, in stage ${standing.stages.map(oneLine).join(', ')}: kubectl approve ${request.name} -n ${request.namespace}`;
    case 'hasVoted':
      return `You (${me}) have said ${standing.verdict} already.`;
    case 'isRequester':
      return `You (${me}) asked for it, so somebody else must approve it.`;
    case 'notAsked':
      return `You (${me}) are not among those whose approval is missing.`;
    case 'nothingToDecide':
      return `There is nothing for you (${me}) to decide yet.`;
  }
}
