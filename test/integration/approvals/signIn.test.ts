import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasEnded, isSuspended, resources } from '../../fixtures/world.ts';
import { RealBrowser, type Visitor } from '../../../hack/peers/browser.ts';
import { decisionsIn, heldJob, signInScene, signInService, type SignInScene } from './signInService.ts';
import { screenshot } from './screenshots.ts';

const service = await signInService();
const { origin } = service;
let browser: RealBrowser;
beforeAll(async () => {
  browser = await RealBrowser.start();
});
afterAll(() => browser.stop());

/** Bob, on the page that he wanted to see before he was asked who he is. */
async function signedIn(of: SignInScene, path = '/requests', options: Parameters<RealBrowser['person']>[0] = {}): Promise<Visitor> {
  const visitor = await browser.person(options);
  await visitor.page.goto(origin + path);
  await visitor.signIn(of.bob);
  await visitor.page.waitForURL(origin + path);
  return visitor;
}

const cookieOf = async (visitor: Visitor): Promise<string> => {
  const cookie = (await visitor.context.cookies(origin)).find(({ name }) => name === '__Host-countersign');
  return `${cookie?.name ?? ''}=${cookie?.value ?? ''}`;
};

const formTokenOf = (visitor: Visitor): Promise<string> => visitor.page.locator('input[name=form_token]').first().inputValue();

describe('somebody with a browser', () => {
  it('signs in, finds what waits for them, sees what would run, approves it, and the Job runs', async () => {
    const of = await signInScene(service, { policy: { decision: { ticket: { required: true, pattern: '^CHG-[0-9]+$' } } } });
    const command = ['sh', '-c', 'set -e\necho transfer; ./wire --amount 50000'];
    const template = { spec: { restartPolicy: 'Never', containers: [{ name: 'wire', image: 'registry.example/wire:1', command }] } };
    const { made, asked } = await heldJob(of, 'wire-4711', { spec: { template } });
    const visitor = await signedIn(of);
    expect(await visitor.text()).toMatch(/What waits for you[^]*wire-4711[^]*alice/);
    await screenshot(visitor, 'list');
    await visitor.page.click(`a[href="/requests/${asked.metadata.uid}"]`);
    const shown = await visitor.text();
    expect(shown).toContain('registry.example/wire:1');
    expect(shown).toContain('./wire --amount 50000');
    expect(shown).toMatch(/the tag may be moved/);
    expect(shown).toContain(asked.status?.subjectDigest);
    expect(shown).toContain('computed anew from what is shown here: the same');
    await screenshot(visitor, 'request');
    await visitor.page.fill('#ticket', 'nonsense');
    await visitor.page.fill('#reason', 'Looks <b>right</b>');
    await visitor.page.click('button[value=Approve]');
    expect(await visitor.text()).toMatch(/That was not taken[^]*requires one that matches \^CHG-\[0-9\]\+\$/);
    expect(await visitor.page.inputValue('#reason')).toBe('Looks <b>right</b>');
    await screenshot(visitor, 'refused');
    await visitor.page.fill('#ticket', 'CHG-4711');
    await visitor.page.click('button[value=Approve]');
    await visitor.page.waitForURL(/decision=/);
    expect(await visitor.text()).toContain('You have approved it');
    // An address alone says nothing that is not so.
    await visitor.page.goto(`${origin}/requests/${asked.metadata.uid}?decision=made-up`);
    expect(await visitor.text()).not.toContain('You have approved it');
    await of.ns.eventually(resources.jobs, made.metadata.name, 'over', hasEnded);
    const [decision] = await decisionsIn(of);
    expect(decision?.['spec']).toMatchObject({
      approver: of.username,
      via: 'Web',
      verdict: 'Approve',
      ticket: 'CHG-4711',
      reason: 'Looks <b>right</b>',
    });
    await visitor.page.goto(`${origin}/requests/${asked.metadata.uid}`);
    expect(await visitor.text()).toContain('Looks <b>right</b>');
    await screenshot(visitor, 'decided');
    await visitor.page.goto(`${origin}/requests`);
    expect(await visitor.text()).toContain('Nothing waits for your decision');
    await of.ns.close();
  });

  it('rejects, with the reason that the policy asks for', async () => {
    const of = await signInScene(service, { policy: { decision: { reason: { required: true } } } });
    const { asked } = await heldJob(of, 'refused');
    const visitor = await signedIn(of, `/requests/${asked.metadata.uid}`, { dark: true, narrow: true });
    await screenshot(visitor, 'dark-narrow');
    await visitor.page.click('button[value=Reject]');
    // The browser itself says that it is needed.
    expect(await visitor.page.locator('#reason:invalid').count()).toBe(1);
    await visitor.page.fill('#reason', 'Not on a Friday');
    await visitor.page.click('button[value=Reject]');
    await visitor.page.waitForURL(/decision=/);
    await of.ns.requestIn('Rejected', asked.metadata.name);
    await of.ns.close();
  });

  it('signs out, here and at the provider, and the cookie is gone', async () => {
    const of = await signInScene(service);
    const visitor = await signedIn(of);
    await visitor.page.click('text=Sign out');
    await visitor.page.waitForURL(/localhost:\d+\/session\/end/);
    expect((await visitor.context.cookies(origin)).map(({ name }) => name)).not.toContain('__Host-countersign');
    await visitor.page.click('button[value=yes]');
    await visitor.page.waitForURL(`${origin}/`);
    await screenshot(visitor, 'landing');
    await visitor.page.goto(`${origin}/requests`);
    // The provider asks again as well.
    await visitor.page.waitForSelector('input[name=login]');
    await of.ns.close();
  });

  it('is shown no control character, markup or invisible text of the requester as what it would do', async () => {
    const of = await signInScene(service);
    const hostile = 'pay\u202egnp.exe <img src=x onerror=alert(1)> \u200bzero \u001b[31mred';
    const { asked } = await heldJob(of, 'hostile', { metadata: { annotations: { 'countersign.dev/reason': hostile } } });
    const visitor = await signedIn(of, `/requests/${asked.metadata.uid}`, { script: true });
    const shown = await visitor.text();
    expect(shown).toContain('pay\\u202egnp.exe <img src=x onerror=alert(1)> \\u200bzero \\u001b[31mred');
    expect(await visitor.page.locator('img').count()).toBe(0);
    for (const hidden of ['\u202e', '\u200b', '\u001b']) expect(await visitor.page.content()).not.toContain(hidden);
    await screenshot(visitor, 'hostile');
    await of.ns.close();
  });

  it('sees a problem as a page, and what they may not see not at all', async () => {
    const of = await signInScene(service);
    const other = await signInScene(service);
    const { asked } = await heldJob(other, 'secret-work');
    const visitor = await signedIn(of);
    const answer = await visitor.page.goto(`${origin}/requests/${asked.metadata.uid}`);
    expect(answer?.status()).toBe(404);
    expect(await visitor.text()).not.toContain('secret-work');
    await screenshot(visitor, 'not-found');
    await Promise.all([of.ns.close(), other.ns.close()]);
  });
});

