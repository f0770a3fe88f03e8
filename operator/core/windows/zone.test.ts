import { describe, expect, it } from 'vitest';
import { wallClock } from '../../../test/fixtures/wallClock.ts';
import { dayPartAt, zoneOf, type Zone } from './zone.ts';

const from = Date.UTC(2024);
const until = Date.UTC(2026);
const named = (name: string): Zone => {
  const zone = zoneOf(name);
  if (zone === undefined) throw new Error(`${name} is no zone`);
  return zone;
};

describe('a zone', () => {
  // Whole hours and halves, changes in the night, at midnight, for Ramadan, of two hours, and none.
  it.each([
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Africa/Casablanca',
    'Africa/Cairo',
    'America/Nuuk',
    'America/Havana',
    'Antarctica/Troll',
    'Asia/Beirut',
    'Asia/Kathmandu',
    'Atlantic/Azores',
    'Pacific/Chatham',
    'Pacific/Kiritimati',
    'America/St_Johns',
    'Etc/UTC',
  ])('knows what the clocks show: %s', (name) => {
    const zone = named(name);
    const clock = wallClock(name);
    for (let time = from; time < until; time += 7 * 3_600_000 + 13_000) {
      expect(time + zone.steadyAt(time).offset).toBe(clock(time));
    }
  });

  it.each(['Europe/Berlin', 'Australia/Lord_Howe', 'Africa/Casablanca', 'America/Havana'])(
    'tells to the second when they are changed: %s',
    (name) => {
      const zone = named(name);
      const clock = wallClock(name);
      let changes = 0;
      for (let time = from; time < until; time = zone.steadyAt(time).until) {
        const steady = zone.steadyAt(time);
        expect(clock(steady.from - 1_000) + 1_000 - steady.from).toBe(steady.offsetBefore);
        expect(clock(steady.until - 1_000) + 1_000 - steady.until).toBe(steady.offset);
        if (steady.offset !== steady.offsetBefore) changes += 1;
      }
      expect(changes).toBe(4);
    },
  );

  it('has days that follow each other without a gap, in both directions', () => {
    const zone = named('Australia/Lord_Howe');
    for (let part = dayPartAt(zone, from); part.from < until;) {
      const next = dayPartAt(zone, part.until);
      expect(next.from).toBe(part.until);
      expect(dayPartAt(zone, next.from - 1)).toEqual(part);
      part = next;
    }
  });

  it('that took a change back after a week knows both', () => {
    const zone = named('America/Boa_Vista');
    const hours = (time: number): number => zone.steadyAt(time).offset / 3_600_000;
    expect([7, 9, 16].map((day) => hours(Date.UTC(2000, 9, day)))).toEqual([-4, -3, -4]);
  });

  it('that skips a whole day goes on with the one after', () => {
    const change = Date.UTC(2011, 11, 30, 10);
    const part = dayPartAt(named('Pacific/Apia'), change);
    expect(new Date(part.day * 86_400_000).toISOString()).toBe('2011-12-31T00:00:00.000Z');
    expect((part.skipped.until - part.skipped.from) / 3_600_000).toBe(24);
  });

  it.each(['', 'Atlantis', 'undefined'])('of the name "%s" there is none', (name) => {
    expect(zoneOf(name)).toBeUndefined();
  });
});
