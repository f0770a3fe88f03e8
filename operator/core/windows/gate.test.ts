import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RecurringWindow } from '../../../crds/v1alpha1/index.ts';
import { isWithin, stretchesOf, windowOf, type PlainSchedule, type PlainWindow, type Stretches } from '../../../test/fixtures/wallClock.ts';
import { gate, gateHorizonMs } from './index.ts';

const window = (schedule: string, duration: string, timeZone = 'Etc/UTC', name = 'w'): RecurringWindow => ({
  name,
  schedule,
  duration,
  timeZone,
});
const at = (text: string): number => Date.parse(text);
const text = (time: number | undefined): string | undefined =>
  time === undefined ? undefined : new Date(time).toISOString().replace('.000', '');
const dayMs = 86_400_000;

describe('a freeze over the weekend', () => {
  const rules = [{ freeze: [window('0 18 * * FRI', '60h', 'Europe/Berlin', 'weekend')] }];

  it.each([
    ['is open before it, and tells when it closes', '2026-01-16T16:59:59Z', true, '2026-01-16T17:00:00Z'],
    ['closes at the second at which it begins', '2026-01-16T17:00:00Z', false, '2026-01-19T05:00:00Z'],
    ['is closed in its midst', '2026-01-18T03:00:00Z', false, '2026-01-19T05:00:00Z'],
    ['is closed in its last second', '2026-01-19T04:59:59Z', false, '2026-01-19T05:00:00Z'],
    ['opens at the second at which it is over', '2026-01-19T05:00:00Z', true, '2026-01-23T17:00:00Z'],
  ])('%s', (_name, now, open, next) => {
    const result = gate(rules, at(now));
    expect([result.open, text(open ? result.closesAt : result.opensAt)]).toEqual([open, next]);
  });

  it('names itself to whoever waits', () => {
    expect(gate(rules, at('2026-01-18T03:00:00Z')).because).toBe('inside freeze weekend (0 18 * * FRI for 60h, Europe/Berlin)');
  });
});

