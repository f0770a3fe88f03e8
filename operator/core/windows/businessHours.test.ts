import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BusinessHours } from '../../../crds/v1alpha1/index.ts';
import { wallClock } from '../../../test/fixtures/wallClock.ts';
import { businessDeadline, hoursFaults } from './index.ts';

const hours = (more: Partial<BusinessHours> = {}): BusinessHours => ({
  days: ['MON', 'TUE', 'WED', 'THU', 'FRI'],
  from: '09:00',
  to: '17:00',
  timeZone: 'Europe/Berlin',
  ...more,
});
const at = (text: string): number => Date.parse(text);
const text = (time: number): string => new Date(time).toISOString().replace('.000', '');
const [minute, hour, day] = [60_000, 3_600_000, 86_400_000];

describe('a deadline in business hours', () => {
  it.each<[string, string, number, Partial<BusinessHours>, string]>([
    ['is later the same day', '2026-01-14T09:00:00Z', 2 * hour, {}, '2026-01-14T11:00:00Z'],
    ['is the very end of the day, not the next morning', '2026-01-14T09:00:00Z', 7 * hour, {}, '2026-01-14T16:00:00Z'],
    ['goes on the next morning', '2026-01-14T15:00:00Z', 2 * hour, {}, '2026-01-15T09:00:00Z'],
    ['begins with the hours when asked before them', '2026-01-14T03:00:00Z', hour, {}, '2026-01-14T09:00:00Z'],
    ['skips the weekend', '2026-01-16T15:00:00Z', 2 * hour, {}, '2026-01-19T09:00:00Z'],
    ['begins on Monday when asked on Saturday', '2026-01-17T12:00:00Z', hour, {}, '2026-01-19T09:00:00Z'],
    ['is three working days later', '2026-01-15T08:00:00Z', 24 * hour, {}, '2026-01-19T16:00:00Z'],
    ['is right to the second', '2026-01-14T15:59:30Z', minute, {}, '2026-01-15T08:00:30Z'],
    ['in summer is an hour earlier in UTC', '2026-03-27T15:00:00Z', 2 * hour, {}, '2026-03-30T08:00:00Z'],
    ['in winter is an hour later in UTC', '2026-10-23T14:00:00Z', 2 * hour, {}, '2026-10-26T09:00:00Z'],
    ['does not count what the clocks skip', '2026-03-28T23:00:00Z', 3 * hour, { days: ['SUN'], from: '00:00' }, '2026-03-29T02:00:00Z'],
    ['has a shorter day then', '2026-03-28T23:00:00Z', 17 * hour, { days: ['SUN', 'MON'], from: '00:00' }, '2026-03-29T23:00:00Z'],
    [
      'counts twice what the clocks repeat',
      '2026-10-24T23:00:00Z',
      3 * hour,
      { days: ['SUN'], from: '02:00', to: '04:00' },
      '2026-10-25T03:00:00Z',
    ],
    ['of days that end at midnight', '2026-01-14T22:30:00Z', hour, { to: '24:00' }, '2026-01-15T08:30:00Z'],
    ['in New York', '2026-03-06T21:00:00Z', 2 * hour, { timeZone: 'America/New_York' }, '2026-03-09T14:00:00Z'],
    [
      'in Lord Howe, where half an hour is skipped',
      '2026-10-03T15:00:00Z',
      hour,
      { timeZone: 'Australia/Lord_Howe', days: ['SUN'], from: '01:30', to: '04:00' },
      '2026-10-03T16:00:00Z',
    ],
  ])('%s', (_name, since, wait, more, deadline) => {
    expect(text(businessDeadline(at(since), wait, hours(more)))).toBe(deadline);
  });

  it('ends its search after about ten years', () => {
    const oneMinuteAWeek = hours({ days: ['MON'], to: '09:01' });
    expect(businessDeadline(at('2026-01-14T09:00:00Z'), 500 * minute, oneMinuteAWeek)).toBeLessThan(at('2035-12-31T00:00:00Z'));
    expect(businessDeadline(at('2026-01-14T09:00:00Z'), 100_000 * day, oneMinuteAWeek)).toBe(Infinity);
  });

  it.each<[string, Partial<BusinessHours>]>([
    ['a zone that there is not', { timeZone: 'Europe/Atlantis' }],
    ['hours that end before they begin', { from: '17:00', to: '09:00' }],
  ])('with %s counts every hour', (_name, more) => {
    expect(businessDeadline(at('2026-01-16T15:00:00Z'), 20 * hour, hours(more))).toBe(at('2026-01-17T11:00:00Z'));
  });
});

