import { createHmac } from 'node:crypto';
import { expect, it } from 'vitest';
import { createLogger } from '../../../operator/telemetry/logger.ts';
import type { Prepared } from '../channels/channels.ts';
import type { KnownChannel } from '../channels/known.ts';
import { SlackApps } from './apps.ts';
import type { Signed } from './signature.ts';

/** A channel by name, and what comes of preparing it. */
type Prepare = Readonly<Record<string, () => Promise<Prepared>>>;

const usable = (signingSecret: string, token: string) => (): Promise<Prepared> =>
  Promise.resolve({
    channel: {},
    means: { interactive: true, secret: { signingSecret, token }, config: { apiUrl: 'https://slack.com/api' } },
  } as never);
const missing = (): Promise<Prepared> => Promise.resolve({ reason: 'SecretMissing', fault: 'there is no such Secret' });
const away = (): Promise<Prepared> => Promise.reject(new Error('the API server is away'));

const signedBy = (secret: string): Signed => ({
  timestamp: '1',
  raw: Buffer.from('payload'),
  signature: `v0=${createHmac('sha256', secret).update('v0:1:payload').digest('hex')}`,
});

function appsOf(prepare: Prepare) {
  const prepared: string[] = [];
  const lines: string[] = [];
  const clock = { now: 0 };
  const channel = (name: string): KnownChannel => ({ kind: 'ClusterNotificationChannel', name, spec: { type: 'Slack' } }) as KnownChannel;
  const apps = new SlackApps({
    channels: {
      known: { list: () => Object.keys(prepare).map(channel) } as never,
      prepare: ({ name }) => {
        prepared.push(name);
        return prepare[name]?.() ?? missing();
      },
    },
    log: createLogger({ destination: { write: (line: string) => void lines.push(line) } }),
    now: () => clock.now,
  });
  return { apps, prepared, lines, clock };
}

it('Calls that nobody signed have each Secret read once in five seconds at most, those of faulty channels too', async () => {
  const { apps, prepared, clock } = appsOf({ faulty: missing, good: usable('s', 't') });
  const calls = Array.from({ length: 200 }, (_, n) => apps.signerOf(signedBy(`guess ${n}`)));
  expect(new Set(await Promise.all(calls))).toEqual(new Set([undefined]));
  expect(await apps.signerOf(signedBy('s'))).toMatchObject({ token: 't' });
  expect(prepared).toEqual(['faulty', 'good']);
  clock.now = 5_000;
  await apps.signerOf(signedBy('guess'));
  expect(prepared).toEqual(['faulty', 'good', 'faulty', 'good']);
});

it('Calls without a signature have nothing read', async () => {
  const { apps, prepared } = appsOf({ good: usable('s', 't') });
  for (const signature of [undefined, '', 'v0=', `v1=${'0'.repeat(64)}`, `v0=${'0'.repeat(63)}`])
    expect(await apps.signerOf({ ...signedBy('s'), signature })).toBeUndefined();
  expect(prepared).toEqual([]);
});

it('A channel whose Secret cannot be read keeps nobody from clicking in another, and is in the log', async () => {
  const { apps, lines } = appsOf({ broken: away, good: usable('s', 't') });
  expect(await apps.signerOf(signedBy('s'))).toMatchObject({ token: 't' });
  expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
    { level: 'warn', channel: 'ClusterNotificationChannel broken', err: { message: 'the API server is away' } },
  ]);
});

it('Whoever fits none of those that could be read is told to come back while others could not be, and is a stranger once they could', async () => {
  const prepare: Record<string, () => Promise<Prepared>> = { broken: away };
  const { apps, clock } = appsOf(prepare);
  await expect(apps.signerOf(signedBy('s'))).rejects.toMatchObject({ status: 503 });
  prepare['broken'] = usable('s', 't');
  clock.now = 5_000;
  expect(await apps.signerOf(signedBy('s'))).toMatchObject({ token: 't' });
  expect(await apps.signerOf(signedBy('other'))).toBeUndefined();
});

it('While the Secrets are read slowly, everybody waits for the same answer', async () => {
  let answer: (prepared: Prepared) => void = () => undefined;
  const { apps, prepared, clock } = appsOf({ slow: () => new Promise((resolve) => (answer = resolve)) });
  const calls = [apps.signerOf(signedBy('s'))];
  clock.now = 60_000;
  calls.push(apps.signerOf(signedBy('s')));
  answer(await usable('s', 't')());
  expect(await Promise.all(calls)).toMatchObject([{ token: 't' }, { token: 't' }]);
  expect(prepared).toEqual(['slow']);
});