describe('a sign-in', () => {
  it.each(['https://evil.example.com/', '//evil.example.com', '/\\evil.example.com', '/.//evil.example.com'])(
    'that asks to come back to %s comes back to the start',
    async (elsewhere) => {
      const of = await signInScene(service);
      const visitor = await browser.person();
      await visitor.page.goto(`${origin}/sign-in?return_to=${encodeURIComponent(elsewhere)}`);
      await visitor.signIn(of.bob);
      await visitor.page.waitForURL(`${origin}/requests`);
      await of.ns.close();
    },
  );

  it('that was begun in another browser, or is answered twice, signs nobody in', async () => {
    const of = await signInScene(service);
    const attacker = await browser.person();
    const seen: string[] = [];
    attacker.page.on('request', (request) => seen.push(request.url()));
    await attacker.page.goto(`${origin}/sign-in`);
    await attacker.signIn(of.bob);
    await attacker.page.waitForURL(`${origin}/requests`);
    const callback = seen.find((url) => url.includes('/sign-in/callback?')) ?? '';
    expect(callback).toMatch(/code=/);
    expect((await attacker.page.goto(callback))?.status()).toBe(401);
    const victim = await browser.person();
    const answer = await victim.page.goto(callback);
    expect(answer?.status()).toBe(401);
    expect(await victim.text()).toMatch(/You are not signed in[^]*begun in another browser/);
    expect(await victim.context.cookies(origin)).toEqual([]);
    await screenshot(victim, 'not-signed-in');
    await of.ns.close();
  });

  it.each(['', '?code=x&state=y', '?error=access_denied&state=y', '?code=x&code=y'])(
    'is not completed by a callback that nobody asked for: %s',
    async (query) => {
      const answer = await service.service.anonymous('GET', `/sign-in/callback${query}`);
      expect([answer.status, (answer.body as { code?: string; detail: string }).detail]).toEqual([
        401,
        expect.stringMatching(/^The sign-in was not completed/) as string,
      ]);
      expect(answer.headers['set-cookie']).toBeUndefined();
    },
  );
});

