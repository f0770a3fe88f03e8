import { z } from 'zod';
import { approvalRequests, group } from '../../../crds/v1alpha1/index.ts';
import type { Caller } from '../callers/caller.ts';
import { Problem } from '../http/problem.ts';
import { route, type Route } from '../http/route.ts';
import type { KnownRequest } from '../requests.ts';
import { attemptsShown, deliveriesOf, oweAgain, type DeliveryWithAttempts } from '../store/outbox.ts';
import type { Store } from '../store/index.ts';
import type { RequestDeps } from './deps.ts';
import { findRequest } from './finding.ts';

export interface DeliveryRouteDeps extends RequestDeps {
  readonly store: Store;
  /** Something was owed again. */
  readonly onOwed: () => void;
  /** Milliseconds since the epoch; a test may give its own. */
  readonly now?: () => number;
}

/** Whoever is sent something again has so long to take it in before it is sent once more. */
const restMs = 60_000;

const id = z.string().min(1).max(64).describe('The id of the request.');
const time = (what: string) => z.string().describe(what);

const DeliveryView = z
  .object({
    id: z.string().describe('The id of the delivery.'),
    kind: z.enum(['Notice', 'Callback']).describe('Notice: to a channel. Callback: to the url of spec.callback.'),
    event: z.string().describe('What it tells, such as StageOpened or Settled.'),
    target: z.string().describe('Where to: a channel, or the namespace of the request and the origin that its callback calls.'),
    recipient: z.string().optional().describe('The user name of whoever is told; absent for a place, and for a callback.'),
    state: z.enum(['Pending', 'Delivered', 'Failed', 'Dropped']).describe('Dropped: nobody needed it any more.'),
    createdAt: time('Since when it is owed.'),
    nextAttemptAt: time('When it is tried the next time.').optional(),
    endedAt: time('When it was delivered, given up or dropped.').optional(),
    attempts: z
      .array(
        z.object({
          at: time('When it ended.'),
          taken: z.boolean().describe('Whether it was taken.'),
          message: z
            .string()
            .describe('What came of it. Why a host was not reached (its name, address or connection) is in the log of the service alone.'),
        }),
      )
      .describe(`The newest ${attemptsShown} of the attempts that ended, the oldest of them first.`),
  })
  .meta({ id: 'Delivery', description: 'Something that is or was owed to the outside.' });

/** What was told to whom, of one request; and telling it again. */
export const deliveryRoutes = (deps: DeliveryRouteDeps): Route[] => [
  route({
    method: 'get',
    path: '/v1/requests/{id}/deliveries',
    tag: 'Deliveries',
    access: 'caller',
    summary: 'What was told to whom of a request, with the latest attempts',
    description: 'For whoever may see the request. At most a thousand, the oldest first.',
    params: z.object({ id }),
    answers: { 200: { description: 'The deliveries.', schema: z.object({ items: z.array(DeliveryView) }) } },
    handle: async ({ caller, params }) => {
      const { uid } = await findRequest(deps, caller, params.id);
      return { status: 200, body: { items: (await deliveriesOf(deps.store, uid)).map(viewOf) } };
    },
  }),
  route({
    method: 'post',
    path: '/v1/requests/{id}/deliveries/{delivery}/redeliver',
    tag: 'Deliveries',
    access: 'caller',
    decides: true,
    idempotent: true,
    summary: 'Sends something again',
    description:
      'For the requester, and for whoever may cancel the request. It has the id that it had, by which its receiver knows it again. Refused for a minute after the last attempt.',
    params: z.object({ id, delivery: z.string().min(1).max(64).describe('The id of the delivery.') }),
    answers: { 202: { description: 'It is sent again at once.', schema: DeliveryView } },
    handle: async ({ caller, params }) => {
      const request = await findRequest(deps, caller, params.id);
      await mayRedeliver(deps, caller, request);
      const find = async () => (await deliveriesOf(deps.store, request.uid)).find((each) => each.id === params.delivery);
      const asked = await find();
      if (asked === undefined)
        throw new Problem(
          404,
          'not-found',
          `There is no delivery ${params.delivery} of request ${params.id}; their ids are in /v1/requests/${params.id}/deliveries.`,
        );
      const now = (deps.now ?? Date.now)();
      refuseHaste(asked, now);
      // What is still on its way needs no second order.
      await oweAgain(deps.store, params.delivery, now);
      deps.onOwed();
      const owed = await find();
      return { status: 202, body: owed === undefined ? undefined : viewOf(owed) };
    },
  }),
];

async function mayRedeliver({ permissions }: RequestDeps, caller: Caller, { namespace, name, requester }: KnownRequest): Promise<void> {
  if (caller.username === requester.username) return;
  if (await permissions.may(caller, { verb: 'cancel', group, resource: approvalRequests.plural, namespace, name })) return;
  throw new Problem(
    403,
    'forbidden',
    `${caller.username} neither asked for ${namespace}/${name} nor may cancel it: expected its requester, or the verb cancel on approvalrequests.`,
  );
}

/** So that nobody has somebody else's server called as fast as they can ask. @throws Problem 409. */
function refuseHaste({ id: own, attemptsMade }: DeliveryWithAttempts, now: number): void {
  const restsMs = (attemptsMade.at(-1)?.at ?? -Infinity) + restMs - now;
  if (restsMs <= 0) return;
  const seconds = Math.ceil(restsMs / 1000);
  throw new Problem(
    409,
    'attempted-just-now',
    `The last attempt of delivery ${own} was less than ${restMs / 1000} s ago; send it again in ${seconds} s.`,
    { headers: { 'retry-after': String(seconds) } },
  );
}

function viewOf(delivery: DeliveryWithAttempts): z.infer<typeof DeliveryView> {
  const { id: own, kind, event, target, recipient, state, createdAt, nextAt, doneAt, attemptsMade } = delivery;
  const text = (ms: number): string => new Date(ms).toISOString();
  return {
    id: own,
    kind,
    event,
    target,
    ...(recipient === null ? {} : { recipient }),
    state,
    createdAt: text(createdAt),
    ...(state === 'Pending' ? { nextAttemptAt: text(nextAt) } : {}),
    ...(doneAt === null ? {} : { endedAt: text(doneAt) }),
    attempts: attemptsMade.map(({ at, isTaken: taken, message }) => ({ at: text(at), taken, message })),
  };
}
