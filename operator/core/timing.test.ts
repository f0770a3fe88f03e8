import { describe, expect, it } from 'vitest';
import type { BusinessHours } from '../../crds/v1alpha1/index.ts';
import { stage, user } from '../../test/fixtures/facts.ts';
import type { AskedStage } from './resolve.ts';
import { gateTurnsAt, timeOf, timesOf } from './timing.ts';

const at = (text: string): number => Date.parse(text);
const berlin: BusinessHours = { days: ['MON', 'TUE', 'WED', 'THU', 'FRI'], from: '09:00', to: '17:00', timeZone: 'Europe/Berlin' };

const asked = (more: Partial<AskedStage> = {}): AskedStage => ({
  ...stage('finance', 1, [user('bob')]),
  asSubmitted: true,
  separation: { requesterMayApprove: false, distinctAcrossStages: true },
  timeout: '4h',
  ...more,
});

const escalates = (timeout?: string): Partial<AskedStage> => ({
  onTimeout: 'Escalate',
  escalation: { from: [user('cfo')], count: 1, ...(timeout === undefined ? {} : { timeout }) },
});

describe('the times of a stage', () => {
  it.each<[string, string, Partial<AskedStage>, string, string]>([
    ['run from when it became active', '2026-03-02T09:00:00Z', {}, '2026-03-02T13:00:00Z', '2026-03-02T13:00:00Z'],
    ['are as long again for those it escalates to', '2026-03-02T09:00:00Z', escalates(), '2026-03-02T13:00:00Z', '2026-03-02T17:00:00Z'],
    ['are as long for them as it says', '2026-03-02T09:00:00Z', escalates('30m'), '2026-03-02T13:00:00Z', '2026-03-02T13:30:00Z'],
    [
      'run in business hours alone: from Friday afternoon over the weekend',
      '2026-03-06T14:00:00Z',
      { businessHours: berlin },
      '2026-03-09T10:00:00Z',
      '2026-03-09T10:00:00Z',
    ],
    [
      'run in business hours for those it escalates to as well',
      '2026-03-06T14:00:00Z',
      { businessHours: berlin, ...escalates('7h') },
      '2026-03-09T10:00:00Z',
      '2026-03-10T09:00:00Z',
    ],
    [
      'follow the clocks, which change in Berlin on the 29th of March',
      '2026-03-27T15:00:00Z',
      { businessHours: berlin },
      '2026-03-30T10:00:00Z',
      '2026-03-30T10:00:00Z',
    ],
  ])('%s', (_what, since, more, deadline, closesAt) => {
    expect(timesOf(asked(more), since, Infinity)).toEqual({ deadline: at(deadline), closesAt: at(closesAt) });
  });

  it('are never over for one that is not active, or has no timeout', () => {
    const never = { deadline: Infinity, closesAt: Infinity };
    expect(timesOf(asked(), undefined, at('2026-03-02T10:00:00Z'))).toEqual(never);
    const { timeout: _none, ...untimed } = asked();
    expect(timesOf(untimed, '2026-03-02T09:00:00Z', at('2026-03-02T10:00:00Z'))).toEqual(never);
  });

  it('are over with the request at the latest', () => {
    const expiresAt = at('2026-03-02T12:00:00Z');
    expect(timesOf(asked(escalates()), '2026-03-02T09:00:00Z', expiresAt)).toEqual({ deadline: expiresAt, closesAt: expiresAt });
    const later = at('2026-03-02T15:00:00Z');
    expect(timesOf(asked(escalates()), '2026-03-02T09:00:00Z', later)).toEqual({ deadline: at('2026-03-02T13:00:00Z'), closesAt: later });
  });

  it('are never over where a status does not say since when', () => {
    expect(timesOf(asked(), 'yesterday', Infinity)).toEqual({ deadline: Infinity, closesAt: Infinity });
  });
});

describe('when the gate is looked at again', () => {
  const now = at('2026-03-02T09:00:00Z');

  it.each<[string, Parameters<typeof gateTurnsAt>[0], boolean, number]>([
    ['never while it is open', { open: true, closesAt: now + 1 }, false, Infinity],
    ['just when it opens', { open: false, opensAt: now + 5 }, false, now + 5],
    ['in a day when nobody knows when it opens', { open: false }, false, now + 86_400_000],
    ['in a minute when that hangs on clocks that disagree', { open: false }, true, now + 60_000],
  ])('is %s', (_what, gate, clockDisagrees, expected) => {
    expect(gateTurnsAt(gate, { now, clockDisagrees })).toBe(expected);
  });
});

describe('a time that a status says', () => {
  it.each([
    ['2026-03-02T09:00:00Z', at('2026-03-02T09:00:00Z')],
    ['', undefined],
    ['soon', undefined],
    [undefined, undefined],
  ])('%j is %s', (text, time) => {
    expect(timeOf(text)).toBe(time);
  });
});
