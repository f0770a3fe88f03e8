import { z } from 'zod';
import { oneLine } from '../core/printable.ts';
import { isSettled, type Channel, type Delivered, type Means, type Notice } from './contract.ts';
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
// https://developer.pagerduty.com/docs/events-api-v2/trigger-events/
const mostSummary = 1024;

/** An alert for each request, acknowledged by the first decision and resolved by the outcome. */
export const pagerDuty: Channel<Config> = {
  type: 'PagerDuty',
  config: Config,
  secretKeys: [{ name: 'routingKey', required: true, description: 'The integration key of an Events API v2 integration: 32 characters.' }],
  tells: () => 'Place',
  deliver: (notice, means) => enqueue(notice, means),
  update: (notice, _reference, means) => enqueue(notice, means),
};

const actionOf = (notice: Notice): 'trigger' | 'acknowledge' | 'resolve' =>
  isSettled(notice) ? 'resolve' : notice.event === 'Progressed' ? 'acknowledge' : 'trigger';

async function enqueue(notice: Notice, { config, secret, outside }: Means<Config>): Promise<Delivered> {
  // All about one request is one alert; the same event twice changes nothing.
  const dedupKey = notice.request.uid;
  const action = actionOf(notice);
  const answer = await outside.call({
    method: 'POST',
    url: config.url,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      routing_key: secret['routingKey'],
      event_action: action,
      dedup_key: dedupKey,
      ...(action === 'trigger' ? triggerOf(notice, config) : {}),
    }),
    known,
  });
  if (!isTaken(answer)) return refusalOf('PagerDuty', answer);
  // Whatever else says 2xx is not PagerDuty.
  return answer.status === 202 ? { ok: true, reference: { dedupKey } } : unreadable('PagerDuty');
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