describe('a session', () => {
  it('is in a cookie that no script reads, and every page forbids scripts, frames and foreign sites', async () => {
    const of = await signInScene(service);
    const visitor = await signedIn(of);
    const [cookie] = (await visitor.context.cookies(origin)).filter(({ name }) => name === '__Host-countersign');
    expect(cookie).toMatchObject({ httpOnly: true, secure: true, sameSite: 'Lax', path: '/', domain: '127.0.0.1' });
    const answer = await visitor.page.goto(`${origin}/requests`);
    const headers = answer?.headers() ?? {};
    expect(headers['content-security-policy']).toMatch(/default-src 'none'.*form-action 'self'.*frame-ancestors 'none'/);
    expect(headers).toMatchObject({ 'cache-control': 'no-store', 'referrer-policy': 'same-origin', 'x-content-type-options': 'nosniff' });
    await of.ns.close();
  });

  it('decides nothing for another site, and nothing without the token of its own form', async () => {
    const of = await signInScene(service);
    const { made, asked } = await heldJob(of, 'forged');
    const visitor = await signedIn(of, `/requests/${asked.metadata.uid}`);
    const [cookie, form_token] = [await cookieOf(visitor), await formTokenOf(visitor)];
    const path = `/requests/${asked.metadata.uid}/decision`;
    const fields = { verdict: 'Approve', digest: asked.status?.subjectDigest ?? '', form_id: 'f' };
    const send = (headers: Record<string, string>, more: Record<string, string>) =>
      service.service.anonymous('POST', path, {
        headers: { cookie, 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams({ ...fields, ...more }).toString(),
      });
    const ours = { origin, 'sec-fetch-site': 'same-origin' };
    const forged = [
      await send({ origin: 'https://evil.example.com', 'sec-fetch-site': 'cross-site' }, { form_token }),
      await send({ origin: 'null', 'sec-fetch-site': 'cross-site' }, { form_token }),
      await send({ origin: 'https://other.127.0.0.1.example', 'sec-fetch-site': 'same-site' }, { form_token }),
      await send({}, { form_token }),
      await send(ours, {}),
      await send(ours, { form_token: 'guessed' }),
    ];
    expect(forged.map(({ status }) => status)).toEqual(forged.map(() => 403));
    // The JSON API is no way round it.
    const json = await service.service.anonymous('POST', `/v1/requests/${asked.metadata.uid}/decisions`, {
      headers: { cookie, ...ours },
      body: { verdict: 'Approve' },
    });
    expect(json.status).toBe(403);
    expect(await decisionsIn(of)).toEqual([]);
    expect(isSuspended(await of.ns.admin.get(resources.jobs, { namespace: of.ns.name, name: made.metadata.name }))).toBe(true);
    expect((await send(ours, { form_token })).status).toBe(303);
    await of.ns.close();
  });

  it('is not used by a form on another site that a real browser is made to send', async () => {
    const of = await signInScene(service);
    const { asked } = await heldJob(of, 'lured');
    const visitor = await signedIn(of, `/requests/${asked.metadata.uid}`, { script: true });
    const form_token = await formTokenOf(visitor);
    const fields = { verdict: 'Approve', digest: asked.status?.subjectDigest ?? '', form_id: 'f', form_token };
    const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`);
    const action = `${origin}/requests/${asked.metadata.uid}/decision`;
    await visitor.context.unroute(/^https?:\/\/(?!127\.0\.0\.1|localhost)/);
    await visitor.page.route('https://evil.example.com/', (route) =>
      route.fulfill({
        contentType: 'text/html',
        body: `<form method="post" action="${action}">${inputs.join('')}<button>Win a prize</button></form>`,
      }),
    );
    await visitor.page.goto('https://evil.example.com/');
    const answered = visitor.page.waitForResponse(action);
    await visitor.page.click('button');
    // Lax: the cookie is not even sent; and if it were, Origin would tell.
    expect([303, 401, 403]).toContain((await answered).status());
    expect(await decisionsIn(of)).toEqual([]);
    await of.ns.close();
  });

  it('that is forged, altered or taken from elsewhere is none', async () => {
    const of = await signInScene(service);
    const cookie = await cookieOf(await signedIn(of));
    const half = Math.floor(cookie.length / 2);
    const altered = cookie.slice(0, half) + (cookie[half] === 'A' ? 'B' : 'A') + cookie.slice(half + 1);
    const whoAmI = (sent: string) => service.service.anonymous('GET', '/v1/requests', { headers: { cookie: sent } });
    expect((await whoAmI(cookie)).status).toBe(200);
    for (const bad of [
      altered,
      '__Host-countersign=',
      '__Host-countersign=bob',
      cookie.replace('__Host-countersign', '__Host-countersign-sign-in'),
    ])
      expect((await whoAmI(bad)).status, bad.slice(0, 40)).toBe(401);
    await of.ns.close();
  });
});
