import { z } from 'zod';
import { approvalRequests, group, JsonObject } from '../../../../crds/v1alpha1/index.ts';
import type { Caller } from '../../callers/caller.ts';
import { linkToNext } from '../../http/nextPage.ts';
import { Problem } from '../../http/problem.ts';
import { route, type Route } from '../../http/route.ts';
import { appendAudit, listAudit, type AuditEntry } from '../../store/auditEntries.ts';
import { digitsUpTo } from '../requestList.ts';
import type { AliasDeps } from './deps.ts';

const tag = 'Compatibility';
const name = z.string().min(1).max(200);

/** It is kept for long. */
const mostDetailsBytes = 16 << 10;
/** Of the largest entries, so many are still an answer of a reasonable size. */
const mostRows = 100;

const Details = JsonObject.refine((details) => Buffer.byteLength(JSON.stringify(details)) <= mostDetailsBytes, {
  error: `has more than ${mostDetailsBytes} bytes as JSON, which is the most that is kept; hand in less, such as where the rest is`,
});

const AuditLog = z
  .object({
    id: z.string(),
    entity: z.string(),
    entity_id: z.string(),
    action: z.string(),
    user_id: z.string().describe('Who handed it in, as the service knows them.'),
    details: z.unknown(),
    timestamp: z.string(),
  })
  .meta({ id: 'AuditLog', description: 'What another system handed in to be kept.' });

/** What other systems hand in to be kept. The record of what was decided is in the cluster, and nobody can add to it here. */
export const auditLogAliases = (deps: AliasDeps): Route[] => [appendAlias(deps), listAlias(deps)];

/** No object of the API server: a name under which RBAC says who may hand something in. Entries are of no namespace, so it is granted by a ClusterRoleBinding. */
const handIn = { verb: 'create', group, resource: 'auditentries' };

const appendAlias = ({ store, client, permissions }: AliasDeps): Route =>
  route({
    method: 'post',
    path: '/auditLogs',
    tag,
    access: 'caller',
    decides: true,
    idempotent: true,
    summary: 'Keeps an entry of another system, in the name of the caller.',
    description:
      'For whoever may create auditentries in the group countersign.dev: the ClusterRole countersign-audit-writer, by a ClusterRoleBinding.',
    body: z.strictObject({
      entity: name,
      entity_id: name,
      action: name,
      details: Details.optional().describe('Any JSON object of at most 16 KiB.'),
    }),
    answers: { 201: { description: 'It is kept.', schema: AuditLog } },
    handle: async ({ caller, body: { entity, entity_id, action, details = {} } }) => {
      await mayHandIn(permissions, caller);
      const entry = { at: client.now(), actor: caller.username, action, resource: JSON.stringify([entity, entity_id]), details };
      const [id = 0] = await appendAudit(store, [entry]);
      return { status: 201, body: view({ id, ...entry }) };
    },
  });

/** @throws Problem 403 */
async function mayHandIn(permissions: AliasDeps['permissions'], caller: Caller): Promise<void> {
  if (await permissions.may(caller, handIn)) return;
  throw new Problem(
    403,
    'forbidden',
    `${caller.username} may not hand in entries: expected the verb create on auditentries in the group ${group}, in all namespaces; ask for the ClusterRole countersign-audit-writer.`,
  );
}

const listAlias = ({ store, permissions }: AliasDeps): Route =>
  route({
    method: 'get',
    path: '/auditLogs',
    tag,
    access: 'caller',
    summary: 'Entries that other systems handed in, newest first.',
    description:
      "Those of the caller; whoever may list approvalrequests in all namespaces sees everybody's. The header Link leads to the next page.",
    query: z.strictObject({
      limit: digitsUpTo(mostRows).optional().describe(`How many at most; ${mostRows} when left out.`),
      after: z
        .string()
        .regex(/^[0-9]{1,15}$/, 'expected the id of the last entry of the page before')
        .transform(Number)
        .optional(),
    }),
    answers: { 200: { description: 'A page of them.', schema: z.array(AuditLog) } },
    handle: async ({ caller, query: { limit = mostRows, after } }) => {
      const everybody = await permissions.may(caller, { verb: 'list', group, resource: approvalRequests.plural });
      const { entries, next } = await listAudit(store, everybody ? {} : { actor: caller.username }, { limit, after });
      const headers = linkToNext('/auditLogs', next === undefined ? undefined : { limit, after: next });
      return { status: 200, body: entries.map(view), headers };
    },
  });

function view({ id, at, actor, action, resource, details }: AuditEntry): z.infer<typeof AuditLog> {
  const [entity, entity_id] = JSON.parse(resource) as [string, string];
  return { id: String(id), entity, entity_id, action, user_id: actor, details, timestamp: new Date(at).toISOString() };
}
