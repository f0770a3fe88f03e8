import type { Precedent } from '../cluster/history.ts';
import type { Subject } from '../cluster/subject.ts';
import { age, instant, relative } from '../output/age.ts';
import { yaml } from '../output/yaml.ts';
import type { Palette } from '../output/palette.ts';
import { oneLine } from '../../operator/core/printable.ts';
import { table } from '../output/table.ts';
import { conditionOf, isSettled, phaseText, requesterText, subjectText, type Request } from '../request.ts';
import { comparable } from './comparable.ts';
import { differences } from './diff.ts';
import { phasePaint } from './listing.ts';
import { renderTimeline, timeline } from './timeline.ts';
import { answerLines, questionLines } from './questions.ts';
import { covered, images, notCovered, podSpecOf } from '../../operator/core/uncovered.ts';
import { explain } from './why.ts';
import { riskText, stageText } from './whyText.ts';
import { byText } from './notes.ts';
import type { Delegated } from './deputies.ts';

/** Everything that describe shows. */
export interface Described {
  readonly request: Request;
  readonly subject: Subject;
  /** Why the digest cannot be trusted to be of what is shown; absent when it is. */
  readonly doubt: string | undefined;
  readonly precedent: Precedent;
  /** Who may decide in whose stead. */
  readonly delegated: Delegated;
}

/** A request with all that an approver should see before deciding. Pure. */
export function description(described: Described, now: number, colours: Palette): string {
  const section = (title: string, body: string): string => (body === '' ? '' : `\n${colours.strong(`${title}:`)}\n${indent(body)}`);
  const { request, subject } = described;
  const explanation = explain(request, described.delegated);
  return (
    head(described, now, colours) +
    section('Stages', explanation.stages.map((stage) => stageText(stage, now, colours)).join('')) +
    section('Context', request.stored.spec.context === undefined ? '' : yaml(request.stored.spec.context)) +
    section('What would run', subject.documents.map(yaml).join('---\n')) +
    section('Images', imageLines(subject)) +
    section('Questions', questionLines(request)) +
    section('Covered by the digest as well', bullets(coveredLines(described))) +
    section('Not covered by the digest', bullets(notCovered({ spec: request.stored.spec, pins: request.status?.pins }, subject))) +
    section('Compared with the last approved run', comparison(described, now, colours)) +
    section('Decisions', decisionTable(request)) +
    section('Answers', answerLines(request)) +
    section('Timeline', renderTimeline(timeline(request, subject.createdAt), colours)) +
    section('Conditions', conditionTable(request, now)) +
    section('Notes', bullets(explanation.notes))
  );
}

/** What a policy has pinned; of what this user may not read, that nobody looked at it here. */
const coveredLines = ({ request, subject }: Described): string[] => {
  const unread = subject.pins?.unread ?? [];
  return covered(request.status?.pins).map((line) =>
    unread.some((name) => line.startsWith(`${name}: `)) ? `${line} (not checked here: you may not read it)` : line,
  );
};

const indent = (text: string): string => text.replace(/^(?=.)/gm, '  ');

const bullets = (lines: readonly string[]): string => lines.map((line) => `- ${oneLine(line)}\n`).join('');

function head({ request, subject, doubt }: Described, now: number, colours: Palette): string {
  const { spec, status } = request;
  const { groups = [], submittedBy } = status?.requester ?? {};
  const { resource, external } = spec.subject;
  const uid = resource?.uid === undefined ? '' : ` (uid ${resource.uid})`;
  const facts: [string, string | undefined][] = [
    ['Name', colours.strong(request.name)],
    ['Namespace', request.namespace],
    ['Phase', phasePaint(request, colours)(phaseText(request))],
    ['Why', explain(request).headline],
    ['Operation', spec.operation],
    [
      'Requester',
      `${requesterText(request)}${submittedBy === undefined ? '' : `, by way of ${submittedBy}`}${groups.length === 0 ? '' : ` (${groups.join(', ')})`}, ${age(request.createdAt, now)} ago`,
    ],
    ['Reason', spec.reason],
    ['Ticket', spec.ticket],
    ['Subject', `${subjectText(request)}${uid}${subject.access === 'gone' ? ', which does not exist any more' : ''}`],
    ['URL', external?.url],
    ['Releases', request.governs ? 'the held work, once approved' : 'nothing: a record of a yes or no'],
    ['Digest', status?.subjectDigest ?? '<none>'],
    ['', doubt === undefined ? colours.good('computed anew from what is shown here: the same') : colours.bad(oneLine(doubt))],
    ['Policies', policiesText(request)],
    ['Risk', status?.risk === undefined ? undefined : riskText(status.risk)],
    ['Expires', expiryText(request, now)],
    ['Next', nextText(request, now)],
    ['Release', releaseText(request, now)],
  ];
  return facts
    .flatMap(([title, text]) => (text === undefined ? [] : [`${(title === '' ? '' : `${title}:`).padEnd(12)}${text}\n`]))
    .join('');
}

