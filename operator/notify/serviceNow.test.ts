import { describe, expect, it } from 'vitest';
import { noticeOf } from '../../test/fixtures/notices.ts';
import type { HttpCall } from './contract.ts';
import { serviceNow } from './serviceNow.ts';

const sysId = '0123456789abcdef0123456789abcdef';

/** An instance that answers every query with these records, and takes what is written. */
function instance(found: readonly object[]) {
  const called: HttpCall[] = [];
  const means = {
    config: serviceNow.config.parse({ instance: 'https://example.service-now.com', table: 'u_orders' }),
    secret: { token: 'token' },
    outside: {
      call: (call: HttpCall) => {
        called.push(call);
        const result = call.method === 'GET' ? found : { sys_id: sysId };
        return Promise.resolve({ answered: true, status: 200, body: JSON.stringify({ result }) });
      },
    },
    now: () => 0,
  } as unknown as Parameters<typeof serviceNow.deliver>[1];
  return { called, means };
}

const notice = noticeOf();

describe('a record of ServiceNow', () => {
  it('that an earlier attempt made is found and changed, and none is made twice', async () => {
    const { called, means } = instance([{ sys_id: sysId, correlation_id: notice.request.uid }]);
    expect(await serviceNow.deliver(notice, means)).toEqual({ ok: true, reference: { sysId } });
    expect(called.map(({ method }) => method)).toEqual(['GET', 'PATCH']);
  });

  it.each([[{ sys_id: sysId, correlation_id: 'of another' }], [{ sys_id: sysId }]])(
    'is left alone when it is not of this request, as a table without the column answers with any: %j',
    async (stranger) => {
      const { called, means } = instance([stranger]);
      expect(await serviceNow.deliver(notice, means)).toEqual({
        ok: false,
        final: true,
        message: expect.stringMatching(/^Not sent: the column correlation_id of table u_orders is not there/) as string,
      });
      expect(called.map(({ method }) => method)).toEqual(['GET']);
    },
  );
});
