import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseSealKeys, Seals } from './seals.ts';
import { Sessions } from './session.ts';

const bob = { username: 'bob@corp', groups: ['finance', 'system:authenticated'] };
const hour = 3_600;

function sessionsWith(keys: readonly Uint8Array[] = [randomBytes(32)], seconds = hour) {
  let at = Date.UTC(2026, 10, 21);
  const seals = new Seals(keys, () => at);
  return { seals, sessions: new Sessions({ seals, seconds }), pass: (ms: number) => (at += ms) };
}

/** What the browser sends of what it was given. */
const sent = (setCookies: readonly string[]): { cookie: string } => ({
  cookie: setCookies.map((cookie) => cookie.split(';')[0]).join('; '),
});

describe('a session', () => {
  it('is in a cookie that only this host gets, over TLS, which no script reads and no other site sends along', async () => {
    const [cookie = ''] = await sessionsWith().sessions.begin(bob);
    expect(cookie).toMatch(/^__Host-countersign=[^;]+; /);
    expect(cookie.toLowerCase().split('; ').slice(1).sort()).toEqual(['httponly', 'max-age=3600', 'path=/', 'samesite=lax', 'secure']);
  });

  it('says who is signed in, and nothing of it can be read in the cookie', async () => {
    const { sessions } = sessionsWith();
    const cookies = await sessions.begin(bob);
    expect((await sessions.of(sent(cookies)))?.person).toEqual(bob);
    const readable = cookies
      .join()
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('latin1'))
      .join();
    expect(readable).not.toMatch(/bob|finance/);
  });

  it('is over after its time, whatever the browser sends', async () => {
    const { sessions, pass } = sessionsWith();
    const cookies = sent(await sessions.begin(bob));
    pass((hour - 1) * 1_000);
    expect(await sessions.of(cookies)).toBeDefined();
    pass(1_001);
    expect(await sessions.of(cookies)).toBeUndefined();
  });

  it('of which any part was altered is none', async () => {
    const { sessions } = sessionsWith();
    const [cookie = ''] = await sessions.begin(bob);
    const value = cookie.slice(cookie.indexOf('=') + 1, cookie.indexOf(';'));
    for (const index of [2, value.indexOf('..') + 4, value.lastIndexOf('.') - 3, value.length - 4]) {
      const altered = value.slice(0, index) + (value[index] === 'A' ? 'B' : 'A') + value.slice(index + 1);
      expect(await sessions.of({ cookie: `__Host-countersign=${altered}` })).toBeUndefined();
    }
    expect(await sessions.of({ cookie: `__Host-countersign=${value}` })).toBeDefined();
  });

  it.each(['', 'x', 'a.b.c.d.e', 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJib2IifQ.'])('is none in %j', async (value) => {
    expect(await sessionsWith().sessions.of({ cookie: `__Host-countersign=${value}` })).toBeUndefined();
  });

  it('sealed with a key of somebody else is none', async () => {
    const cookies = sent(await sessionsWith().sessions.begin(bob));
    expect(await sessionsWith().sessions.of(cookies)).toBeUndefined();
  });

  it('is none in what was sealed for something else, though it says the same', async () => {
    const { seals } = sessionsWith();
    const said = { sub: 'cfo', jti: 'x', groups: '' };
    expect(await seals.open('session', await seals.seal('session', said, hour))).toMatchObject(said);
    expect(await seals.open('session', await seals.seal('sign-in', said, hour))).toBeUndefined();
  });

  it('outlives a new key in front of the old one, and ends when the old one is taken away', async () => {
    const [old, fresh] = [randomBytes(32), randomBytes(32)];
    const cookies = sent(await sessionsWith([old]).sessions.begin(bob));
    expect((await sessionsWith([fresh, old]).sessions.of(cookies))?.person).toEqual(bob);
    expect(await sessionsWith([fresh]).sessions.of(cookies)).toBeUndefined();
  });

  it('keeps hundreds of groups, and says so when they are more than a browser keeps', async () => {
    const groups = (count: number): string[] => Array.from({ length: count }, (_, i) => `corp:department-${i}:approvers`);
    const { sessions } = sessionsWith();
    const many = { username: 'bob', groups: groups(300) };
    expect((await sessions.of(sent(await sessions.begin(many))))?.person).toEqual(many);
    const random = { username: 'bob', groups: Array.from({ length: 300 }, () => randomBytes(16).toString('hex')) };
    await expect(sessions.begin(random)).rejects.toMatchObject({ status: 431, message: expect.stringMatching(/300 groups/) as string });
  });
});

describe('the token of a form', () => {
  it('is good in its own session alone', async () => {
    const { sessions } = sessionsWith();
    const [mine, other] = await Promise.all([1, 2].map(async () => (await sessions.of(sent(await sessions.begin(bob))))!));
    const token = sessions.formToken(mine!);
    expect([sessions.isFormToken(mine!, token), sessions.isFormToken(other!, token)]).toEqual([true, false]);
    expect(sessions.isFormToken(mine!, '')).toBe(false);
    expect(sessions.isFormToken(mine!, `${token}x`)).toBe(false);
  });

  it('outlives a new key in front of the old one', () => {
    const [old, fresh] = [randomBytes(32), randomBytes(32)];
    const session = { person: bob, id: 'a' };
    const token = sessionsWith([old]).sessions.formToken(session);
    expect(sessionsWith([fresh, old]).sessions.isFormToken(session, token)).toBe(true);
    expect(sessionsWith([fresh]).sessions.isFormToken(session, token)).toBe(false);
  });
});

describe('the keys of sessions', () => {
  it('are read one a line, the newest first', () => {
    const keys = [randomBytes(32), randomBytes(32)];
    expect(parseSealKeys(`${keys.map((key) => key.toString('base64')).join('\n')}\n`)).toEqual(keys);
  });

  it.each([
    ['', /is empty/],
    [`${randomBytes(32).toString('base64')}\nc2hvcnQ=`, /5 bytes on line 2/],
  ])('are refused when they are %j, in words that show none of it', (text, why) => {
    expect(() => parseSealKeys(text)).toThrow(why);
    expect(() => parseSealKeys(text)).not.toThrow(/c2hvcnQ/);
  });
});
