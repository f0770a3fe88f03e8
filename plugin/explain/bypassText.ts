import { age } from '../output/age.ts';
import type { Palette } from '../output/palette.ts';
import { oneLine } from '../../operator/core/printable.ts';
import { table } from '../output/table.ts';
import type { Bypass, Evader, Finding } from './bypass.ts';
import type { Severity } from './bypassPowers.ts';
import type { Opening, RanWithoutRelease } from './bypassWork.ts';

export interface BypassTextOptions {
  readonly now: number;
  /** Name also what belongs to Kubernetes and to Countersign. */
  readonly all: boolean;
  readonly colours: Palette;
}

/** Who and what could get past, for people: worst first, each with what to do. Pure. */
export function bypassText({ findings, openings, unreleased }: Bypass, { now, all, colours }: BypassTextOptions): string {
  const named = findings.filter((f) => f.who.length > 0);
  const folded = findings.reduce((sum, f) => sum + f.folded, 0);
  const parts = [
    ran(
      unreleased.filter((r) => all || !r.older),
      now,
      colours,
    ),
    named.map((finding) => findingText(finding, colours)).join('\n'),
    namespaces(
      openings.filter((o) => all || o.message !== 'of Kubernetes itself'),
      colours,
    ),
    folded === 0
      ? ''
      : `Left out: ${folded} ${folded === 1 ? 'right' : 'rights'} of Kubernetes' own components and of Countersign itself (--all names them).\n`,
  ].filter((part) => part !== '');
  const nothing = named.length === 0 && parts.length === 0;
  return nothing ? `${colours.good('Nobody but Kubernetes and Countersign themselves could get past.')}\n` : parts.join('\n');
}

const paints: Readonly<Record<Severity, keyof Palette>> = { critical: 'bad', high: 'bad', medium: 'pending', low: 'faint' };

function findingText({ severity, title, why, todo, who }: Finding, colours: Palette): string {
  const head = `${colours[paints[severity]](severity.toUpperCase())}  ${colours.strong(`${who.length} may ${title}`)}\n`;
  const rows = who.map((evader) => [evader.kind, oneLine(evader.name), places(evader), oneLine(evader.via.join('; '))]);
  const list = table(['KIND', 'NAME', 'WHERE', 'BY'], rows);
  return `${head}  ${why}\n${list.replace(/^(?=.)/gm, '    ')}  What to do: ${todo}\n`;
}

const most = 4;

function places({ where }: Evader): string {
  const more = where.length - most;
  return where.slice(0, most).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function ran(jobs: readonly RanWithoutRelease[], now: number, colours: Palette): string {
  if (jobs.length === 0) return '';
  const rows = jobs.map((r) => [r.namespace, r.name, `${age(r.startedAt, now)} ago`, r.policies.join(', '), oneLine(r.message)]);
  const count = `${jobs.length} ${jobs.length === 1 ? 'Job' : 'Jobs'} that policies govern ran without a release`;
  return (
    `${colours.bad('RAN')}  ${colours.strong(count)}\n` +
    table(['NAMESPACE', 'JOB', 'STARTED', 'POLICIES', 'HOW'], rows).replace(/^(?=.)/gm, '    ') +
    '  What to do: look in the audit log who created them and who wrote admission objects or these Jobs about then.\n'
  );
}

function namespaces(openings: readonly Opening[], colours: Palette): string {
  if (openings.length === 0) return '';
  const rows = openings.map((o) => [o.namespace, o.kind, o.message]);
  const count = `${openings.length} ${openings.length === 1 ? 'namespace lets' : 'namespaces let'} Jobs run that nobody is asked about`;
  return (
    `${colours.pending('OPEN')}  ${colours.strong(count)}\n` +
    table(['NAMESPACE', 'GUARDED', 'WHY'], rows).replace(/^(?=.)/gm, '    ') +
    '  What to do: if work there needs approval, write an ApprovalPolicy there or a ClusterApprovalPolicy that selects it.\n'
  );
}
