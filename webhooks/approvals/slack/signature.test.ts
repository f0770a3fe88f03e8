import { describe, expect, it } from 'vitest';
import { isSignedWith, isTimely, type Signed } from './signature.ts';

const secret = '8f742231b10e8888abcd99yyyzzz85a5';
/** Slack's own example: https://docs.slack.dev/authentication/verifying-requests-from-slack. */
const example: Signed = {
  timestamp: '1531420618',
  signature: 'v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503',
  raw: Buffer.from(
    'token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c',
  ),
};

describe('a signature of Slack', () => {
  it('of the published example is right', () => {
    expect(isSignedWith(secret, example)).toBe(true);
  });

  it.each<[string, Partial<Signed>]>([
    ['over another body', { raw: Buffer.from(`${example.raw.toString()}&x=1`) }],
    ['at another time', { timestamp: '1531420619' }],
    ['that is missing', { signature: undefined }],
    ['without a time', { timestamp: undefined }],
    ['of another version', { signature: example.signature!.replace('v0', 'v1') }],
    ['that is shorter', { signature: example.signature!.slice(0, -2) }],
    ['in capitals', { signature: example.signature!.toUpperCase() }],
    ['that is wrong', { signature: `v0=${'0'.repeat(64)}` }],
  ])('%s is wrong', (_what, change) => {
    expect(isSignedWith(secret, { ...example, ...change })).toBe(false);
  });

  it('with another secret is wrong', () => {
    expect(isSignedWith('another', example)).toBe(false);
  });
});

describe('the time of a call', () => {
  const now = 1_531_420_618_000;
  it.each<[string, string | undefined, boolean]>([
    ['now', '1531420618', true],
    ['five minutes ago', '1531420318', true],
    ['longer ago', '1531420317', false],
    ['in five minutes', '1531420918', true],
    ['later than that', '1531420919', false],
    ['that is missing', undefined, false],
    ['that is no number', 'now', false],
    ['that is negative', '-1531420618', false],
    ['that is a fraction', '1531420618.0', false],
  ])('%s', (_what, timestamp, expected) => {
    expect(isTimely({ timestamp }, now)).toBe(expected);
  });
});
