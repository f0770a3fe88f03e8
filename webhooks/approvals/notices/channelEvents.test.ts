import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { ApiError } from '../../../operator/kube/client/apiError.ts';
import { silentLogger } from '../../../operator/telemetry/logger.ts';
import { known } from '../../../test/fixtures/knownRequests.ts';
import { ChannelEvents } from './channelEvents.ts';

/** An API server that keeps Events by their names. */
function recorder() {
  const kept = new Map<string, string>();
  const warnings: unknown[] = [];
  const create = (_type: unknown, _namespace: unknown, event: { metadata: { name: string }; message: string }): Promise<never> => {
    if (kept.has(event.metadata.name)) return Promise.reject(new ApiError(409, 'AlreadyExists', 'it is there'));
    kept.set(event.metadata.name, event.message);
    return Promise.resolve(event as never);
  };
  const log = Object.assign(silentLogger(), { warn: (...said: unknown[]) => void warnings.push(said) });
  return { kept, warnings, events: new ChannelEvents({ create: create, now: () => 0 }, log) };
}

it('That not all are told is one Event for each delivery, however often and by whomever it is said', async () => {
  const { kept, warnings, events } = recorder();
  const request = known({}, { name: 'wire' });
  events.notAllTold(request, 'uid/StageOpened/finance', 'three are not told');
  events.notAllTold(request, 'uid/StageOpened/finance', 'three are not told');
  events.notAllTold(request, 'uid/StageOpened/board', 'two are not told');
  await turn();
  expect([...kept.values()]).toEqual(['three are not told', 'two are not told']);
  expect([...kept.keys()].every((name) => /^wire\.[0-9a-f]{16}$/.test(name))).toBe(true);
  expect(warnings).toEqual([]);
});