const policiesText = (request: Request): string => {
  const names = (request.status?.policies ?? []).map(
    (p) =>
      `${p.kind} ${p.namespace === undefined ? '' : `${p.namespace}/`}${p.name} (generation ${p.generation}${p.asSubmitted ? '' : ', as it is now'})`,
  );
  return names.length === 0 ? '<none>' : names.join(', ');
};

const expiryText = (request: Request, now: number): string | undefined => {
  const at = request.status?.expiresAt;
  return at === undefined || isSettled(request) ? undefined : `${relative(at, now)} (${instant(at)})`;
};

function nextText(request: Request, now: number): string | undefined {
  const { next } = explain(request);
  return next === undefined || next.at === request.status?.expiresAt
    ? undefined
    : `${relative(next.at, now)} (${instant(next.at)}): ${next.what}`;
}

function releaseText(request: Request, now: number): string | undefined {
  const { earliestRelease } = explain(request);
  return earliestRelease === undefined ? undefined : `not before ${instant(earliestRelease)} (${relative(earliestRelease, now)})`;
}

function imageLines({ jobSpec }: Subject): string {
  if (jobSpec === undefined) return '';
  return images(podSpecOf(jobSpec))
    .map((i) => oneLine(`${i.container}: ${i.image}${i.pinned ? '' : '  (by tag)'}`) + '\n')
    .join('');
}

function comparison({ request, subject, precedent }: Described, now: number, colours: Palette): string {
  if (subject.access !== 'outside' && subject.jobSpec === undefined) return '';
  switch (precedent.kind) {
    case 'none':
      return 'Nothing like it was approved before.\n';
    case 'forbidden':
      return 'You may not list requests in this namespace, so there is nothing to compare it with.\n';
    case 'gone':
      return `${precedent.request.name} was approved ${approvedAgo(precedent.request, now)}, but what ran is not stored any more as it was approved, or you may not read it.\n`;
    case 'found': {
      const diff = differences(comparable(precedent.request, precedent.subject), comparable(request, subject), colours);
      const skipped =
        precedent.skipped === 0
          ? ''
          : ` (what ran in ${precedent.skipped} later ones is not stored any more as it was approved, or you may not read it)`;
      const which = `${precedent.request.name}, approved ${approvedAgo(precedent.request, now)}${skipped}`;
      return diff === '' ? `The same as ${which}.\n` : `Differs from ${which}:\n${diff}`;
    }
  }
}

const approvedAgo = (request: Request, now: number): string =>
  relative(conditionOf(request, 'Approved')?.lastTransitionTime ?? request.createdAt, now);

function decisionTable(request: Request): string {
  const decisions = request.status?.decisions ?? [];
  if (decisions.length === 0) return '';
  const rows = decisions.map((d) => [
    instant(d.time),
    d.verdict,
    byText(d),
    d.via,
    d.counted ? 'yes' : `no: ${d.ignoredBecause ?? 'unknown'}`,
    d.ticket ?? '',
    d.reason ?? '',
  ]);
  return table(['TIME', 'VERDICT', 'BY', 'VIA', 'COUNTS', 'TICKET', 'REASON'], rows);
}

function conditionTable(request: Request, now: number): string {
  const conditions = request.status?.conditions ?? [];
  if (conditions.length === 0) return '';
  const rows = conditions.map((c) => [c.type, c.status, c.reason, age(c.lastTransitionTime, now), c.message]);
  return table(['TYPE', 'STATUS', 'REASON', 'AGE', 'MESSAGE'], rows);
}
