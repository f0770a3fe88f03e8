import { describe, expect, it } from 'vitest';
import { AdmissionRequest, type Verdict } from './review.ts';
import { validateChannel } from './validateChannel.ts';

const review = async (spec: object, more: object = {}): Promise<Verdict> =>
  validateChannel.review(
    AdmissionRequest.parse({
      uid: 'u',
      kind: { group: 'countersign.dev', version: 'v1alpha1', kind: 'NotificationChannel' },
      operation: 'CREATE',
      userInfo: { username: 'paula' },
      object: { metadata: { name: 'c', namespace: 'payments' }, spec },
      ...more,
    }),
    { path: '/validate/channels', signal: new AbortController().signal },
  );
const mail = { type: 'SMTP', config: { host: 'mail.example.com', from: 'approvals@example.com' } };
const bad = { type: 'SMTP', config: { host: 'mail.example.com', from: 'nobody', port: 'x', smtp: 1 } };

describe('a channel under review', () => {
  it('is admitted when nothing is wrong with it', async () => {
    expect(await review(mail)).toEqual({ allowed: true });
  });

  it('is refused with every field of config that is wrong, what it was and what was expected', async () => {
    const verdict = await review(bad);
    expect(verdict).toMatchObject({ allowed: false, code: 422 });
    const { message } = verdict as { message: string };
    expect(message).toMatch(/spec\.config\.from: was "nobody": expected one mail address/);
    expect(message).toMatch(/spec\.config\.port: was "x": /);
    expect(message).toMatch(/spec\.config\.smtp: there is no such field for this type; remove it/);
  });

  it('is refused without a Secret where its type needs one', async () => {
    expect(await review({ type: 'PagerDuty', config: {} })).toMatchObject({
      allowed: false,
      message: 'spec.secretRef: is missing: expected the name of a Secret with routingKey.',
    });
    expect(await review({ type: 'PagerDuty', secretRef: { name: 'pd' } })).toEqual({ allowed: true });
  });

  it('is looked at when it is changed, and left alone when what it says is not', async () => {
    const old = { metadata: {}, spec: bad };
    expect(await review(bad, { operation: 'UPDATE', oldObject: { metadata: {}, spec: mail } })).toMatchObject({ allowed: false });
    expect(await review(bad, { operation: 'UPDATE', oldObject: old })).toEqual({ allowed: true });
    expect(await review(bad, { operation: 'DELETE', object: null, oldObject: old })).toEqual({ allowed: true });
  });

  it('is left to the API server where the schema does not take it', async () => {
    expect(await review({ type: 'Pigeon' })).toEqual({ allowed: true });
  });
});
