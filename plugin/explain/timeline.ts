import type { DecisionRecord, ResolvedStage } from '../../crds/v1alpha1/index.ts';
import { describeFrom } from '../../operator/core/explain.ts';
import { instant, span } from '../output/age.ts';
import type { Palette } from '../output/palette.ts';
import { conditionOf, requesterText, subjectText, type Request } from '../request.ts';
import { byText, ignoredText } from './notes.ts';

/** One moment in the life of a request. */
export interface Moment {
  /** RFC 3339. */
  readonly time: string;
  readonly what: string;
  readonly tone: 'good' | 'bad' | 'pending' | 'plain';
}

/** What happened to a request, oldest first. `heldSince`: when the held work was created, if it still exists. Pure. */
export function timeline(request: Request, heldSince?: string): Moment[] {
  const moments = [...beginning(request, heldSince), ...(request.status?.decisions ?? []).map(decided), ...ending(request)];
  // Times are to the second, and the sort is stable: what is listed first here happened first.
  return moments.sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
}

function beginning(request: Request, heldSince: string | undefined): Moment[] {
  const held = heldSince !== undefined && request.governs ? [moment(heldSince, `${subjectText(request)} created, and held`)] : [];
  const requested = moment(request.createdAt, `requested by ${requesterText(request)}`);
  const stages = (request.status?.stages ?? []).flatMap((s) =>
    s.activeSince === undefined
      ? []
      : [moment(s.activeSince, `stage ${s.name} asks for ${approvals(s.require.reduce((sum, r) => sum + r.count, 0))}`, 'pending')],
  );
  const escalated = (request.status?.stages ?? []).flatMap((s) =>
    s.escalatedAt === undefined ? [] : [moment(s.escalatedAt, `stage ${s.name} escalated${instead(s)}`, 'pending')],
  );
  return [...held, requested, ...stages, ...escalated];
}

const instead = ({ escalation }: ResolvedStage): string =>
  escalation === undefined ? '' : `: ${escalation.count} of ${describeFrom(escalation)} is enough instead`;

const approvals = (count: number): string => `${count} ${count === 1 ? 'approval' : 'approvals'}`;

const verbs = {
  Approve: 'approved',
  Reject: 'rejected',
  Comment: 'commented on',
  // By one person it is only half of one.
  Override: 'override',
  Review: 'reviewed',
  Reassign: 'reassigned',
} as const;

function decided(decision: DecisionRecord): Moment {
  const { verdict, reason, ticket, counted, via, reassign } = decision;
  const said = reason === undefined ? '' : `: ${reason}`;
  const under = ticket === undefined ? '' : ` (${ticket})`;
  const channel = via === 'Kubernetes' ? '' : ` by ${via}`;
  const whom = reassign === undefined ? '' : ` from ${reassign.from} to ${reassign.to} in stage ${reassign.stage}`;
  const text = `${verbs[verdict]}${whom} by ${byText(decision)}${channel}${under}${said}`;
  if (verdict === 'Comment') return moment(decision.time, text);
  if (!counted) return moment(decision.time, `${text} — does not count: ${ignoredText(decision)}`, 'pending');
  return moment(decision.time, text, verdict === 'Reject' ? 'bad' : 'good');
}

function ending(request: Request): Moment[] {
  const approved = conditionOf(request, 'Approved');
  const released = conditionOf(request, 'Released');
  const completed = conditionOf(request, 'Completed');
  const moments: Moment[] = [];
  if (approved?.status === 'True') moments.push(moment(approved.lastTransitionTime, `settled: ${approved.message}`, 'good'));
  if (approved?.status === 'False') moments.push(moment(approved.lastTransitionTime, `settled: ${approved.message}`, 'bad'));
  if (released?.status === 'True') moments.push(moment(released.lastTransitionTime, `${subjectText(request)} released`, 'good'));
  if (completed?.status === 'True') {
    moments.push(moment(completed.lastTransitionTime, `ended: ${completed.message}`, completed.reason === 'Succeeded' ? 'good' : 'bad'));
  }
  return moments;
}

const moment = (time: string, what: string, tone: Moment['tone'] = 'plain'): Moment => ({ time, what, tone });

/** The moments as lines: the instant, the time since the first, and what happened. */
export function renderTimeline(moments: readonly Moment[], colours: Palette): string {
  const start = Date.parse(moments[0]?.time ?? '');
  const since = moments.map((m) => `+${span(Date.parse(m.time) - start)}`);
  const width = Math.max(0, ...since.map((s) => s.length));
  return moments
    .map((m, i) => {
      const paint = m.tone === 'plain' ? (text: string) => text : colours[m.tone];
      return `${instant(m.time)}  ${(since[i] ?? '').padStart(width)}  ${paint(m.what)}\n`;
    })
    .join('');
}
