import { describe, expect, it } from 'vitest';
import { Releases } from './releases.ts';

describe('Releases', () => {
  const at = (start: number) => {
    const clock = { now: start };
    return { clock, releases: new Releases(() => clock.now) };
  };

  it('lets the news that something runs wait two seconds, in case it ends at once', () => {
    const { clock, releases } = at(1_000);
    releases.released('a/b');
    clock.now = 1_500;
    expect(releases.newsWaits('a/b', 'runs')).toBe(1_500);
    clock.now = 3_000;
    expect(releases.newsWaits('a/b', 'runs')).toBeUndefined();
  });

  it('lets it wait ten seconds when the GovernedJob tells it already', () => {
    const { clock, releases } = at(0);
    releases.released('a/b');
    clock.now = 9_000;
    expect(releases.newsWaits('a/b', 'runsAsToldElsewhere')).toBe(1_000);
    clock.now = 10_000;
    expect(releases.newsWaits('a/b', 'runsAsToldElsewhere')).toBeUndefined();
  });

  it('tells at once that something has ended', () => {
    const { releases } = at(0);
    releases.released('a/b');
    expect(releases.newsWaits('a/b', 'ended')).toBeUndefined();
  });

  it('has nothing to wait for with what it did not release, or has told of', () => {
    const { releases } = at(0);
    expect(releases.newsWaits('a/b', 'runs')).toBeUndefined();
    releases.released('a/b');
    releases.forget('a/b');
    expect(releases.newsWaits('a/b', 'runs')).toBeUndefined();
  });

  it('lets the news wait while many others are being released, but not for ever', async () => {
    const { clock, releases } = at(0);
    releases.released('a/b');
    const ends: (() => void)[] = [];
    const burst = Array.from({ length: 9 }, () => releases.during(() => new Promise<void>((resolve) => ends.push(resolve))));
    clock.now = 5_000;
    expect(releases.areMany).toBe(true);
    expect(releases.newsWaits('a/b', 'runs')).toBe(10_000);
    expect(releases.newsWaits('a/b', 'ended')).toBe(10_000);
    clock.now = 60_000;
    expect(releases.newsWaits('a/b', 'runs')).toBeUndefined();
    clock.now = 5_000;
    for (const end of ends) end();
    await Promise.all(burst);
    expect(releases.areMany).toBe(false);
    expect(releases.newsWaits('a/b', 'runs')).toBeUndefined();
  });

  it('counts a release that failed as over', async () => {
    const { clock, releases } = at(0);
    releases.released('a/b');
    const failing = Array.from({ length: 9 }, () => releases.during(() => Promise.reject(new Error('refused'))));
    await Promise.allSettled(failing);
    clock.now = 2_000;
    expect(releases.newsWaits('a/b', 'runs')).toBeUndefined();
  });
});
