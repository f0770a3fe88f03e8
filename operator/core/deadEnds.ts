import type { ApproverRef, ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { serviceAccountName } from './eligibility.ts';
import { isUndecided } from './stageStates.ts';

interface Line {
  readonly count: number;
  readonly from: readonly ApproverRef[];
}

/**
 * The stages that wait for people of whom too few are left, as whoever asked may not approve: a sentence each, with what can be done. Groups and permissions
 * may always have others; what escalates once its time is over, to enough others, is no dead end.
 */
export function deadEnds(request: string, stages: readonly ResolvedStage[], requesters: readonly string[]): string[] {
  return stages.flatMap((stage) => {
    if (!isUndecided(stage) || stage.applies === false || stage.separation.requesterMayApprove) return [];
    const short = stage.require.find((line) => isShort(line, stage, requesters));
    if (short === undefined || (stage.escalation !== undefined && !isShort(stage.escalation, stage, requesters))) return [];
    return [sentence(request, stage, namesOf(short) ?? [], requesters)];
  });
}

/** Whether a line wants more than those it names, or who stands in for them, without whoever asked. */
function isShort(line: Line, { standIns = [] }: ResolvedStage, requesters: readonly string[]): boolean {
  const names = namesOf(line);
  if (names === undefined || !names.some((name) => requesters.includes(name))) return false;
  const might = names.map((name) => standIns.find((s) => s.for === name)?.user ?? name);
  return new Set(might.filter((name) => !requesters.includes(name))).size < line.count;
}

/** Everybody whom a line names; undefined where it may ask others too. */
function namesOf({ from }: Line): string[] | undefined {
  const names = from.map(({ user, serviceAccount }) =>
    serviceAccount === undefined ? user : serviceAccountName(serviceAccount.namespace, serviceAccount.name),
  );
  return names.every((name) => name !== undefined) ? names : undefined;
}

function sentence(
  request: string,
  { name: stage, policy }: ResolvedStage,
  names: readonly string[],
  requesters: readonly string[],
): string {
  const asked = names.filter((name) => requesters.includes(name));
  const others = names.length > asked.length ? 'Too few others can approve' : 'Nobody else can approve';
  const named = `${asked.join(', ')}, whom it names, asked for this and may not approve it.`;
  const reassign = `Have the stage reassigned (kubectl approve reassign ${request} --stage ${stage} --from ${asked[0] ?? ''} --to …)`;
  const anew = policy === undefined ? 'ask anew with other stages' : `let ${policy.kind} ${policy.name} name somebody else and ask anew`;
  return `${others} stage ${stage}: ${named} ${reassign}, ${anew}, or have it overridden.`;
}