describe('where the clocks are changed', () => {
  // 2026: Berlin skips 02:00-03:00 on 29 March and repeats it on 25 October. New York does so on 8 March, and repeats 01:00-02:00 on 1 November.
  // Lord Howe skips 02:00-02:30 on 4 October and repeats 01:30-02:00 on 5 April.
  it.each<[string, RecurringWindow, string, string, string]>([
    [
      'Berlin, a time that is skipped begins when the clocks change',
      window('30 2 * * *', '1h', 'Europe/Berlin'),
      '2026-03-29T00:30:00Z',
      '2026-03-29T01:00:00Z',
      '2026-03-29T02:00:00Z',
    ],
    [
      'Berlin, the first minute that is skipped',
      window('0 2 * * *', '1h', 'Europe/Berlin'),
      '2026-03-29T00:30:00Z',
      '2026-03-29T01:00:00Z',
      '2026-03-29T02:00:00Z',
    ],
    [
      'Berlin, the first minute that is not',
      window('0 3 * * *', '1h', 'Europe/Berlin'),
      '2026-03-29T00:30:00Z',
      '2026-03-29T01:00:00Z',
      '2026-03-29T02:00:00Z',
    ],
    [
      'Berlin, a time that is skipped on another day begins as ever',
      window('30 2 * * *', '1h', 'Europe/Berlin'),
      '2026-03-29T12:00:00Z',
      '2026-03-30T00:30:00Z',
      '2026-03-30T01:30:00Z',
    ],
    [
      'Berlin, a window over the gap lasts as long as it says',
      window('0 1 * * *', '3h', 'Europe/Berlin'),
      '2026-03-28T12:00:00Z',
      '2026-03-29T00:00:00Z',
      '2026-03-29T03:00:00Z',
    ],
    [
      'Berlin, a time that comes twice begins twice, and both overlap',
      window('30 2 * * *', '2h', 'Europe/Berlin'),
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-25T03:30:00Z',
    ],
    [
      'Berlin, a time that comes twice: the first',
      window('30 2 * * *', '10m', 'Europe/Berlin'),
      '2026-10-25T00:00:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-25T00:40:00Z',
    ],
    [
      'Berlin, a time that comes twice: the second',
      window('30 2 * * *', '10m', 'Europe/Berlin'),
      '2026-10-25T00:40:00Z',
      '2026-10-25T01:30:00Z',
      '2026-10-25T01:40:00Z',
    ],
    [
      'New York, a time that is skipped',
      window('15 2 8 3 *', '30m', 'America/New_York'),
      '2026-03-08T00:00:00Z',
      '2026-03-08T07:00:00Z',
      '2026-03-08T07:30:00Z',
    ],
    [
      'New York, the evening before and the evening after are an hour apart from UTC',
      window('0 20 * * *', '1h', 'America/New_York'),
      '2026-03-08T12:00:00Z',
      '2026-03-09T00:00:00Z',
      '2026-03-09T01:00:00Z',
    ],
    [
      'New York, a time that comes twice',
      window('0 1 1 11 *', '1h', 'America/New_York'),
      '2026-11-01T00:00:00Z',
      '2026-11-01T05:00:00Z',
      '2026-11-01T07:00:00Z',
    ],
    [
      'Lord Howe, a time that is skipped by half an hour',
      window('15 2 * * *', '30m', 'Australia/Lord_Howe'),
      '2026-10-03T15:00:00Z',
      '2026-10-03T15:30:00Z',
      '2026-10-03T16:00:00Z',
    ],
    [
      'Lord Howe, a time just after what is skipped',
      window('45 2 * * *', '30m', 'Australia/Lord_Howe'),
      '2026-10-03T15:00:00Z',
      '2026-10-03T15:45:00Z',
      '2026-10-03T16:15:00Z',
    ],
    [
      'Lord Howe, a time that comes twice',
      window('45 1 * * *', '5m', 'Australia/Lord_Howe'),
      '2026-04-04T14:46:00Z',
      '2026-04-04T14:50:00Z',
      '2026-04-04T14:50:00Z',
    ],
    [
      'Lord Howe, a time that comes twice: the second',
      window('45 1 * * *', '5m', 'Australia/Lord_Howe'),
      '2026-04-04T14:50:00Z',
      '2026-04-04T15:15:00Z',
      '2026-04-04T15:20:00Z',
    ],
  ])('%s', (_name, freeze, now, begins, ends) => {
    const before = gate([{ releaseWindows: [freeze] }], at(now));
    if (before.open) {
      expect(text(before.closesAt)).toBe(begins);
      return;
    }
    expect(text(before.opensAt)).toBe(begins);
    expect(text(gate([{ releaseWindows: [freeze] }], before.opensAt!).closesAt)).toBe(ends);
    expect(text(gate([{ freeze: [freeze] }], before.opensAt!).opensAt)).toBe(ends);
  });
});

describe('the windows of several policies', () => {
  const nights = { releaseWindows: [window('0 22 * * *', '4h', 'Etc/UTC', 'nights')] };
  const late = { releaseWindows: [window('0 23 * * *', '4h', 'Etc/UTC', 'late'), window('0 12 * * SUN', '1h', 'Etc/UTC', 'sundays')] };
  const weekend = { freeze: [window('0 0 * * SAT', '48h', 'Etc/UTC', 'weekend')] };

  it('must all be open at once', () => {
    expect(text(gate([nights, late], at('2026-01-14T12:00:00Z')).opensAt)).toBe('2026-01-14T23:00:00Z');
    expect(text(gate([nights, late], at('2026-01-14T23:00:00Z')).closesAt)).toBe('2026-01-15T02:00:00Z');
  });

  it('wait for what is open outside of every freeze', () => {
    const result = gate([nights, weekend], at('2026-01-17T00:00:00Z'));
    expect(text(result.opensAt)).toBe('2026-01-19T00:00:00Z');
    expect(text(gate([nights, weekend], at('2026-01-16T23:00:00Z')).closesAt)).toBe('2026-01-17T00:00:00Z');
  });

  it('name all that keeps it closed', () => {
    expect(gate([nights, late, weekend], at('2026-01-17T12:00:00Z')).because).toBe(
      'outside of release windows nights (0 22 * * * for 4h, Etc/UTC), and outside of release windows late (0 23 * * * for 4h, Etc/UTC), ' +
        'sundays (0 12 * * SUN for 1h, Etc/UTC), and inside freeze weekend (0 0 * * SAT for 48h, Etc/UTC)',
    );
  });

  it('name only some of very many', () => {
    const rules = Array.from({ length: 50 }, (_, i) => ({
      releaseWindows: Array.from({ length: 16 }, (_, j) => window('0 22 * * *', '4h', 'Etc/UTC', `w-${i}-${j}`)),
    }));
    const { because } = gate(rules, at('2026-01-17T12:00:00Z'));
    expect(because).toContain('and 13 more');
    expect(because).toMatch(/and 47 more$/);
    expect(because!.length).toBeLessThan(600);
  });

  it('are open for ever without any', () => {
    expect(gate([], at('2026-01-17T12:00:00Z'))).toEqual({ open: true });
    expect(gate([{}, { freeze: [], releaseWindows: [] }], at('2026-01-17T12:00:00Z'))).toEqual({ open: true });
  });

  it('that touch are one', () => {
    const days = { freeze: [window('0 8 * * *', '4h'), window('0 12 * * *', '4h'), window('30 13 * * *', '5h')] };
    expect(text(gate([days], at('2026-01-14T09:00:00Z')).opensAt)).toBe('2026-01-14T18:30:00Z');
    const releases = { releaseWindows: days.freeze };
    expect(text(gate([releases], at('2026-01-14T09:00:00Z')).closesAt)).toBe('2026-01-14T18:30:00Z');
  });
});