const days = fc.uniqueArray(fc.constantFrom<BusinessHours['days'][number]>('MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'), {
  minLength: 1,
});
const clock = (minutes: number): string => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
const someHours = fc
  .tuple(days, fc.uniqueArray(fc.integer({ min: 0, max: 1_440 }), { minLength: 2, maxLength: 2 }))
  .map(([chosen, ends]) => ({ days: chosen, from: clock(Math.min(...ends)), to: clock(Math.max(...ends)) }));
const changes = fc.constantFrom<[string, string]>(
  ['Europe/Berlin', '2026-03-29T01:00:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00:00Z'],
  ['America/New_York', '2026-03-08T07:00:00Z'],
  ['America/New_York', '2026-11-01T06:00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30:00Z'],
  ['Etc/UTC', '2025-12-31T23:00:00Z'],
);

describe('business hours', () => {
  it('are those that the clocks on the wall show, minute by minute', () => {
    const cases = fc.tuple(changes, someHours, fc.integer({ min: -1_500, max: 1_500 }), fc.integer({ min: 1, max: 1_000 }));
    fc.assert(
      fc.property(cases, ([[timeZone, change], chosen, offset, wait]) => {
        const since = at(change) + offset * minute;
        const shown = wallClock(timeZone);
        const isOpen = (time: number): boolean => {
          const date = new Date(shown(time));
          const now = clock(date.getUTCHours() * 60 + date.getUTCMinutes());
          return (
            chosen.days.includes((['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] as const)[date.getUTCDay()]!) &&
            chosen.from <= now &&
            now < chosen.to
          );
        };
        let left = wait;
        let time = since;
        for (; left > 0 && time < since + 5 * day; time += minute) if (isOpen(time)) left -= 1;
        const deadline = businessDeadline(since, wait * minute, { ...chosen, timeZone });
        if (left === 0) expect(text(deadline)).toBe(text(time));
        else expect(deadline).toBeGreaterThan(since + 5 * day);
      }),
      { numRuns: 200 },
    );
  });

  it.each<[string, Partial<BusinessHours>, string[]]>([
    ['that are well formed', {}, []],
    ['until midnight', { to: '24:00' }, []],
    [
      'of a zone that there is not',
      { timeZone: 'Berlin' },
      ['timeZone: "Berlin" is not a time zone; expected a name of the IANA database, such as Europe/Berlin or Etc/UTC'],
    ],
    ['that end when they begin', { to: '09:00' }, ['to: was "09:00", expected later than from, which is "09:00"']],
    ['that end before they begin', { to: '08:00' }, ['to: was "08:00", expected later than from, which is "09:00"']],
    ['that end after the day', { to: '24:30' }, ['to: was "24:30", expected at most 24:00']],
    [
      'that begin with the next day',
      { from: '24:00', to: '24:00' },
      ['from: was "24:00", expected 00:00 to 23:59', 'to: was "24:00", expected later than from, which is "24:00"'],
    ],
    ['with a day twice', { days: ['MON', 'TUE', 'MON'] }, ['days: has MON twice; it counts once, so leave one of them out']],
  ])('%s have these faults', (_name, more, faults) => {
    expect(hoursFaults(hours(more))).toEqual(faults);
  });
});
