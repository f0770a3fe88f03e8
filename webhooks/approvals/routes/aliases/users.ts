import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { route, type Route } from '../../http/route.ts';

/** Who calls. */
export const userAliases = (): Route[] => [
  route({
    method: 'get',
    path: '/users',
    tag: 'Compatibility',
    access: 'caller',
    summary: 'Who the caller is: GET /v1/me. Nobody signs in here: send a token.',
    query: z.looseObject({}),
    answers: {
      200: {
        description: 'As the service knows them.',
        schema: z.object({ id: z.string(), name: z.string(), groups: z.array(z.string()) }),
      },
    },
    handle: ({ caller: { username, groups }, query }) => {
      if ('password' in query)
        return Promise.reject(
          new Problem(
            400,
            'no-passwords',
            'query.password: this service takes no passwords, and what is in an address is written down on its way. Send a token in the Authorization header.',
          ),
        );
      return Promise.resolve({ status: 200, body: { id: username, name: username, groups } });
    },
  }),
];
