import { describe, expect, it } from 'vitest';
import { ApproverDirectory, callerFrom, type KnownApprover } from './directory.ts';

const person = (name: string, more: Partial<KnownApprover> = {}): KnownApprover => ({
  name,
  username: `${name}@corp`,
  groups: ['finance'],
  mail: `${name}@mail.corp`,
  slackId: `U-${name}`,
  ...more,
});

function directoryOf(...approvers: KnownApprover[]): ApproverDirectory {
  const indexes = new Map<string, (approver: KnownApprover) => readonly string[]>();
  return new ApproverDirectory({
    values: () => approvers,
    addIndex: (name, valuesOf) => void indexes.set(name, valuesOf),
    byIndex: (name, value) => approvers.filter((a) => indexes.get(name)!(a).includes(value)),
  });
}

describe('the directory', () => {
  it('knows people by user name, mail address in any case, and Slack id', () => {
    const directory = directoryOf(person('bob'), person('carol'));
    expect(directory.byUsername('bob@corp')?.name).toBe('bob');
    expect(directory.byMail('Carol@Mail.Corp')?.name).toBe('carol');
    expect(directory.bySlackId('U-bob')?.name).toBe('bob');
    expect(directory.byMail('nobody@corp')).toBeUndefined();
  });

  it('knows nobody by what two people are said to have', () => {
    const directory = directoryOf(person('bob'), person('mallory', { mail: 'bob@mail.corp', slackId: 'U-bob' }));
    expect(directory.byMail('bob@mail.corp')).toBeUndefined();
    expect(directory.bySlackId('U-bob')).toBeUndefined();
  });

  it('believes the first of several Approvers about one person, and nothing that the others say', () => {
    const directory = directoryOf(
      person('z', { username: 'bob@corp', groups: ['cfo'], mail: 'mallory@mail.corp' }),
      person('bob', { groups: ['finance'] }),
    );
    expect(directory.byUsername('bob@corp')?.groups).toEqual(['finance']);
    expect(directory.byMail('mallory@mail.corp')).toBeUndefined();
    expect(directory.inGroup('cfo')).toEqual([]);
    expect(directory.inGroup('finance').map((a) => a.name)).toEqual(['bob']);
  });

  it('lends nobody a group that is the API server’s own', () => {
    expect(callerFrom(person('bob', { groups: ['finance', 'system:masters'] }), 'Email')).toEqual({
      username: 'bob@corp',
      groups: ['finance', 'system:authenticated'],
      via: 'Email',
      proof: 'Link',
    });
  });
});
