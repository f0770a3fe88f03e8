import { createHash } from 'node:crypto';
import { z } from 'zod';
import { oneLine } from '../core/printable.ts';
import { isOpen } from '../core/stageStates.ts';
import { isSettled, type Channel, type Delivered, type Means, type Notice, type Reference } from './contract.ts';
import { HttpsUrl } from './fields.ts';
import { isTaken, refusalOf, unreadable } from './refusal.ts';
import { factsOf, runsOf, shortened, titleOf } from './wording.ts';

const Severity = z.enum(['critical', 'error', 'warning', 'info']);

const Config = z.strictObject({
  url: HttpsUrl.default('https://events.pagerduty.com/v2/enqueue').describe(
    'Where events go; https://events.eu.pagerduty.com/v2/enqueue for accounts of the EU region.',
  ),
  severity: Severity.default('warning').describe('How severe a request that waits is.'),
  escalatedSeverity: Severity.default('critical').describe('How severe it is once a stage has escalated.'),
});
type Config = z.infer<typeof Config>;

const known = ['events.pagerduty.com', 'events.eu.pagerduty.com'];
const mostSummary = 1024;

/**
 * An alert for each stage that opens and one more when it escalates, acknowledged by the first approval and resolved when nobody is asked any more.
 *
 * Written by https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ (the event, its `dedup_key` of at most 255 characters, `payload.summary` of at
 * most 1024) and https://developer.pagerduty.com/docs/events-api-v2/overview/ (202 for what is taken; 429 and 5xx are tried again; 512 KB at most). One alert
 * for the whole request would not do: an incident that is acknowledged notifies nobody of a later trigger with its key, so the people of the next stage, or
 * those whom it escalates to, would hear nothing; nor would anybody who is asked anew because what they were asked for has changed.
 */
export const pagerDuty: Channel<Config> = {
  type: 'PagerDuty',
  config: Config,
  secretKeys: [{ name: 'routingKey', required: true, description: 'The integration key of an Events API v2 integration: 32 characters.' }],
  tells: () => 'Place',
  deliver: (notice, means) => enqueue(notice, isSettled(notice) ? 'resolve' : 'trigger', alertOf(notice), means),
  update: (notice, reference, means) => {
    const action = newsFor(notice, reference);
    return action === undefined ? Promise.resolve({ ok: true, reference }) : enqueue(notice, action, reference, means);
  },
};

type Action = 'trigger' | 'acknowledge' | 'resolve';

/** Which alert a notice is about: the same event twice changes nothing. */
function alertOf({ event, stage = '', stageId = '', request: { uid, digest } }: Notice): Reference {
  // Two policies may each have a stage of that name.
  const what = createHash('sha256')
    .update(JSON.stringify([digest, stageId]))
    .digest('hex')
    .slice(0, 16);
  return { dedupKey: [uid, stage, what, ...(event === 'Escalated' ? ['escalated'] : [])].join('/'), stage, stageId, digest };
}

/** What becomes of the alert of a stage; undefined for nothing: what somebody said was about another stage. */
function newsFor(notice: Notice, { stage, stageId, digest = notice.request.digest }: Reference): Action | undefined {
  // Nobody is asked about what it was before.
  if (isSettled(notice) || digest !== notice.request.digest) return 'resolve';
  // An alert of an earlier version knows its stage by name alone.
  const own = notice.request.stages.filter(({ id, name }) => (stageId === undefined ? name === stage : id === stageId));
  if (own.length === 0) return 'acknowledge';
  if (!own.some(isOpen)) return 'resolve';
  return own.some(({ approvals }) => approvals > 0) ? 'acknowledge' : undefined;
}

async function enqueue(notice: Notice, action: Action, alert: Reference, { config, secret, outside }: Means<Config>): Promise<Delivered> {
  const answer = await outside.call({
    method: 'POST',
    url: config.url,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      routing_key: secret['routingKey'],
      event_action: action,
      dedup_key: alert['dedupKey'],
      ...(action === 'trigger' ? triggerOf(notice, config) : {}),
    }),
    known,
  });
  if (!isTaken(answer)) return refusalOf('PagerDuty', answer);
  // Whatever else says 2xx is not PagerDuty.
  return answer.status === 202 ? { ok: true, reference: alert } : unreadable('PagerDuty');
}

function triggerOf(notice: Notice, config: Config) {
  const { request } = notice;
  return {
    payload: {
      summary: shortened(titleOf(notice), mostSummary),
      source: `kubernetes namespace ${oneLine(request.namespace)}`,
      severity: notice.event === 'Escalated' ? config.escalatedSeverity : config.severity,
      timestamp: new Date(notice.at).toISOString(),
      component: oneLine(request.name),
      group: oneLine(request.namespace),
      class: oneLine(request.operation),
      custom_details: Object.fromEntries([
        ...factsOf(notice).map(({ name, value }) => [name, value]),
        ['What would run', runsOf(request).join('\n')],
      ]) as Record<string, string>,
    },
    links: [{ href: request.url, text: 'The request' }],
    client: 'Countersign',
    client_url: request.url,
  };
}
