import { expect, it } from 'vitest';
import { noticeOf } from '../../test/fixtures/notices.ts';
import { callFault, parseAllowedHost } from '../core/httpAllow.ts';
import type { HttpCall } from './contract.ts';
import { teams } from './teams.ts';

it.each([
  'https://default942ead725f3ae61fb3309f7e87a28a.4a.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/b950/triggers/manual/paths/invoke?api-version=1&sig=x',
  'https://prod-23.westeurope.logic.azure.com:443/workflows/b950/triggers/manual/paths/invoke?api-version=2016-10-01&sig=x',
])('The address that Teams shows for a workflow may be called without the administrator: %s', async (url) => {
  const called: HttpCall[] = [];
  const call = (one: HttpCall) => {
    called.push(one);
    return Promise.resolve({ answered: true, status: 202, body: '' });
  };
  const means = { config: {}, secret: { url }, outside: { call }, now: () => 0 } as unknown as Parameters<typeof teams.deliver>[1];
  expect(await teams.deliver(noticeOf(), means)).toEqual({ ok: true });
  const { url: address, known = [] } = called[0]!;
  expect(
    callFault(
      address,
      known.flatMap((host) => parseAllowedHost(host) ?? []),
    ),
  ).toBeUndefined();
});
