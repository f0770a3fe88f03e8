import { describe, expect, it } from 'vitest';
import type { NotificationChannelStatus } from '../../../crds/v1alpha1/index.ts';
import { noAnswer, noAnswerSentence } from '../../../operator/notify/notReached.ts';
import { createLogger } from '../../../operator/telemetry/logger.ts';
import type { KnownChannel } from './known.ts';
import { ChannelStatus } from './status.ts';

const base = { name: 'mail', uid: 'u', generation: 1, conditions: [], spec: { type: 'SMTP', config: {}, routes: [], paused: false } };
const theirs = { ...base, kind: 'NotificationChannel', namespace: 'payments' } as unknown as KnownChannel;
const ours = { ...base, kind: 'ClusterNotificationChannel' } as unknown as KnownChannel;

/** What the status of a channel says after a delivery that came to nothing. */
async function saidOf(channel: KnownChannel, came: object): Promise<string | undefined> {
  const written: NotificationChannelStatus[] = [];
  const known = { byTarget: () => channel, observe: () => undefined };
  const patch = (_type: unknown, _ref: unknown, { status }: { status: NotificationChannelStatus }) => Promise.resolve(written.push(status));
  const client = { now: () => 0, patch };
  const status = new ChannelStatus({ channels: { known } as never, client: client as never, log: createLogger({ level: 'fatal' }) });
  await status.report(channel, { ok: false, ...came } as never);
  return written[0]?.conditions[0]?.message;
}

describe('the status of a channel that nobody reaches', () => {
  const came = noAnswer('smtp.internal is at 10.1.2.3, which is no public address').told();

  it('says nothing of names and addresses to the people of a namespace, who choose the host', async () => {
    expect(await saidOf(theirs, came)).toBe(noAnswerSentence);
  });

  it('says why to administrators', async () => {
    expect(await saidOf(ours, came)).toBe('No answer: smtp.internal is at 10.1.2.3, which is no public address.');
  });

  it('repeats what the service answered to both', async () => {
    const answered = { final: false, message: 'The webhook answered 500, expected 2xx.' };
    expect(new Set([await saidOf(theirs, answered), await saidOf(ours, answered)])).toEqual(new Set([answered.message]));
  });
});
