import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inForce } from '../../operator/core/delegation.ts';
import { minutes } from '../../test/fixtures/facts.ts';
import { at } from '../../test/fixtures/knownRequests.ts';
import { mostTimes, sorted, type KnownDelegation } from './delegations.ts';

const directory = { byUsername: () => undefined };
const written = (number: number, more: Partial<KnownDelegation> = {}): KnownDelegation => ({
  namespace: 'payments',
  name: `d-${number}`,
  from: 'carla@corp',
  to: 'dan@corp',
  author: 'carla@corp',
  createdAt: at(0),
  applies: true,
  groups: ['board'],
  ...more,
});
const toDan = (all: readonly KnownDelegation[], now = minutes(0)) => sorted(all, directory, now).byTo.get('dan@corp') ?? [];

describe('delegations sorted for a list of requests', () => {
  it('are one where many say the same, however many there are', () => {
    expect(toDan(Array.from({ length: 10_000 }, (_, i) => written(i)))).toHaveLength(1);
    const overlapping = Array.from({ length: 10_000 }, (_, i) => written(i, { notBefore: at(i), notAfter: at(i + 2) }));
    expect(toDan(overlapping)).toHaveLength(1);
  });

  it('are several where they say something else', () => {
    const others = [{}, { from: 'erin@corp' }, { author: 'admin@corp' }, { groups: ['staff'] }].map((more, i) => written(i, more));
    expect(toDan(others)).toHaveLength(4);
  });

  it('lead nowhere once they are over, and of many times that are apart the next ones are kept', () => {
    const apart = Array.from({ length: 200 }, (_, i) => written(i, { notBefore: at(2 * i), notAfter: at(2 * i + 1) }));
    const kept = toDan(apart, minutes(99));
    expect([kept.length, kept.map(({ createdAt }) => createdAt).sort()[0]]).toEqual([mostTimes, at(100)]);
  });

  it('hold exactly when any of those they are made of does', () => {
    const time = fc.option(fc.integer({ min: 0, max: 20 }).map(at), { nil: undefined });
    const times = fc.record({ createdAt: fc.integer({ min: 0, max: 20 }).map(at), notBefore: time, notAfter: time });
    fc.assert(
      fc.property(fc.array(times, { maxLength: 8 }), (all) => {
        const made = toDan(
          all.map((more, i) => written(i, more)),
          minutes(-1),
        );
        for (let minute = 0; minute <= 21; minute += 1)
          expect(made.some((d) => inForce(d, minutes(minute)))).toBe(all.some((d) => inForce(d, minutes(minute))));
      }),
    );
  });
});
