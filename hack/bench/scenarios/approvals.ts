import type { Bench } from '../bench.ts';
import { startBareService, type Service } from '../approvals/bareService.ts';
import { makeCallers } from '../approvals/callers.ts';
import { asked, askedBare } from './approvalsAsked.ts';
import { decidedBare, decidedOverHttp } from './approvalsDecided.ts';
import { waiters, waitersBare } from './approvalsWaiters.ts';

/** Fifty decisions a second are less than one a second for each; one list of a policy holds 64. */
const callerCount = 60;

/** The approval service, and in the same run the bare handler that makes the same writes: deciding, asking, waiting. */
export async function approvals(bench: Bench): Promise<void> {
  const callers = await makeCallers(bench, callerCount);
  const limits = await using(bench, await startBareService(bench), async (service) => ({
    decided: await inTurn(bench.settings.decisionsPerSecond, async (perSecond) => ({
      perSecond,
      limit: await decidedBare(bench, service, callers, perSecond),
    })),
    asked: await inTurn(bench.settings.requestsPerSecond, async (perSecond) => ({
      perSecond,
      limit: await askedBare(bench, service, callers, perSecond),
    })),
    waiters: await waitersBare(bench, service),
  }));
  await using(bench, await startShipped(bench), async (service) => {
    for (const at of limits.decided) await decidedOverHttp(bench, service, callers, at);
    for (const at of limits.asked) await asked(bench, service, callers, at);
    await waiters(bench, service, callers, limits.waiters);
  });
}

async function inTurn<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await work(item));
  return results;
}

async function startShipped(bench: Bench): Promise<Service & { readonly healthUrl: string }> {
  const { process, ca } = await bench.startApprovals();
  const { url, pid, healthUrl } = process;
  return { url, pid, healthUrl, ca, stop: () => process.stop() };
}

async function using<S extends Service, T>(bench: Bench, service: S, work: (service: S) => Promise<T>): Promise<T> {
  try {
    await bench.quiet();
    return await work(service);
  } finally {
    await service.stop();
  }
}