describe('a window that cannot be read', () => {
  const unreadable = window('0 25 * * *', '4h', 'Etc/UTC', 'odd');

  it('holds as a freeze', () => {
    expect(gate([{ freeze: [unreadable] }], at('2026-01-17T12:00:00Z'))).toEqual({
      open: false,
      because: 'inside freeze odd, which cannot be read',
    });
  });

  it('never comes as a release window', () => {
    expect(gate([{ releaseWindows: [unreadable] }], at('2026-01-17T12:00:00Z'))).toMatchObject({ open: false });
    const other = window('0 22 * * *', '4h');
    expect(text(gate([{ releaseWindows: [unreadable, other] }], at('2026-01-17T12:00:00Z')).opensAt)).toBe('2026-01-17T22:00:00Z');
  });
});

describe('the search', () => {
  const now = at('2026-06-01T00:00:00Z');

  it.each<[string, Parameters<typeof gate>[0]]>([
    ['a freeze for a year, every minute', [{ freeze: [window('* * * * *', '366d')] }]],
    ['a freeze that is longer than it may be', [{ freeze: [window('* * * * *', '400d')] }]],
    ['a freeze for a minute, every minute', [{ freeze: [window('* * * * *', '1m')] }]],
    ['freezes that relieve each other every minute', [{ freeze: [window('*/2 * * * *', '1m'), window('1-59/2 * * * *', '1m')] }]],
    [
      'release windows that never meet',
      [{ releaseWindows: [window('*/2 * * * *', '1m')] }, { releaseWindows: [window('1-59/2 * * * *', '1m')] }],
    ],
    ['a release window that is years away', [{ releaseWindows: [window('0 0 29 2 *', '1h')] }]],
  ])('ends without a time for %s', (_name, rules) => {
    const result = gate(rules, now);
    expect(result.open).toBe(false);
    expect(result.opensAt).toBeUndefined();
  });

  it('tells what is just within its horizon', () => {
    const leapDay = [{ releaseWindows: [window('0 0 29 2 *', '1h')] }];
    const opens = at('2028-02-29T00:00:00Z');
    expect(gate(leapDay, opens - gateHorizonMs).opensAt).toBeUndefined();
    expect(gate(leapDay, opens - gateHorizonMs + 1).opensAt).toBe(opens);
  });

  it('gives the same answer in whatever order the times are asked for', () => {
    const times = fc.array(
      fc.integer({ min: 0, max: 40 * dayMs }).map((ms) => now + ms),
      { minLength: 1, maxLength: 20 },
    );
    fc.assert(
      fc.property(times, (asked) => {
        const rules = [{ freeze: [window('0 3 */3 * *', '7h', 'Europe/Berlin')], releaseWindows: [window('0 1-22/7 * * *', '5h')] }];
        const first = asked.map((time) => gate(rules, time));
        const sorted = new Map([...asked].sort((a, b) => a - b).map((time) => [time, gate(rules, time)]));
        expect(asked.map((time) => sorted.get(time))).toEqual(first);
      }),
    );
  });
});

