import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { channelTypes, noticeEvents } from '../../../crds/v1alpha1/index.ts';
import { parseAllowedHost } from '../../../operator/core/httpAllow.ts';
import { settledEvents, type Delivered, type Means, type Notice, type Reference } from '../../../operator/notify/contract.ts';
import { HttpCaller } from '../../../operator/notify/httpCaller.ts';
import { channels } from '../../../operator/notify/index.ts';
import { configOf, secretOf } from '../../../operator/notify/settings.ts';
import { tell } from '../../../operator/notify/tell.ts';
import { bob, hostileTexts, noticedRequest, noticeOf } from '../../fixtures/notices.ts';
import type { Failure, Stand } from '../../fixtures/standIns/contract.ts';
import { standIns } from '../../fixtures/standIns/index.ts';
import { standInKey } from '../../fixtures/standIns/key.ts';

interface Ways {
  readonly allowed?: readonly string[];
  readonly ca?: string;
}

it('every type of channel has a stand-in that it is tested against', () => {
  expect(standIns.map(({ type }) => type).sort()).toEqual([...channelTypes].sort());
});

describe.each(standIns)('$type', ({ type, failures, start }) => {
  const channel = channels[type];

  let own: Stand;
  let stranger: Stand;
  const callers = new Map<string, HttpCaller>();

  beforeAll(async () => {
    [own, stranger] = [await start(), await start()];
  });
  afterAll(async () => {
    for (const caller of callers.values()) await caller.close();
    await Promise.all([own.stop(), stranger.stop()]);
  });

  function stand(): Stand {
    own.forgets();
    return own;
  }

  function callerFor({ host, ca }: Stand, ways: Ways): HttpCaller {
    const key = JSON.stringify(ways);
    const caller =
      callers.get(key) ??
      new HttpCaller({
        allowed: (ways.allowed ?? [host]).map((text) => parseAllowedHost(text)!),
        ca: ways.ca ?? ca,
        key: () => Promise.resolve(standInKey),
        timeoutMs: 700,
      });
    callers.set(key, caller);
    return caller;
  }

  function means(to: Stand, ways: Ways = {}): Means {
    const made = configOf(channel, to.config);
    const read = secretOf(channel, to.secret);
    if (!('config' in made)) throw new Error(made.faults.join('\n'));
    if (!('secret' in read)) throw new Error(read.fault);
    return { config: made.config, secret: read.secret, outside: callerFor(to, ways), now: () => Date.now() };
  }

  const deliver = (to: Stand, notice: Notice = noticeOf(), ways?: Ways): Promise<Delivered> => tell(channel, notice, means(to, ways));

  it.each(noticeEvents)('tells of %s as the documentation of the service asks', async (event) => {
    const to = stand();
    expect(await deliver(to, noticeOf({ event }))).toMatchObject({ ok: true });
    expect(to.complaints).toEqual([]);
    expect(to.taken.length).toBeGreaterThan(0);
  });

  it('brings what it told before up to date, for every outcome, and again', async () => {
    const to = stand();
    const first = await deliver(to);
    if (channel.update === undefined) return expect(first).toEqual({ ok: true });
    const { reference } = first as { reference: Reference };
    expect(reference).toBeDefined();
    for (const event of [...settledEvents, ...settledEvents])
      expect(await tell(channel, noticeOf({ event }), means(to), reference)).toMatchObject({ ok: true });
    expect(to.complaints).toEqual([]);
  });

  it('is told twice of one notice by the same name, where the service knows repetitions', async () => {
    const to = stand();
    await deliver(to);
    const [first] = to.repeats?.() ?? [];
    const before = to.repeats?.().length ?? 0;
    await deliver(to);
    expect(to.repeats?.()[before]).toBe(first);
  });

  it('keeps to the limits of the service, however much others wrote, and shows all of it as text', async () => {
    const to = stand();
    const long = 'ü'.repeat(30_000);
    const request = {
      ...hostileTexts,
      context: { long, [long]: '<!channel>' },
      message: long,
      runs: Array.from({ length: 500 }, () => long),
      decisions: Array.from({ length: 100 }, () => ({ approver: long, verdict: 'Approve', reason: hostileTexts.reason })),
      stages: Array.from({ length: 16 }, (_none, i) => ({ ...noticedRequest.stages[0]!, name: `stage-${i}`, asks: [long] })),
    };
    for (const event of ['StageOpened', 'Approved'] as const)
      expect(await deliver(to, noticeOf({ event, request, stage: 'other' }))).toMatchObject({ ok: true });
    expect(to.complaints).toEqual([]);
  });

  it('shows the links by which one person decides where it says so, and nowhere else', async () => {
    const to = stand();
    const with_ = means(to);
    await tell(channel, noticeOf(), with_);
    const shown = to.taken.join('').replace(/=\r\n/g, '').includes('token-of-bob');
    expect(shown).toBe(channel.carriesLinks === true);
    if (shown) expect(channel.tells(with_.config)).toBe('Person');
  });

  const answerMatters = ['Slack', 'PagerDuty', 'ServiceNow'].includes(type);
  const given: [Failure, 'gives up' | 'tries again' | 'survives'][] = [
    ['busy', 'tries again'],
    ['broken', 'tries again'],
    ['hanging', 'tries again'],
    ['resetting', 'tries again'],
    ['refusing', 'gives up'],
    ['redirecting', 'gives up'],
    // Where the answer matters, one that cannot be read is no success.
    ['nonsense', answerMatters ? 'tries again' : 'survives'],
    ['huge', answerMatters ? 'tries again' : 'survives'],
  ];
  it.each(given.filter(([how]) => failures.includes(how)))(
    'when the service is %s %s, is led nowhere else, and says nothing secret',
    async (how, does) => {
      const to = stand();
      to.fails(how);
      const came = await deliver(to);
      expect(came).toMatchObject(does === 'survives' ? { ok: true } : { ok: false, final: does === 'gives up' });
      const said = JSON.stringify(came);
      for (const value of Object.values(to.secret)) expect(said).not.toContain(value);
      expect(to.called.filter((call) => call.includes('/elsewhere'))).toEqual([]);
      expect(to.taken).toEqual([]);
    },
  );

  it('asks for the time that a busy service wants to be left alone', async () => {
    const to = stand();
    to.fails('busy');
    const came = await deliver(to);
    expect(came).toMatchObject({ ok: false, ...(type === 'SMTP' ? {} : { retryAfterMs: 7_000 }) });
  });

  it('tells again once the service is well', async () => {
    const to = stand();
    to.fails('broken');
    expect(await deliver(to)).toMatchObject({ ok: false, final: false });
    to.fails();
    expect(await deliver(to)).toMatchObject({ ok: true });
  });

  it('sends nothing to whom nobody vouches for', async () => {
    const to = stand();
    expect(await deliver(to, noticeOf(), { ca: stranger.ca })).toMatchObject({ ok: false, final: false });
    expect([to.taken, to.called]).toEqual([[], []]);
  });

  it('sends nothing inside where the administrator did not say so', async () => {
    const to = stand();
    expect(await deliver(to, noticeOf(), { allowed: [] })).toMatchObject({
      ok: false,
      final: true,
      message: expect.stringMatching(/may not be called.*COUNTERSIGN_HTTP_ALLOW|^No answer, or no address/) as string,
    });
    expect([to.taken, to.called]).toEqual([[], []]);
  });

  it('says who cannot be told', () => {
    const config = channel.config.parse({ ...settingsOf(type) });
    if (channel.tells(config) === 'Place') return;
    expect(channel.reaches!(bob, config)).toBe(true);
    expect(channel.reaches!({ username: 'nobody' }, config)).toBe(false);
  });

  it('refuses a field of config that it does not know, and describes those that it knows', () => {
    expect(configOf(channel, { ...settingsOf(type), unknown: 1 })).toEqual({
      faults: ['spec.config.unknown: there is no such field for this type; remove it'],
    });
    const schema = z.toJSONSchema(channel.config, { io: 'input' }) as { properties?: Record<string, { description?: string }> };
    for (const [name, field] of Object.entries(schema.properties ?? {})) expect(field.description, name).toMatch(/\.$/);
    for (const { name, description } of channel.secretKeys) expect(description, name).toMatch(/\.$/);
  });
});

const settingsOf = (type: (typeof channelTypes)[number]): Record<string, unknown> =>
  ({
    SMTP: { host: 'mail.example.com', from: 'a@example.com' },
    Slack: {},
    PagerDuty: {},
    ServiceNow: { instance: 'https://example.service-now.com' },
    Teams: {},
    Webhook: { url: 'https://hooks.example.com/' },
  })[type];
