import type { DecisionRecord, ResolvedStage } from '../../../crds/v1alpha1/index.ts';
import { describeFrom } from '../../../operator/core/explain.ts';
import { containersOf, podSpecOf, type Container } from '../../../operator/core/podSpec.ts';
import { present } from '../../../operator/core/present.ts';
import type { NoticeRequest, NoticeStage } from '../../../operator/notify/contract.ts';
import type { SubjectSeen } from '../pages/subject.ts';
import type { KnownRequest } from '../requests.ts';
import { stageId } from './due.ts';

const mostDecisions = 10;

/** A request as people are told of it. `subject` as whoever is told may see it; absent where many are. */
export function noticeRequest(request: KnownRequest, origin: string, subject: SubjectSeen | undefined): NoticeRequest {
  const { uid, namespace, name, requester, spec, status } = request;
  const { operation, reason, ticket, context } = spec;
  return {
    uid,
    namespace,
    name,
    operation,
    digest: status?.subjectDigest ?? '',
    phase: status?.phase ?? 'New',
    requester: requester.username,
    stages: (status?.stages ?? []).filter(({ state }) => state !== 'Skipped').map(noticeStage),
    decisions: (status?.decisions ?? []).filter(isTold).slice(-mostDecisions).map(decisionOf),
    runs: runsOf(request, subject),
    message: status?.conditions.find(({ type }) => type === 'Approved')?.message ?? '',
    url: pageOf(request, origin),
    ...present({ reason, ticket, context, risk: status?.risk?.score, expiresAt: status?.expiresAt }),
  };
}

/** The page of a request. */
export const pageOf = ({ uid }: Pick<KnownRequest, 'uid'>, origin: string): string => `${origin}/requests/${uid}`;

const isTold = ({ counted, verdict }: DecisionRecord): boolean => counted || verdict === 'Comment';

const decisionOf = ({ approver, onBehalfOf, verdict, reason }: DecisionRecord) => ({
  approver: onBehalfOf === undefined ? approver : `${approver}, for ${onBehalfOf}`,
  verdict,
  ...present({ reason }),
});

function noticeStage(stage: ResolvedStage): NoticeStage {
  const { name, state, approvals, required, require, escalation, deadline } = stage;
  const lists = state === 'Escalated' && escalation !== undefined ? [...require, escalation] : require;
  return { id: stageId(stage), name, state, approvals, required, asks: [...new Set(lists.map(describeFrom))], ...present({ deadline }) };
}

interface Runs extends Container {
  readonly command?: readonly string[];
  readonly args?: readonly string[];
}

function runsOf({ namespace, spec: { subject: about } }: KnownRequest, subject: SubjectSeen | undefined): string[] {
  const { external, resource } = about;
  if (external !== undefined) return [`${external.system} ${external.id}`, ...(external.url === undefined ? [] : [external.url])];
  const title = `${resource?.kind ?? 'Job'} ${namespace}/${resource?.name ?? ''}`;
  switch (subject?.access) {
    case 'read':
      return [title, ...containersOf(podSpecOf(subject.jobSpec)).flatMap((container) => linesOf(container as Runs))];
    case 'gone':
      return [`${title}, which does not exist any more`];
    case 'forbidden':
      return [`${title}, which you may not read`];
    default:
      return [title];
  }
}

const linesOf = ({ name, image, command, args }: Runs): string[] => [
  `container ${name}: ${image ?? 'no image'}`,
  ...wordsLine('command', command),
  ...wordsLine('arguments', args),
];

const wordsLine = (what: string, words: unknown): string[] =>
  Array.isArray(words) && words.length > 0 ? [`  ${what}: ${JSON.stringify(words)}`] : [];
