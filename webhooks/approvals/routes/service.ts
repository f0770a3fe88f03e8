import { z } from 'zod';
import { openApiDocument } from '../http/openapi.ts';
import { unavailable } from '../http/failures.ts';
import { route, type Route } from '../http/route.ts';

const Status = z.object({ status: z.literal('ok') });

const Me = z
  .object({
    username: z.string().describe('As the cluster knows them.'),
    groups: z.array(z.string()).describe('Likewise.'),
    via: z.string().describe('The channel that decisions of theirs are relayed as.'),
    proof: z.string().describe('How the service came to know who they are.'),
  })
  .meta({ id: 'Me', description: 'Who calls.' });

export interface ServiceDeps {
  readonly version: string;
  /** Where the service is reached. */
  readonly url: string;
  /** What is still missing before it may be given work. */
  readonly missing: () => readonly string[];
  /** Every route that is served beside these. */
  readonly others: readonly Route[];
}

/** What is asked of the service itself. */
export function serviceRoutes({ version, url, missing, others }: ServiceDeps): Route[] {
  const tag = 'Service';
  const health = route({
    method: 'get',
    path: '/health',
    tag,
    access: 'anybody',
    summary: 'Whether the service runs.',
    answers: { 200: { description: 'It does.', schema: Status } },
    handle: () => Promise.resolve({ status: 200, body: { status: 'ok' } }),
  });
  const readiness = route({
    method: 'get',
    path: '/readiness',
    tag,
    access: 'anybody',
    summary: 'Whether the service may be given work.',
    answers: { 200: { description: 'It may.', schema: Status } },
    handle: () => {
      const lacking = missing();
      if (lacking.length > 0) return Promise.reject(unavailable(`The service is not ready: it waits for ${lacking.join(', ')}`));
      return Promise.resolve({ status: 200, body: { status: 'ok' } });
    },
  });
  const me = route({
    method: 'get',
    path: '/v1/me',
    tag,
    access: 'caller',
    summary: 'Who the caller is.',
    answers: { 200: { description: 'As the service knows them.', schema: Me } },
    handle: ({ caller }) => Promise.resolve({ status: 200, body: caller }),
  });
  const openapi = route({
    method: 'get',
    path: '/openapi.json',
    tag,
    access: 'anybody',
    summary: 'What is served here, as OpenAPI 3.1.',
    answers: { 200: { description: 'The document.', schema: z.looseObject({ openapi: z.string() }) } },
    handle: () => {
      document ??= openApiDocument([...others, ...own], { version, url });
      return Promise.resolve({ status: 200, body: document });
    },
  });
  const own = [health, readiness, me, openapi];
  let document: unknown;
  return own;
}
