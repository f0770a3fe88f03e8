import { describe, expect, it } from 'vitest';
import type { RecurringWindow } from '../../../crds/v1alpha1/index.ts';
import { gateFaults, windowFaults } from './index.ts';

const window = (schedule: string, duration = '1h', timeZone = 'Etc/UTC'): RecurringWindow => ({ name: 'w', schedule, duration, timeZone });

describe('a window', () => {
  it.each([
    '0 18 * * FRI',
    '* * * * *',
    '*/15 9-17 * * 1-5',
    '0,30 0-23/2 1,15 JAN-MAR,dec MON,WED',
    '0 0 29 2 *',
    '0 0 L * *',
    '0 0 1,L * *',
    '0 0 * * MON#1',
    '0 0 * * FRI#L',
    '0 0 * * 7',
    '  0 0   * * SUN ',
  ])('may have the schedule %s', (schedule) => {
    expect(windowFaults(window(schedule))).toEqual([]);
  });

  it.each([
    ['', 'has 1 fields, expected five'],
    ['0 18 * *', 'has 4 fields, expected five'],
    ['0 0 18 * * FRI', 'has 6 fields, expected five'],
    ['@annually', 'has 1 fields, expected five'],
    ['60 * * * *', 'has "60" for the minute, expected 0 to 59'],
    ['-1 * * * *', 'has "-1" for the minute'],
    ['*/0 * * * *', 'has "*/0" for the minute'],
    ['1,,2 * * * *', 'has "1,,2" for the minute'],
    ['0 24 * * *', 'has "24" for the hour, expected 0 to 23'],
    ['0 17-9 * * *', 'has "17-9" for the hour'],
    ['0 9am * * *', 'has "9am" for the hour'],
    ['? * * * *', 'has "?" for the minute'],
    ['0 0 0 * *', 'has "0" for the day of the month, expected 1 to 31'],
    ['0 0 32 * *', 'has "32" for the day of the month'],
    ['0 0 15W * *', 'has "15W" for the day of the month'],
    ['0 0 * 13 *', 'has "13" for the month, expected 1 to 12'],
    ['0 0 * FOO *', 'has "FOO" for the month'],
    ['0 0 * * 8', 'has "8" for the day of the week, expected 0 to 7'],
    ['0 0 * * Friday', 'has "Friday" for the day of the week'],
    ['0 0 * * +MON', 'has "+MON" for the day of the week'],
    ['0 0 * * MON#6', 'has "MON#6" for the day of the week'],
    ['0 0 31 2 *', 'never happens'],
    ['0 0 30,31 FEB *', 'never happens'],
    ['0 0 31 4,6,9,11 *', 'never happens'],
  ])('with the schedule "%s" has a fault that says so', (schedule, fault) => {
    expect(windowFaults(window(schedule))).toEqual([expect.stringContaining(`schedule: "${schedule}" ${fault}`)]);
  });

  it('on a day that a month has not, or on a day of the week, is right: cron takes either', () => {
    expect(windowFaults(window('0 0 31 2 MON'))).toEqual([]);
  });

  it.each(['Berlin', 'Europe/Atlantis', 'CET+1', '', '../etc/passwd'])('with the zone "%s" has a fault that says so', (zone) => {
    expect(windowFaults(window('0 0 * * *', '1h', zone))).toEqual([
      `timeZone: "${zone}" is not a time zone; expected a name of the IANA database, such as Europe/Berlin or Etc/UTC`,
    ]);
  });

  it.each(['0s', '367d', '999999d999999d', 'soon', ''])('that lasts "%s" has a fault that says so', (duration) => {
    expect(windowFaults(window('0 0 * * *', duration))).toEqual([
      `duration: was "${duration}", expected at least 1s and at most 366d, such as 60h`,
    ]);
  });

  it('has all of its faults told at once', () => {
    expect(windowFaults(window('0 0 31 2 *', '0h', 'Nowhere'))).toHaveLength(3);
  });
});

const freezeFault = 'freeze: leaves no time in eight years, so that nothing could ever be let go; shorten it';
const releaseFault =
  'releaseWindows: leave no time outside of freeze in eight years, so that nothing could ever be let go; add or move one';

describe('the windows of a policy', () => {
  it.each<[string, Parameters<typeof gateFaults>[0], string[]]>([
    ['none', {}, []],
    ['a freeze over the weekend', { freeze: [window('0 18 * * FRI', '60h')] }, []],
    ['a freeze that covers all time', { freeze: [window('0 0 * * *', '24h')] }, [freezeFault]],
    ['a freeze of a minute, every minute', { freeze: [window('* * * * *', '1m')] }, [freezeFault]],
    ['a freeze of a year, every minute', { freeze: [window('* * * * *', '366d')] }, [freezeFault]],
    ['freezes that cover all time together', { freeze: [window('0 0 * * *', '12h'), window('0 12 * * *', '12h')] }, [freezeFault]],
    ['a freeze that leaves a second', { freeze: [window('0 0 * * *', '86399s')] }, []],
    ['a freeze that leaves one day in four years', { freeze: [window('0 0 1 3 *', '365d')] }, []],
    ['a freeze of a day that is an hour longer once a year', { freeze: [window('0 0 * * *', '24h', 'Europe/Berlin')] }, []],
    ['release windows that cover all time', { releaseWindows: [window('0 0 * * *', '24h')] }, []],
    [
      'release windows outside of the freeze',
      { freeze: [window('0 0 * * SAT', '48h')], releaseWindows: [window('0 9 * * MON-SAT', '1h')] },
      [],
    ],
    [
      'release windows inside the freeze',
      { freeze: [window('0 0 * * SAT', '48h')], releaseWindows: [window('0 9 * * SAT,SUN', '1h')] },
      [releaseFault],
    ],
    ['a window that cannot be read has faults of its own', { freeze: [window('0 0 * * *', '24h'), window('x x x x x')] }, []],
  ])('%s', (_name, rule, faults) => {
    expect(gateFaults(rule)).toEqual(faults);
  });
});
