import { explain } from '../explain/why.ts';
import { riskText, stageText } from '../explain/whyText.ts';
import { images, podSpecOf } from '../../operator/core/uncovered.ts';
import { instant, relative } from '../output/age.ts';
import type { Palette } from '../output/palette.ts';
import { oneLine } from '../../operator/core/printable.ts';
import { titleOf, type Outcome, type Simulated } from './simulated.ts';

/** One manifest, simulated, with what limits what could be said of it. */
export interface Answer extends Simulated {
  /** Such as that defaults are not applied, a sentence each. */
  readonly notes: readonly string[];
  /** The API server would not even store it. */
  readonly refusedAlready?: boolean;
}

/** Whether whoever creates it would be told no. */
export const isRefused = ({ outcome, refusedAlready }: Pick<Answer, 'outcome' | 'refusedAlready'>): boolean =>
  refusedAlready === true || outcome === 'PolicyViolation' || outcome === 'Rejected' || outcome === 'Expired';

/** What would be asked, for people. Pure. */
export function simulatedText(
  { work, outcome, policies, audited, unread, request, gate, notes }: Answer,
  now: number,
  colours: Palette,
): string {
  const explanation = request === undefined ? undefined : explain(request);
  const stages = (explanation?.stages ?? []).filter((stage) => stage.state !== 'Skipped');
  const skipped = (explanation?.stages ?? []).filter((stage) => stage.state === 'Skipped').map((stage) => stage.name);
  const lines = [
    `${colours.strong(oneLine(`${work.kind} ${work.namespace}/${work.name}`))} (${work.source}), operation ${oneLine(work.spec.operation)}`,
    tone(
      outcome,
      colours,
    )(
      headline(
        { outcome, policies, work },
        stages.reduce((sum, s) => sum + s.required, 0),
      ),
    ),
    ...[...new Set(policies.map((p) => `  by ${titleOf(p)}`))],
    ...policies.flatMap((p) => (p.violations ?? []).map((text) => `  breaks ${titleOf(p)}: ${oneLine(text)}`)),
    ...policies.flatMap((p) => (p.fault === undefined ? [] : [`  cannot be evaluated, ${titleOf(p)}: ${oneLine(p.fault)}`])),
    ...policies.flatMap((p) =>
      p.autoApproves === undefined || outcome === 'AutoApproved' ? [] : [`  ${titleOf(p)} alone would agree, by rule ${p.autoApproves}`],
    ),
    ...work.faults.map((fault) => `  ${oneLine(fault)}`),
    ...unread.map((name) => `  and by ${oneLine(name)}, which you may not read: what it asks comes on top`),
    ...audited.map((p) => `  ${titleOf(p)} would only tell of it (enforcement: Audit)`),
    ...(explanation?.risk === undefined ? [] : [`Risk ${riskText(explanation.risk)}`]),
    ...imageLine(work.object['spec']),
  ];
  const asked = isOpen(outcome) ? stages.map((stage) => `\n${stageText(stage, now, colours)}`).join('') : '';
  const times = [
    ...(skipped.length === 0 || outcome === 'AutoApproved' ? [] : [`Not asked for here, by their own rules: stage ${skipped.join(', ')}`]),
    ...(explanation?.expiresAt === undefined ? [] : [`It would expire ${relative(explanation.expiresAt, now)}.`]),
    ...(gate.open || outcome === 'NotGoverned' ? [] : [closed(gate.opensAt, gate.because, now)]),
    ...notes.map((note) => `Note: ${note}`),
  ];
  return [...lines, ...(asked === '' ? [] : [asked.trimEnd()]), ...times].map((line) => `${line}\n`).join('');
}

const isStuck = (outcome: Outcome): boolean => ['NobodyAsked', 'Faulty', 'TooMany'].includes(outcome);
const isOpen = (outcome: Outcome): boolean => outcome === 'Pending' || isStuck(outcome);

function headline({ outcome, policies, work }: Pick<Simulated, 'outcome' | 'policies' | 'work'>, votes: number): string {
  switch (outcome) {
    case 'NotGoverned':
      return 'No policy governs it: it would run at once, and nobody would be asked.';
    case 'Pending':
      return `It would ${work.governs ? 'be held and ' : ''}wait for ${votes} ${votes === 1 ? 'approval' : 'approvals'}.`;
    case 'AutoApproved':
      return `It would be approved without asking anybody, by ${[...new Set(policies.map((p) => `rule ${p.autoApproves ?? '?'} of ${titleOf(p)}`))].join(' and ')}.`;
    case 'Frozen':
      return 'It would be approved without asking anybody, but not at this time.';
    case 'PolicyViolation':
      return 'It would be refused, as it breaks a policy.';
    case 'Faulty':
      return 'It would be held: a rule cannot be evaluated, and until that is mended nothing is decided.';
    case 'TooMany':
      return `It would be held for good: more apply than fit, ${policies.length} policies; let fewer match it, or join their stages.`;
    case 'NobodyAsked':
      return 'It would be held for good: its policies ask nobody and approve nothing on their own.';
    case 'NoPolicy':
      return 'It would be held for good: no policy applies, or one that it names does not exist.';
    case 'Approved':
    case 'StandingApproval':
    case 'Overridden':
      return 'It would be approved.';
    case 'Rejected':
    case 'Expired':
      return 'It would be refused.';
  }
}

function tone(outcome: Outcome, colours: Palette): (text: string) => string {
  if (isRefused({ outcome }) || outcome === 'NoPolicy' || isStuck(outcome)) return colours.bad;
  return outcome === 'AutoApproved' || outcome === 'NotGoverned' ? colours.good : colours.pending;
}

function imageLine(spec: unknown): string[] {
  const listed = images(podSpecOf(spec)).map((i) => `${i.container} = ${i.image}${i.pinned ? '' : ' (by tag)'}`);
  return listed.length === 0 ? [] : [oneLine(`Runs ${listed.join(', ')}`)];
}

function closed(opensAt: number | undefined, because: string | undefined, now: number): string {
  const why = because === undefined ? '' : `, as it is ${oneLine(because)}`;
  if (opensAt === undefined) return `Nothing would be let go${why}, and it is not known until when.`;
  const at = new Date(opensAt).toISOString();
  return `Nothing would be let go before ${instant(at)} (${relative(at, now)})${why}.`;
}

/** The same for programs. */
export function simulatedDocument({ work, outcome, policies, audited, unread, request, gate, notes }: Answer): object {
  const { source, kind, namespace, name } = work;
  return {
    source,
    kind,
    namespace,
    name,
    outcome,
    policies,
    audited: audited.map(titleOf),
    unread,
    ...(request === undefined
      ? {}
      : { request: { spec: request.stored.spec, status: request.stored.status }, explanation: explain(request) }),
    ...(gate.open
      ? {}
      : { earliestRelease: gate.opensAt === undefined ? null : new Date(gate.opensAt).toISOString(), because: gate.because }),
    faults: work.faults,
    notes,
  };
}
