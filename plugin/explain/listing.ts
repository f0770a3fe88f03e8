import { age, relative } from '../output/age.ts';
import type { Palette } from '../output/palette.ts';
import { table, type Cell } from '../output/table.ts';
import { isSettled, outcome, phaseText, requesterText, subjectText, type Request } from '../request.ts';
import { explain } from './why.ts';

export interface ListingOptions {
  readonly now: number;
  readonly wide: boolean;
  readonly namespaces: boolean;
  readonly colours: Palette;
}

/** Requests as a table. */
export function listTable(requests: readonly Request[], { now, wide, namespaces, colours }: ListingOptions): string {
  const titles = ['NAME', 'PHASE', 'APPROVALS', 'RISK', 'SUBJECT', 'OPERATION', 'REQUESTER', 'EXPIRES', 'AGE'];
  const more = ['POLICIES', 'WAITING FOR', 'NEXT DEADLINE', 'RELEASE', 'TICKET', 'REASON'];
  const rows = requests.map((request): Cell[] => [
    ...(namespaces ? [request.namespace] : []),
    request.name,
    { text: phaseText(request), paint: phasePaint(request, colours) },
    request.status?.approvals ?? '',
    request.status?.risk?.score.toString() ?? '',
    subjectText(request),
    request.spec.operation,
    requesterText(request),
    isSettled(request) || request.status?.expiresAt === undefined ? '' : relative(request.status.expiresAt, now),
    age(request.createdAt, now),
    ...(wide ? wideCells(request, now) : []),
  ]);
  return table([...(namespaces ? ['NAMESPACE'] : []), ...titles, ...(wide ? more : [])], rows);
}

function wideCells(request: Request, now: number): string[] {
  const policies = [...new Set((request.status?.policies ?? []).map((p) => p.name))];
  const { stages, next, earliestRelease } = explain(request);
  const waiting = stages.flatMap((s) => s.missing.map((m) => `${m.escalated === true ? 'or ' : ''}${m.count} of ${m.from.join(' or ')}`));
  return [
    policies.join(','),
    waiting.join('; '),
    next === undefined ? '' : relative(next.at, now),
    earliestRelease === undefined ? '' : `not before ${relative(earliestRelease, now)}`,
    request.spec.ticket ?? '',
    request.spec.reason ?? '',
  ];
}

/** The colour in which a request's phase is shown. */
export function phasePaint(request: Request, colours: Palette): (text: string) => string {
  const state = outcome(request);
  return state === 'approved' ? colours.good : state === 'refused' ? colours.bad : colours.pending;
}
