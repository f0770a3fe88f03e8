import { describe, expect, it } from 'vitest';
import { approversByUsername, managersOf } from './approvers.ts';

const one = { name: 'a-carla', username: 'carla', groups: ['finance'], manager: 'eve' };
const other = { name: 'b-carla', username: 'carla', groups: ['legal'], manager: 'mallory' };
const bob = { name: 'bob', username: 'bob', groups: [], manager: undefined };

describe('what is believed of somebody', () => {
  it.each([
    ['first', [one, bob, other]],
    ['last', [other, bob, one]],
  ])('is what the first Approver by name says, all of it, also where that is listed %s', (_where, listed) => {
    const believed = approversByUsername(listed);
    expect(believed.get('carla')).toBe(one);
    expect(believed.get('bob')).toBe(bob);
    expect([...managersOf(believed)]).toEqual([['carla', 'eve']]);
  });

  it('is no manager where the first names none, whatever the others say', () => {
    expect(managersOf(approversByUsername([other, { ...one, manager: undefined }])).size).toBe(0);
  });
});
