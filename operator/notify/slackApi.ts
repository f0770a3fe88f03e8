import { z } from 'zod';
import type { Outside, Refused } from './contract.ts';
import { isTaken, jsonOf, refusalOf, unreadable } from './refusal.ts';

/** With what Slack is called. */
export interface SlackAccess {
  readonly apiUrl: string;
  readonly token: string;
  readonly outside: Outside;
}

/** Hosts of Slack itself. */
export const slackHosts = ['slack.com', 'slack-gov.com', 'hooks.slack.com', 'hooks.slack-gov.com'];

const Answer = z.looseObject({ ok: z.boolean(), error: z.string().optional() });

/** What passes, by https://docs.slack.dev/reference/methods/chat.postMessage, errors: too much, broken, cut off, and a workspace that is being moved. */
const passing = [
  ...['ratelimited', 'rate_limited', 'internal_error', 'fatal_error', 'service_unavailable', 'request_timeout'],
  ...['team_added_to_org', 'org_login_required'],
];

/** Methods that take a form and no JSON: https://docs.slack.dev/reference/methods/users.info, content types. */
const takesForm = (method: string): boolean => method.startsWith('users.');

/** Calls a method of the Web API. An answer with `ok: false` is a refusal like any other, whatever its status. */
export async function slackApi(
  method: string,
  body: Readonly<Record<string, unknown>>,
  { apiUrl, token, outside }: SlackAccess,
): Promise<{ readonly ok: true; readonly answer: Readonly<Record<string, unknown>> } | Refused> {
  const answer = await outside.call({
    method: 'POST',
    url: `${apiUrl.replace(/\/+$/, '')}/${method}`,
    headers: {
      'content-type': takesForm(method) ? 'application/x-www-form-urlencoded' : 'application/json; charset=utf-8',
      authorization: `Bearer ${token}`,
    },
    body: takesForm(method) ? new URLSearchParams(body as Record<string, string>).toString() : JSON.stringify(body),
    known: slackHosts,
  });
  if (!isTaken(answer)) return refusalOf('Slack', answer);
  const parsed = Answer.safeParse(jsonOf(answer.body));
  if (!parsed.success) return unreadable('Slack');
  if (parsed.data.ok) return { ok: true, answer: parsed.data };
  const { error = '' } = parsed.data;
  // A word of Slack's own; anything else is not repeated.
  const word = /^[a-z_]{1,64}$/.test(error) ? error : 'an unknown error';
  return { ok: false, final: !passing.includes(error), message: `Slack refused ${method}: ${word}.` };
}
