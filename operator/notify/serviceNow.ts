import { z } from 'zod';
import { NoticeEvent } from '../../crds/v1alpha1/index.ts';
import type { Channel, Delivered, HttpAnswer, HttpCall, Means, Notice } from './contract.ts';
import { HttpsUrl } from './fields.ts';
import { isTaken, jsonOf, refusalOf, unreadable } from './refusal.ts';
import { factsOf, headline, runsOf, shortened, titleOf } from './wording.ts';

const FieldName = z.string().regex(/^[a-z][a-z0-9_]{0,79}$/, 'expected the name of a column, such as assignment_group');
const Fields = z.record(FieldName, z.string().max(4000));

const Config = z.strictObject({
  instance: HttpsUrl.describe('The instance, such as https://example.service-now.com.'),
  table: FieldName.default('change_request').describe('The table that records are made in.'),
  fields: Fields.default({ type: 'normal' }).describe(
    'Further columns of a new record, such as assignment_group. Values are as ServiceNow stores them: a group by its sys_id.',
  ),
  updates: z
    .partialRecord(NoticeEvent, Fields)
    .default({})
    .describe('Columns to set by event when the record is updated, such as {Approved: {state: "-1"}}. A work note is always added.'),
});
type Config = z.infer<typeof Config>;

const known = ['*.service-now.com', '*.servicenowservices.com'];
const mostShortDescription = 160;
const mostText = 4000;

/**
 * A record for each request, mostly a change; updated when it is decided.
 *
 * Written by https://www.servicenow.com/docs/r/api-reference/rest-apis/c_TableAPI.html, version 2 of it by name: a query that finds nothing is answered with an
 * empty list there, with 404 in version 1 (https://support.servicenow.com/kb?id=kb_article_view&sysparm_article=KB0551763). Columns are set by the values that
 * are stored (`sysparm_input_display_value` left out), as `state: "-1"` would be none that is displayed.
 */
export const serviceNow: Channel<Config> = {
  type: 'ServiceNow',
  config: Config,
  secretKeys: [
    { name: 'token', required: false, description: 'An OAuth access token. Without it, username and password are needed.' },
    { name: 'username', required: false, description: 'A user that may read, create and update records of the table.' },
    { name: 'password', required: false, description: 'The password of that user.' },
  ],
  tells: () => 'Place',
  deliver: async (notice, means) => {
    const fault = secretFault(means.secret) ?? uidFault(notice);
    if (fault !== undefined) return { ok: false, final: true, message: `Not sent: ${fault}.` };
    // An earlier attempt, or another stage of the same request, may have made the record.
    const { uid } = notice.request;
    const query = `sysparm_query=correlation_id%3D${uid}&sysparm_limit=1`;
    const found = await recordOf(means, { method: 'GET', url: tableUrl(means.config, '', query) });
    if ('failed' in found) return found.failed;
    if (found.record === undefined) return create(notice, means);
    // A condition on a column that the table has not, or that the user may not read, is left out of a query, and any record is found.
    return found.record.correlation_id === uid ? change(notice, found.record.sys_id, means) : uncorrelated(means.config);
  },
  update: (notice, { sysId = '' }, means) => change(notice, sysId, means),
};

const uncorrelated = ({ table }: Config): Delivered => ({
  ok: false,
  final: true,
  message: `Not sent: the column correlation_id of table ${table} is not there or may not be read, so no record can be found again; look at table in config and at the access rules.`,
});

function secretFault(secret: Means['secret']): string | undefined {
  const complete = secret['token'] !== undefined || (secret['username'] !== undefined && secret['password'] !== undefined);
  return complete ? undefined : 'the Secret has neither token nor both of username and password';
}

/** A uid is part of a query, in which `^` has a meaning. */
const uidFault = ({ request: { uid } }: Notice): string | undefined =>
  /^[A-Za-z0-9-]{1,64}$/.test(uid) ? undefined : 'the uid of the request has characters that no uid has';

async function create(notice: Notice, means: Means<Config>): Promise<Delivered> {
  const { request } = notice;
  const made = await recordOf(means, {
    method: 'POST',
    url: tableUrl(means.config, ''),
    body: JSON.stringify({
      ...means.config.fields,
      short_description: shortened(titleOf(notice), mostShortDescription),
      description: shortened(textOf(notice), mostText),
      correlation_id: request.uid,
      correlation_display: 'Countersign',
    }),
  });
  if ('failed' in made) return made.failed;
  return made.record === undefined ? unreadable('ServiceNow') : { ok: true, reference: { sysId: made.record.sys_id } };
}

async function change(notice: Notice, sysId: string, means: Means<Config>): Promise<Delivered> {
  if (!sysIdPattern.test(sysId)) return unreadable('ServiceNow');
  const changed = await recordOf(means, {
    method: 'PATCH',
    url: tableUrl(means.config, `/${sysId}`),
    body: JSON.stringify({
      ...means.config.updates[notice.event],
      work_notes: shortened(`${headline(notice)}\n\n${textOf(notice)}`, mostText),
    }),
  });
  return 'failed' in changed ? changed.failed : { ok: true, reference: { sysId } };
}

const textOf = (notice: Notice): string =>
  [
    ...factsOf(notice).map(({ name, value }) => `${name}: ${value.split('\n').join('\n    ')}`),
    `Request: ${notice.request.url}`,
    'What would run:',
    ...runsOf(notice.request).map((line) => `    ${line}`),
  ].join('\n');

const tableUrl = ({ instance, table }: Config, path: string, query?: string): string =>
  `${instance.replace(/\/+$/, '')}/api/now/v2/table/${table}${path}?sysparm_fields=sys_id,correlation_id${query === undefined ? '' : `&${query}`}`;

const sysIdPattern = /^[0-9a-f]{32}$/;
const FoundRecord = z.object({ sys_id: z.string().regex(sysIdPattern), correlation_id: z.string().optional() });
const Answer = z.object({ result: z.union([FoundRecord, z.array(FoundRecord).max(1)]) });

/** Calls the Table API, and reads which record it answered with; none when there is none. */
async function recordOf(
  { secret, outside }: Means<Config>,
  call: Pick<HttpCall, 'method' | 'url' | 'body'>,
): Promise<{ readonly record: z.infer<typeof FoundRecord> | undefined } | { readonly failed: Delivered }> {
  const authorization =
    secret['token'] === undefined
      ? `Basic ${Buffer.from(`${secret['username'] ?? ''}:${secret['password'] ?? ''}`).toString('base64')}`
      : `Bearer ${secret['token']}`;
  const headers = { accept: 'application/json', 'content-type': 'application/json', authorization };
  const answer: HttpAnswer = await outside.call({ ...call, headers, known });
  if (!isTaken(answer)) return { failed: refusalOf('ServiceNow', answer) };
  const parsed = Answer.safeParse(jsonOf(answer.body));
  if (!parsed.success) return { failed: unreadable('ServiceNow') };
  const { result } = parsed.data;
  return { record: Array.isArray(result) ? result[0] : result };
}
