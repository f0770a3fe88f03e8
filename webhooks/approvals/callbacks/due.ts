import type { Callback } from '../../../crds/v1alpha1/index.ts';
import type { KnownExecution } from '../executions.ts';
import { newsOf } from '../notices/news.ts';
import { tooOldMs } from '../notices/due.ts';
import { isSettled, type KnownRequest } from '../requests.ts';
import type { NewDelivery } from '../store/outbox.ts';
import { callbackBody, type CallbackEvent } from './message.ts';
import type { CallbackPayload } from './payload.ts';

/** The callbacks that are owed for a request as it stands: once when it is settled, and once when what was approved has ended. */
export function callbacksDue(request: KnownRequest, execution: KnownExecution | undefined, now: number): NewDelivery[] {
  const { callback } = request.spec;
  if (callback === undefined || !isSettled(request)) return [];
  const news = newsOf(request);
  const settled = news[0];
  const ended = news.find(({ event }) => event === 'Completed' || event === 'Failed');
  const due: [CallbackEvent, number][] = [];
  if (settled !== undefined) due.push(['Settled', settled.at]);
  if (ended !== undefined && hasOutputs(request, execution)) due.push(['Completed', ended.at]);
  return due.filter(([, at]) => at > now - tooOldMs).map(([event, at]) => callbackOf(event, at, request, execution, callback));
}

/** What a GovernedJob put out is known a little later than that its Job has ended. */
const hasOutputs = ({ spec }: KnownRequest, execution: KnownExecution | undefined): boolean =>
  spec.subject.resource?.kind !== 'GovernedJob' || execution === undefined || execution.status?.completedAt !== undefined;

function callbackOf(
  event: CallbackEvent,
  at: number,
  request: KnownRequest,
  execution: KnownExecution | undefined,
  { url, secretRef }: Callback,
): NewDelivery {
  const { uid, namespace, name, author } = request;
  const payload: CallbackPayload = {
    url,
    ...(author === undefined ? {} : { author: { username: author.username, groups: [...author.groups] } }),
    body: callbackBody(event, at, request, event === 'Completed' ? execution : undefined),
    ...(secretRef === undefined ? {} : { secretRef }),
  };
  return {
    key: `${uid}/${event}/callback`,
    kind: 'Callback',
    namespace,
    request: name,
    requestUid: uid,
    event,
    // Of its own namespace: whoever names another's server, and has it fail, must not hold up what others are told there.
    target: `${namespace} ${URL.canParse(url) ? new URL(url).origin : 'nowhere'}`,
    recipient: null,
    payload,
  };
}
