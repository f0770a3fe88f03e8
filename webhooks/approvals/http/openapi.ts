import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiResponsesObject } from 'zod-openapi';
import { defaultMaxBodyBytes } from './body.ts';
import type { Described, Route } from './route.ts';

const ProblemView = z
  .object({
    type: z.string().describe('A URI that names the kind of problem; its last part is a stable word.'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('For people: what was wrong, what was expected, what to do.'),
    instance: z.string().optional().describe('Names this occurrence; the log of the service knows it by that name.'),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .describe('The fields that were wrong.'),
  })
  .meta({ id: 'Problem', description: 'Why a call did not succeed: problem details as RFC 9457 has them.' });

const problemBody = { 'application/problem+json': { schema: ProblemView } };
const pageBody = { 'text/html': { schema: z.string() } };

/** A browser is told of a problem by a page, and so is whoever sends a form that has to be filled in anew. */
const problem = (description: string, { page }: Route) => ({
  description,
  content: page === true ? { ...problemBody, ...pageBody } : problemBody,
});

const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/)
  .optional()
  .describe('Makes the call safe to repeat: the same key with the same body answers the same, and nothing is written twice.');
const prefer = z
  .string()
  .optional()
  .describe('`wait=N` holds the call for up to N seconds until it is decided; `respond-async` does not hold it (RFC 7240).');

/** What the service serves, as an OpenAPI 3.1 document made of the routes themselves. */
export function openApiDocument(routes: readonly Route[], { version, url }: { readonly version: string; readonly url: string }): object {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const route of routes) (paths[route.path] ??= {})[route.method] = operationOf(route);
  return createDocument({
    openapi: '3.1.0',
    info: {
      title: 'Countersign approvals',
      version,
      description:
        'People and machines ask, decide and wait over HTTP. Times are RFC 3339 in UTC; what is not JSON is refused, as are fields that there are not.',
    },
    servers: [{ url }],
    paths,
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'A token of the cluster or of the identity provider that was issued for this service.',
        },
        session: { type: 'apiKey', in: 'cookie', name: '__Host-countersign', description: 'The cookie of a browser that is signed in.' },
      },
    },
  });
}

function operationOf(route: Route): ZodOpenApiOperationObject {
  const header = z.object({
    ...(route.idempotent === true ? { 'Idempotency-Key': idempotencyKey } : {}),
    ...(202 in route.answers ? { Prefer: prefer } : {}),
  });
  const hasHeader = Object.keys(header.shape).length > 0;
  return {
    operationId: operationId(route),
    tags: [route.tag],
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    security: route.access === 'caller' ? [{ bearer: [] }, { session: [] }] : [],
    requestParams: {
      ...(route.params === undefined ? {} : { path: route.params }),
      ...(route.query === undefined ? {} : { query: route.query }),
      ...(hasHeader ? { header } : {}),
    },
    ...(route.body === undefined ? {} : { requestBody: { required: true, content: { [bodyType(route)]: { schema: route.body } } } }),
    responses: { ...described(route), ...problems(route) } as ZodOpenApiResponsesObject,
  };
}

/** `get /v1/requests/{id}` → `getV1RequestsById`. */
const operationId = ({ method, path }: Route): string =>
  method +
  path
    .split(/[/.-]/)
    .filter((part) => part !== '')
    .map((part) => part.replace(/^\{(.*)\}$/, 'by-$1').replaceAll(/(?:^|-)(\w)/g, (_all, letter: string) => letter.toUpperCase()))
    .join('');

const bodyType = ({ page, rawBody }: Route): string =>
  page === true || rawBody === true ? 'application/x-www-form-urlencoded' : 'application/json';

const described = (route: Route): Record<string, object> =>
  Object.fromEntries(
    Object.entries(route.answers).map(([status, answer]) => [
      status,
      route.page === true && Number(status) >= 400 ? problem(answer.description, route) : responseOf(answer),
    ]),
  );

function responseOf({ description, schema, contentType }: Described): object {
  if (schema !== undefined) return { description, content: { [contentType ?? 'application/json']: { schema } } };
  if (contentType !== undefined) return { description, content: { [contentType]: { schema: z.string() } } };
  return { description };
}

/** The problems that a route may answer with, by what it takes. */
function problems(route: Route): Record<string, object> {
  const takesBody = route.body !== undefined || route.rawBody === true;
  const most = route.maxBodyBytes ?? defaultMaxBodyBytes;
  const isWrite = route.method !== 'get';
  const all: [number, string, boolean][] = [
    [400, 'It is not understood: the path, a header, or a body that is no JSON.', true],
    [401, 'It is not known who calls, or their credentials are no good.', route.access === 'caller'],
    [403, 'The caller may not; the sentence says which right is missing.', isWrite],
    [404, 'It is not there, or not for the caller to see.', route.params !== undefined || isWrite || route.tag === 'Sign-in'],
    [409, 'Something else came first: it has changed, is settled, is there already, or the same Idempotency-Key is under way.', isWrite],
    [413, `The body has more than ${most} bytes.`, takesBody],
    [415, 'The body is of another type.', takesBody],
    [422, 'It is understood and wrong; `errors` names the fields.', takesBody || route.query !== undefined || route.params !== undefined],
    [429, 'The caller decides too fast; Retry-After says when to go on.', route.decides === true],
    [500, 'The service failed; its log says why, under `instance`.', true],
    [503, 'It cannot be done now; Retry-After says when to try again.', true],
  ];
  return Object.fromEntries(all.filter(([, , applies]) => applies).map(([status, description]) => [status, problem(description, route)]));
}