// Some days around changes of the clocks of these zones.
const changes: Readonly<Record<string, readonly string[]>> = {
  'Etc/UTC': ['2026-01-01T00:00:00Z', '2028-02-29T00:00:00Z'],
  'Europe/Berlin': ['2026-03-29T01:00:00Z', '2026-10-25T01:00:00Z'],
  'America/New_York': ['2026-03-08T07:00:00Z', '2026-11-01T06:00:00Z'],
  'Australia/Lord_Howe': ['2026-04-04T15:00:00Z', '2026-10-03T15:30:00Z'],
  'Africa/Cairo': ['2026-04-23T22:00:00Z', '2026-10-29T21:00:00Z'],
  'America/St_Johns': ['2026-03-08T05:30:00Z', '2026-11-01T04:30:00Z'],
  'Africa/Casablanca': ['2026-02-15T02:00:00Z', '2026-03-22T02:00:00Z'],
  'Pacific/Chatham': ['2026-04-04T14:00:00Z', '2026-09-26T14:00:00Z'],
};

const some = (min: number, max: number, maxLength: number) =>
  fc.uniqueArray(fc.integer({ min, max }), { minLength: 1, maxLength }).map((values) => values.sort((a, b) => a - b));
const orEvery = (values: fc.Arbitrary<number[]>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant('*' as const) }, { weight: 1, arbitrary: values });

const schedules: fc.Arbitrary<PlainSchedule> = fc.record({
  minutes: some(0, 59, 3),
  // The hours in which clocks are changed, more often than not.
  hours: fc.oneof(some(0, 4, 3), some(0, 23, 5)),
  daysOfMonth: orEvery(some(1, 31, 10)),
  months: fc.constant('*' as const),
  daysOfWeek: orEvery(some(0, 6, 3)),
});
const lengths = fc.oneof(fc.integer({ min: 1, max: 7_200 }), fc.constantFrom(60, 1_800, 3_600, 7_200, 86_400, 100_000));
const zones = fc.constantFrom(...Object.keys(changes));
const windows = (zone: string) =>
  fc.record({
    when: schedules,
    seconds: lengths,
    timeZone: fc.oneof({ weight: 3, arbitrary: fc.constant(zone) }, { weight: 1, arbitrary: zones }),
  });

const situations = zones.chain((zone) =>
  fc.record({
    now: fc
      .tuple(fc.constantFrom(...changes[zone]!), fc.integer({ min: -26 * 3_600, max: 26 * 3_600 }))
      .map(([change, s]) => at(change) + s * 1_000),
    freeze: fc.array(windows(zone), { maxLength: 2 }),
    releases: fc.array(fc.array(windows(zone), { maxLength: 2 }), { maxLength: 2 }),
  }),
);

/** What the gate is over two days, by the definition, at each of its changes. */
function oracle({ freeze, releases, now }: { freeze: PlainWindow[]; releases: PlainWindow[][]; now: number }) {
  const until = now + 2 * dayMs;
  const start = Math.floor(now / 60_000) * 60_000;
  const stretches = (window: PlainWindow): Stretches => stretchesOf(window, start, until);
  const closed = freeze.map(stretches);
  const opened = releases.filter((windows) => windows.length > 0).map((windows) => windows.flatMap(stretches));
  const isOpen = (time: number): boolean => closed.every((all) => !isWithin(all, time)) && opened.every((all) => isWithin(all, time));
  const edges = [...closed, ...opened].flat().flatMap(({ from, until: end }) => [from, end]);
  const next = edges.filter((time) => time > now && time < until && isOpen(time) !== isOpen(now)).sort((a, b) => a - b)[0];
  return { open: isOpen(now), next, until, isOpen };
}

describe('the gate', () => {
  it('is what the clocks on the wall say, minute by minute, and its next change is exact', () => {
    fc.assert(
      fc.property(situations, (situation) => {
        const rules = [
          { freeze: situation.freeze.map((w) => windowOf(w)) },
          ...situation.releases.map((windows) => ({ releaseWindows: windows.map((w) => windowOf(w)) })),
        ];
        const expected = oracle(situation);
        const result = gate(rules, situation.now);
        expect(result.open).toBe(expected.open);
        const next = result.open ? result.closesAt : result.opensAt;
        expect(next !== undefined && next < expected.until ? next : undefined).toBe(expected.next);
        if (next === undefined) return;
        expect(gate(rules, next - 1_000).open && next - 1_000 >= situation.now).toBe(result.open && next - 1_000 >= situation.now);
        expect(gate(rules, next).open).toBe(!result.open);
      }),
      { numRuns: 100 },
    );
  });
});
