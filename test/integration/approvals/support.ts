import type { RequestView } from '../../../webhooks/approvals/routes/requestView.ts';
import type { z } from 'zod';
import type { Answered, HttpPerson, RunningService } from '../../fixtures/approvalService.ts';
import { matchJobs, oneOf, TestNamespace, until } from '../../fixtures/world.ts';

export type Request = z.infer<typeof RequestView>;

/** A namespace in which alice asks and bob decides, both with tokens alone. */
export interface Scene {
  readonly ns: TestNamespace;
  readonly alice: HttpPerson;
  readonly bob: HttpPerson;
}

/** Runs a test in such a namespace; bob is the one whom its policy asks about requests, GovernedJobs and Jobs. */
export const scene =
  (service: RunningService, run: (scene: Scene) => Promise<void>): (() => Promise<void>) =>
  async () => {
    const ns = await TestNamespace.create('http');
    const [alice, bob] = await Promise.all([service.person(ns, 'alice'), service.person(ns, 'bob')]);
    await ns.policy('bob-agrees', {
      match: [...matchJobs, { apiGroups: ['countersign.dev'], kinds: ['ApprovalRequest', 'GovernedJob'] }],
      stages: [oneOf('bob', { user: bob.username })],
    });
    await run({ ns, alice, bob });
    await ns.close();
  };

/** What somebody asks for who asks for little. */
export const asking = ({ ns }: Pick<Scene, 'ns'>, more: object = {}): object => ({
  namespace: ns.name,
  operation: 'wire-transfer',
  subject: { external: { system: 'bank', id: 'wire-1' } },
  ...more,
});

export const requestIn = ({ body }: Answered): Request => body as Request;

/** Asks, and waits until people are asked. */
export async function asked(of: Scene, more: object = {}): Promise<Request> {
  const made = await of.alice.post('/v1/requests', asking(of, more));
  if (made.status !== 202) throw new Error(`asking was answered with ${made.status}: ${JSON.stringify(made.body)}`);
  return reviewing(of.alice, requestIn(made).id);
}

/** The request once people are asked. */
export const reviewing = (who: HttpPerson, id: string): Promise<Request> =>
  until(`request ${id} to be reviewed`, async () => {
    const request = requestIn(await who.get(`/v1/requests/${id}`));
    return request.phase === 'Reviewing' ? request : undefined;
  });

/** The words of a problem. */
export const detailOf = ({ body }: Answered): string => (body as { detail: string }).detail;
