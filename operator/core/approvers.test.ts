import { describe, expect, it } from 'vitest';
import { approversByUsername, managersOf, sharedFields, theOnly } from './approvers.ts';

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

describe('whom a channel knows', () => {
  const dora = { username: 'dora', mail: 'Dora@corp.example', slackId: 'U1' };
  const eve = { username: 'eve', mail: 'eve@corp.example' };
  const frank = { username: 'frank' };
  const all = [dora, eve, frank];

  it.each([
    [{ mail: 'dora@CORP.example' }, dora],
    [{ slackId: 'U1' }, dora],
    [{ username: 'frank' }, frank],
    [{ mail: 'nobody@corp.example' }, undefined],
    [{ slackId: 'u1' }, undefined],
  ])('is the one Approver with %j', (sought, found) => {
    expect(theOnly(all, sought)).toBe(found);
  });

  it.each([
    ['the same mail in other letters', { username: 'mallory', mail: 'DORA@corp.example' }],
    ['the same Slack id', { username: 'mallory', slackId: 'U1' }],
    ['the same user name', { username: 'dora' }],
  ])('is nobody where another one has %s, however they are sought', (_what, other) => {
    for (const sought of [{ username: 'dora' }, { mail: 'dora@corp.example' }, { slackId: 'U1' }])
      expect(theOnly([...all, other], sought)).toBeUndefined();
  });

  it('shares nothing with somebody who is reached by nothing either', () => {
    expect(sharedFields(frank, { username: 'grace' })).toEqual([]);
  });
});
