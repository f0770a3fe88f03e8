import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requesterFrom, requesterStamp } from './requesterStamp.ts';

describe('who asked, from what is stamped', () => {
  it.each([
    [undefined, { username: '', groups: [] }],
    [{}, { username: '', groups: [] }],
    [
      { 'countersign.dev/requester': 'alice', 'countersign.dev/requester-groups': '' },
      { username: 'alice', groups: [] },
    ],
    [
      { 'countersign.dev/requester': 'alice', 'countersign.dev/requester-groups': 'dev\nfinance' },
      { username: 'alice', groups: ['dev', 'finance'] },
    ],
    [
      { 'countersign.dev/requester': 'system:serviceaccount:kube-system:cronjob-controller', 'countersign.dev/requester-groups': 'x' },
      { username: '', groups: [] },
    ],
    [
      { 'countersign.dev/requester': 'system:kube-controller-manager', 'countersign.dev/requester-groups': '' },
      { username: '', groups: [] },
    ],
  ])('of %j', (annotations, who) => {
    expect(requesterFrom(annotations)).toEqual(who);
  });
});

describe('what is stamped', () => {
  it('leaves out a group whose name has several lines, which would be read as several groups', () => {
    const stamped = requesterStamp({ username: 'mallory', groups: ['dev', 'x\nfinance', '\nboard', 'cfo\n'] });
    expect(stamped).toEqual({ 'countersign.dev/requester': 'mallory', 'countersign.dev/requester-groups': 'dev' });
  });

  it('never reads as a group that the person does not have, whatever groups are called', () => {
    const name = fc.oneof(fc.string(), fc.constantFrom('finance', 'x\nfinance', '\n', '\r\nfinance', 'finance\u2028board'));
    fc.assert(
      fc.property(fc.array(name), (groups) => {
        const read = requesterFrom(requesterStamp({ username: 'mallory', groups })).groups;
        expect(read).toEqual(groups.filter((group) => group !== '' && !group.includes('\n')));
      }),
    );
  });
});
