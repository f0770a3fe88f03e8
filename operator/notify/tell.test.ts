import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { noticeOf } from '../../test/fixtures/notices.ts';
import type { Channel, Means } from './contract.ts';
import { tell } from './tell.ts';

const means: Means = {
  config: {},
  secret: { token: 's3cr3t/token', url: 'https://x.example/hook?sig=1' },
  outside: undefined as never,
  now: () => 0,
};
const channelThat = (more: Partial<Channel>): Channel => ({
  type: 'Webhook',
  config: z.unknown(),
  secretKeys: [],
  tells: () => 'Place',
  deliver: () => Promise.resolve({ ok: true }),
  ...more,
});
const refusing = (message: string): Channel => channelThat({ deliver: () => Promise.resolve({ ok: false, final: true, message }) });

describe('telling', () => {
  it.each([
    ['as it is', 'It refused s3cr3t/token.', 'It refused [secret].'],
    ['in an address', 'It refused /x?t=s3cr3t%2Ftoken.', 'It refused /x?t=[secret].'],
    ['in a header', `It refused ${Buffer.from('s3cr3t/token').toString('base64')}.`, 'It refused [secret].'],
    ['that is an address', '"https://x.example/hook?sig=1" is refused.', '"[secret]" is refused.'],
  ])('says nothing of a secret %s', async (_how, said, shown) => {
    expect(await tell(refusing(said), noticeOf(), means)).toEqual({ ok: false, final: true, message: shown });
  });

  it('by a channel that throws has failed for now, and says nothing of a secret either', async () => {
    const channel = channelThat({ deliver: () => Promise.reject(new Error('no s3cr3t/token here')) });
    expect(await tell(channel, noticeOf(), means)).toEqual({ ok: false, final: false, message: 'Not delivered: no [secret] here' });
  });

  it('says no more than somebody would read', async () => {
    const answer = await tell(refusing('x'.repeat(10_000)), noticeOf(), means);
    expect(answer.ok ? '' : answer.message).toHaveLength(500);
  });

  it('of what was told before brings that up to date, where the channel can', async () => {
    const updating = channelThat({
      update: (_notice, reference) => Promise.resolve({ ok: true, reference: { ...reference, again: 'yes' } }),
    });
    expect(await tell(updating, noticeOf(), means, { id: '1' })).toEqual({ ok: true, reference: { id: '1', again: 'yes' } });
    expect(await tell(channelThat({}), noticeOf(), means, { id: '1' })).toEqual({ ok: true });
  });
});
