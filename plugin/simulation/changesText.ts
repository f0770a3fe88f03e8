import type { Palette } from '../output/palette.ts';
import { oneLine } from '../../operator/core/printable.ts';
import { phaseText, subjectText } from '../request.ts';
import { effects, type Changed, type ChangeEffect } from './policyChange.ts';

/** A policy that would be written, and what it would do to the requests in its reach. */
export interface PolicyChange {
  /** `ApprovalPolicy payments/tiers`. */
  readonly policy: string;
  readonly isNew: boolean;
  readonly changes: readonly Changed[];
  readonly notes: readonly string[];
}

const meanings: Readonly<Record<ChangeEffect, string>> = {
  refused: 'would be refused',
  stuck: 'would be stuck: nobody could approve them',
  tightened: 'would take more than now',
  loosened: 'would take less than now',
  unchanged: 'would not change',
};

/** What a policy would change, worst first. Pure. */
export function changesText({ policy, isNew, changes, notes }: PolicyChange, colours: Palette): string {
  const heldBack = changes.filter((c) => c.heldBack).length;
  const open = changes.length - heldBack;
  const reach = `the ${open} open ${open === 1 ? 'request' : 'requests'} in its reach${heldBack === 0 ? '' : `, and ${heldBack} approved and still held`}`;
  const head = `${colours.strong(oneLine(policy))} (${isNew ? 'new' : 'changed'}), and ${reach}:\n`;
  const groups = effects.flatMap((effect) => {
    const those = changes.filter((c) => c.effect === effect);
    return those.length === 0 ? [] : [groupText(effect, those, colours)];
  });
  const nothing = changes.length === 0 ? '  none is open; only new ones would be asked by it.\n' : '';
  return head + nothing + groups.join('') + notes.map((note) => `Note: ${note}\n`).join('');
}

function groupText(effect: ChangeEffect, those: readonly Changed[], colours: Palette): string {
  const paint =
    effect === 'unchanged' ? colours.faint : effect === 'loosened' ? colours.good : effect === 'tightened' ? colours.pending : colours.bad;
  const title = `  ${paint(`${those.length} ${meanings[effect]}`)}\n`;
  if (effect === 'unchanged') return title;
  return (
    title +
    those
      .map(
        ({ request, heldBack, changes }) =>
          `    ${request.namespace}/${request.name} (${subjectText(request)}, ${phaseText(request)}${heldBack ? ', still held' : ''})\n${changes.map((c) => `      - ${oneLine(c)}\n`).join('')}`,
      )
      .join('')
  );
}

/** The same for programs. */
export const changesDocument = ({ policy, isNew, changes, notes }: PolicyChange): object => ({
  policy,
  isNew,
  requests: changes.map(({ request, heldBack, effect, changes: said, before, after }) => ({
    namespace: request.namespace,
    name: request.name,
    heldBack,
    effect,
    changes: said,
    verdict: { before, after },
  })),
  notes,
});
