import { describe, expect, it } from 'vitest';
import { configOf, secretOf } from './settings.ts';
import { smtp } from './smtp.ts';

describe('the config of a channel', () => {
  it('is read with its defaults', () => {
    expect(configOf(smtp, { host: 'mail.example.com', from: 'a@example.com' })).toEqual({
      config: { host: 'mail.example.com', port: 587, security: 'StartTLS', from: 'a@example.com' },
    });
  });

  it('that is wrong is told of field by field: what it was and what was expected', () => {
    expect(configOf(smtp, { host: 'no host', port: 0, security: 'Maybe', server: 'x' })).toEqual({
      faults: [
        expect.stringMatching(/^spec\.config\.host: was "no host": expected a host name/),
        expect.stringMatching(/^spec\.config\.port: was 0: /),
        expect.stringMatching(/^spec\.config\.security: was "Maybe": .*StartTLS/),
        expect.stringMatching(/^spec\.config\.from: is missing: /),
        'spec.config.server: there is no such field for this type; remove it',
      ],
    });
  });

  it('that is absent lacks what is required', () => {
    expect(configOf(smtp, undefined)).toMatchObject({
      faults: [expect.stringMatching(/host: is missing/), expect.stringMatching(/from: is missing/)],
    });
  });
});

describe('the Secret of a channel', () => {
  const channel = {
    type: 'Slack',
    secretKeys: [
      { name: 'token', required: true, description: '' },
      { name: 'signingSecret', required: false, description: '' },
    ],
  } as const;

  it('is read as far as the channel knows its keys, without the line break at the end', () => {
    expect(secretOf(channel, { token: 'xoxb-1\n', other: 'x' })).toEqual({ secret: { token: 'xoxb-1' } });
  });

  it.each([
    ['of which a key is missing', { signingSecret: 'x' }, 'spec.secretRef: the Secret has no token, which Slack needs.'],
    ['of which a key is empty', { token: '\n' }, 'spec.secretRef: the Secret has no token, which Slack needs.'],
    ['that is not named', undefined, 'spec.secretRef: is missing: expected a Secret with token, which Slack needs.'],
  ])('%s is not enough, and nothing of its values is said', (_what, data, fault) => {
    expect(secretOf(channel, data)).toEqual({ fault });
  });
});
