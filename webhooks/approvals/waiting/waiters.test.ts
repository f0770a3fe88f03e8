import { describe, expect, it, vi } from 'vitest';
import { Waiters } from './waiters.ts';

const open = (): AbortSignal => new AbortController().signal;
const notYet = (): boolean => false;

describe('waiters', () => {
  it('are woken all at once, and only those who wait for it', async () => {
    const waiters = new Waiters(40);
    const one = [1, 2, 3].map(() => waiters.wait('one', notYet, { caller: 'bob', ms: 60_000, signal: open() }));
    const hangUp = new AbortController();
    const other = waiters.wait('other', notYet, { caller: 'bob', ms: 60_000, signal: hangUp.signal });
    expect(waiters.count).toBe(4);
    waiters.wake('one');
    expect(await Promise.all(one)).toEqual(['arrived', 'arrived', 'arrived']);
    expect(waiters.count).toBe(1);
    hangUp.abort();
    expect(await other).toBe('hungUp');
    expect(waiters.count).toBe(0);
  });

  it('do not wait for what has happened, nor for those who hung up', async () => {
    const waiters = new Waiters(1);
    expect(await waiters.wait('one', () => true, { caller: 'bob', ms: 60_000, signal: open() })).toBe('arrived');
    expect(await waiters.wait('one', notYet, { caller: 'bob', ms: 60_000, signal: AbortSignal.abort() })).toBe('hungUp');
    expect(waiters.count).toBe(0);
  });

  it('wait no longer than they said', async () => {
    vi.useFakeTimers();
    try {
      const waiters = new Waiters(1);
      const end = waiters.wait('one', notYet, { caller: 'bob', ms: 60_000, signal: open() });
      await vi.advanceTimersByTimeAsync(60_000);
      expect(await end).toBe('late');
      expect(waiters.count).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('are told to come back when there are too many', () => {
    const waiters = new Waiters(1);
    const signal = open();
    void waiters.wait('one', notYet, { caller: 'bob', ms: 60_000, signal });
    expect(() => waiters.wait('two', notYet, { caller: 'bob', ms: 60_000, signal })).toThrow(/^1 callers wait here already/);
    waiters.wake('one');
    void waiters.wait('two', notYet, { caller: 'bob', ms: 60_000, signal });
    waiters.wake('two');
    expect(waiters.count).toBe(0);
  });

  it('of one caller have a tenth of the places, and leave the others theirs', () => {
    const waiters = new Waiters(20);
    const of = (caller: string, uid: string) => waiters.wait(uid, notYet, { caller, ms: 60_000, signal: open() });
    void of('bob', 'one');
    void of('bob', 'two');
    expect(() => of('bob', 'three')).toThrow(/^bob waits here 2 times already, which is the most for one caller/);
    void of('carol', 'three');
    waiters.wake('one');
    void of('bob', 'one');
    expect(() => of('bob', 'three')).toThrow(/^bob waits/);
    for (const uid of ['one', 'two', 'three']) waiters.wake(uid);
    expect(waiters.count).toBe(0);
  });
});
