import type { NoticeEvent } from '../../crds/v1alpha1/index.ts';
import { oneLine, printable } from '../core/printable.ts';
import type { Notice, NoticeRequest, NoticeStage } from './contract.ts';

/** A line of what is known: its name and what it is. */
export interface Fact {
  readonly name: string;
  /** As others wrote it, with everything that hides in text spelt out. May have several lines. */
  readonly value: string;
}

const mostValue = 2_000;
const mostRuns = 40;
const mostFacts = 1_500;

const titles: Readonly<Record<NoticeEvent, string>> = {
  StageOpened: 'Approval wanted',
  Reminder: 'Reminder: approval wanted',
  Escalated: 'Escalated: approval wanted',
  Progressed: 'Approval under way',
  Approved: 'Approved',
  Rejected: 'Rejected',
  Expired: 'Expired',
  Cancelled: 'Cancelled',
  Completed: 'Completed',
  Failed: 'Failed',
};

/** What happened, in a word or three. */
export const headline = ({ event }: Pick<Notice, 'event'>): string => titles[event];

/** The notice in one line: `Approval wanted: wire-transfer payments/wire-4711`. */
export const titleOf = (notice: Notice): string =>
  `${headline(notice)}: ${oneLine(notice.request.operation)} ${oneLine(`${notice.request.namespace}/${notice.request.name}`)}`;

/** Shortens text to so many characters, and says so. */
export function shortened(text: string, most: number): string {
  const characters = Array.from(text);
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join('')}…`;
}

/** Whether somebody is still asked for anything. */
export const asks = ({ event }: Pick<Notice, 'event'>): boolean => event === 'StageOpened' || event === 'Reminder' || event === 'Escalated';

/** What is known of the request, for people, the most important first; safe to show as plain text. */
export function factsOf({ request, stage }: Notice): Fact[] {
  const { context } = request;
  const current = request.stages.find(({ name }) => name === stage);
  return [
    fact('Requested by', request.requester),
    fact('Reason', request.reason),
    fact('Ticket', request.ticket),
    fact('Context', context === undefined || Object.keys(context).length === 0 ? undefined : JSON.stringify(context, undefined, 1)),
    fact('Risk', request.risk === undefined ? undefined : `${request.risk} of 100`),
    ...(current === undefined ? request.stages : [current]).map((each) => fact(`Stage ${each.name}`, stageText(each))),
    fact('Decisions', request.decisions.length === 0 ? undefined : request.decisions.map(decisionText).join('\n')),
    fact('Expires', request.expiresAt),
    fact('Status', request.message),
    fact('Digest', request.digest),
  ].filter((each) => each !== undefined);
}

const fact = (name: string, value: string | undefined): Fact | undefined =>
  value === undefined || value === ''
    ? undefined
    : { name: shortened(oneLine(name), mostFacts), value: shortened(printable(value.replace(/\r\n?/g, '\n')), mostValue) };

/** What would run, line by line; safe to show as plain text. */
export function runsOf({ runs }: NoticeRequest): string[] {
  const shown = runs.slice(0, mostRuns).map((line) => shortened(oneLine(line), mostValue));
  return runs.length <= mostRuns ? shown : [...shown, `… and ${runs.length - mostRuns} more lines, on the request's page`];
}

/** `1 of 2 by group finance, until 2026-11-21T12:00:00Z`. */
const stageText = ({ approvals, required, asks: from, deadline, state }: NoticeStage): string =>
  `${approvals} of ${required} approvals${from.length === 0 ? '' : `, by ${from.join('; ')}`}${deadline === undefined ? '' : `, until ${deadline}`} (${state})`;

const decisionText = ({ approver, verdict, reason }: NoticeRequest['decisions'][number]): string =>
  `${verdict} by ${approver}${reason === undefined || reason === '' ? '' : `: ${reason}`}`;
