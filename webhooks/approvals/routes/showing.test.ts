import { expect, it } from 'vitest';
import { PaymentCluster, requestObject, uid } from '../../../test/fixtures/paymentCluster.ts';
import { settled } from '../../../test/fixtures/knownRequests.ts';
import type { Caller } from '../callers/caller.ts';
import { knownRequest, type KnownRequest } from '../requests.ts';
import { shownTo, type ShowingDeps } from './showing.ts';

const bob: Caller = { username: 'bob@corp', groups: ['finance'], via: 'Web', proof: 'Session' };

/** A request that was approved before, of which the Job is still stored. */
const before: KnownRequest = {
  ...knownRequest(requestObject({ phase: 'Completed', conditions: settled(true, 'Approved') })),
  uid: 'uid-0',
  name: 'wire-0',
};

/** What bob is shown who may get what is named. */
async function shown(mayGet: readonly string[], past: readonly KnownRequest[] = [before]) {
  const deps = {
    client: new PaymentCluster(),
    permissions: { may: (_who: Caller, { name = '' }: { name?: string }) => Promise.resolve(mayGet.includes(name)) },
    known: { requests: { list: () => past } },
  } as unknown as ShowingDeps;
  return (await shownTo(deps, bob, { namespace: 'payments', name: 'wire-1', uid }))?.past;
}

it('The last approved run is compared with for whoever may get its request and what ran', async () => {
  expect(await shown(['wire-0', 'wire'])).toMatchObject({ kind: 'found', request: { name: 'wire-0' }, subject: { access: 'read' } });
  expect(await shown(['wire-0', 'wire'], [])).toEqual({ kind: 'none' });
});

it('Nothing of an earlier request is shown to whoever may not get it, and nothing of what ran to whoever may not get that', async () => {
  expect(await shown(['wire'])).toEqual({ kind: 'forbidden' });
  expect(await shown(['wire-0'])).toEqual({ kind: 'gone', request: before });
});
