import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { approvers } from '../../../crds/v1alpha1/index.ts';
import { findLink } from '../../../webhooks/approvals/store/links.ts';
import { RealBrowser } from '../../../hack/peers/browser.ts';
import { hasEnded, isSuspended, resources } from '../../fixtures/world.ts';
import { decisionsIn, heldJob, linkFor, signInScene, signInService, type SignInScene } from './signInService.ts';
import { screenshot } from './screenshots.ts';

const service = await signInService();
const { origin } = service;
let browser: RealBrowser;
beforeAll(async () => {
  browser = await RealBrowser.start();
});
afterAll(() => browser.stop());

const byMail = { stage: { minimumChannel: 'Email' } };
const { anonymous } = service.service;

const press = (path: string, fields: Record<string, string> = { verdict: 'Approve' }) =>
  anonymous('POST', path, {
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'text/html' },
    body: new URLSearchParams(fields).toString(),
  });

const isHeld = async ({ ns }: SignInScene, name: string): Promise<boolean> =>
  isSuspended(await ns.admin.get(resources.jobs, { namespace: ns.name, name }));

describe('a link from a mail', () => {
  it('shows what would run and, once the button is pressed, approves it: the Job runs', async () => {
    const of = await signInScene(service, byMail);
    const { made, asked } = await heldJob(of, 'by-mail', { metadata: { annotations: { 'countersign.dev/reason': 'Month end' } } });
    const visitor = await browser.person();
    const answer = await visitor.page.goto(origin + (await linkFor(of, asked, 'Approve')));
    expect(answer?.headers()).toMatchObject({
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
      'x-robots-tag': expect.stringContaining('noindex') as string,
      'content-security-policy': expect.stringMatching(/default-src 'none'/) as string,
    });
    const shown = await visitor.text();
    for (const fact of ['alice', 'Month end', 'registry.example/tool:1', asked.status?.subjectDigest ?? '', of.username])
      expect(shown).toContain(fact);
    expect(await isHeld(of, made.metadata.name)).toBe(true);
    await screenshot(visitor, 'link');
    await visitor.page.fill('#reason', 'As agreed');
    await visitor.page.click('button[value=Approve]');
    expect(await visitor.text()).toContain('You have approved it');
    await screenshot(visitor, 'link-decided');
    await of.ns.eventually(resources.jobs, made.metadata.name, 'over', hasEnded);
    const decisions = await decisionsIn(of);
    expect(decisions.map((d) => d['spec'])).toEqual([
      expect.objectContaining({ approver: of.username, via: 'Email', verdict: 'Approve', reason: 'As agreed' }),
    ]);
    await of.ns.close();
  });

  it('decides nothing by being looked at, however often and however a scanner looks', async () => {
    const of = await signInScene(service, byMail);
    const { made, asked } = await heldJob(of, 'scanned');
    const path = await linkFor(of, asked, 'Approve');
    for (const method of ['GET', 'HEAD', 'GET', 'OPTIONS', 'GET']) expect((await anonymous(method, path)).status).toBeLessThan(500);
    const scanner = await browser.person({ script: true });
    await scanner.page.goto(origin + path);
    // Some follow every link that they find: none may be one that decides.
    expect(await scanner.page.locator('a[href*="/l/"]').count()).toBe(0);
    expect(await decisionsIn(of)).toEqual([]);
    expect(await isHeld(of, made.metadata.name)).toBe(true);
    expect((await anonymous('GET', path)).status).toBe(200);
    await of.ns.close();
  });

  it('that fifty press at the same moment decides once', async () => {
    const of = await signInScene(service, byMail);
    const { asked } = await heldJob(of, 'fifty');
    const path = await linkFor(of, asked, 'Approve');
    const answers = await Promise.all(Array.from({ length: 50 }, () => press(path)));
    const counts = Object.groupBy(answers, ({ status }) => String(status));
    expect(counts['200']).toHaveLength(1);
    expect(Object.keys(counts).every((status) => ['200', '409', '410'].includes(status))).toBe(true);
    expect(await decisionsIn(of)).toHaveLength(1);
    const again = await press(path);
    expect([again.status, again.body]).toEqual([410, expect.stringMatching(/This link was used|nothing left to decide/) as string]);
    await of.ns.close();
  });

  it('that is none, not whole or made up is refused in one wording', async () => {
    const of = await signInScene(service, byMail);
    const { asked } = await heldJob(of, 'guessed');
    const path = await linkFor(of, asked, 'Approve');
    const wrong = ['/l/x', path.slice(0, -1), `${path}A`, `/l/${'A'.repeat(43)}`, path.replace('/l/', '/l/.'), '/l/%00', "/l/'%20or%201=1"];
    const answers = await Promise.all(wrong.flatMap((p) => [anonymous('GET', p), press(p)]));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
    expect(
      new Set(answers.map(({ body }) => /<p class="lead">(.*?)<\/p>/.exec(String(body))?.[1] ?? (body as { detail?: string }).detail)).size,
    ).toBe(1);
    expect(await decisionsIn(of)).toEqual([]);
    await of.ns.close();
  });

  it('that is too old, or about what has changed, was decided or is gone, is over, and says so', async () => {
    const of = await signInScene(service, byMail);
    const gone = async (path: string, says: RegExp): Promise<void> => {
      for (const answer of [await anonymous('GET', path, { headers: { accept: 'text/html' } }), await press(path)]) {
        expect([answer.status, answer.body]).toEqual([410, expect.stringMatching(says) as string]);
        expect(answer.headers['referrer-policy']).toBe('no-referrer');
      }
    };
    const { asked } = await heldJob(of, 'aged');
    await gone(await linkFor(of, asked, 'Approve', -1), /too old/);
    const changed = { ...asked, status: { ...asked.status, subjectDigest: `v1:sha256:${'0'.repeat(64)}` } } as typeof asked;
    await gone(await linkFor(of, changed, 'Approve'), /has changed since the mail was sent/);
    const rejects = await linkFor(of, asked, 'Reject');
    const approves = await linkFor(of, asked, 'Approve');
    expect((await press(rejects, { verdict: 'Reject' })).status).toBe(200);
    await of.ns.requestIn('Rejected', asked.metadata.name);
    await gone(approves, /nothing left to decide|not good any more/);
    const visitor = await browser.person();
    await visitor.page.goto(origin + approves);
    await screenshot(visitor, 'link-over');
    await gone(await linkFor(of, { ...asked, metadata: { ...asked.metadata, uid: 'another' } }, 'Approve'), /does not exist any more/);
    await of.ns.close();
  });

  it('decides what it was made for, and nothing else', async () => {
    const of = await signInScene(service, byMail);
    const { asked } = await heldJob(of, 'fixed');
    const path = await linkFor(of, asked, 'Reject');
    const answer = await press(path, { verdict: 'Approve' });
    expect([answer.status, answer.body]).toEqual([422, expect.stringMatching(/This link is there to reject/) as string]);
    expect(await decisionsIn(of)).toEqual([]);
    await of.ns.close();
  });

  it('whose decision the API server refuses can be used again, and says why', async () => {
    const of = await signInScene(service, { ...byMail, policy: { decision: { ticket: { required: true, pattern: '^CHG-[0-9]+$' } } } });
    const { asked } = await heldJob(of, 'ticketed');
    const path = await linkFor(of, asked, 'Approve');
    const refused = await press(path);
    expect([refused.status, refused.body]).toEqual([
      expect.any(Number) as number,
      expect.stringMatching(/That was not taken.*ticket/s) as string,
    ]);
    expect(refused.status).toBeGreaterThanOrEqual(400);
    expect(await decisionsIn(of)).toEqual([]);
    expect((await press(path, { verdict: 'Approve', ticket: 'CHG-1' })).status).toBe(200);
    expect(await decisionsIn(of)).toHaveLength(1);
    await of.ns.close();
  });

  it('for somebody who is no approver any more is over', async () => {
    const of = await signInScene(service, byMail);
    const { asked } = await heldJob(of, 'left');
    const path = await linkFor(of, asked, 'Approve');
    await of.ns.admin.delete(approvers, { name: of.bob });
    await expect.poll(async () => (await anonymous('GET', path)).status).toBe(410);
    expect((await press(path)).status).toBe(410);
    await of.ns.close();
  });

  it('that lies in a mailbox that is not its approver’s any more is over', async () => {
    const of = await signInScene(service, byMail);
    const { asked } = await heldJob(of, 'moved');
    const path = await linkFor(of, asked, 'Approve');
    expect((await anonymous('GET', path)).status).toBe(200);
    await of.ns.admin.patch(approvers, { name: of.bob }, { spec: { mail: `new.${of.mail}` } }, { type: 'merge' });
    await expect.poll(async () => (await anonymous('GET', path)).status).toBe(410);
    const answer = await press(path);
    expect([answer.status, answer.body]).toEqual([410, expect.stringContaining('sent to a mail address that is not that of') as string]);
    expect(await decisionsIn(of)).toEqual([]);
    await of.ns.close();
  });

  it('where the policy wants to be surer of who decides invites to sign in, and leads to the request', async () => {
    const of = await signInScene(service);
    const { made, asked } = await heldJob(of, 'surer');
    const path = await linkFor(of, asked, 'Approve');
    const visitor = await browser.person();
    await visitor.page.goto(origin + path);
    expect(await visitor.page.locator('button[value=Approve]').count()).toBe(0);
    await screenshot(visitor, 'link-sign-in');
    expect((await press(path)).status).toBe(403);
    expect(await decisionsIn(of)).toEqual([]);
    await visitor.page.click('text=Sign in and decide');
    await visitor.signIn(of.bob);
    await visitor.page.waitForURL(`${origin}/requests/${asked.metadata.uid}`);
    await visitor.page.click('button[value=Approve]');
    await visitor.page.waitForURL(/decision=/);
    await of.ns.eventually(resources.jobs, made.metadata.name, 'over', hasEnded);
    await of.ns.close();
  });

  it('works for somebody who is signed in as well', async () => {
    const of = await signInScene(service, byMail);
    const { asked } = await heldJob(of, 'both');
    const visitor = await browser.person();
    await visitor.page.goto(`${origin}/sign-in`);
    await visitor.signIn(of.bob);
    await visitor.page.goto(origin + (await linkFor(of, asked, 'Approve')));
    await visitor.page.click('button[value=Approve]');
    expect(await visitor.text()).toContain('You have approved it');
    expect((await decisionsIn(of)).map((d) => (d['spec'] as { via: string }).via)).toEqual(['Email']);
    await of.ns.close();
  });

  it('is in the database by its hash alone', async () => {
    const of = await signInScene(service, byMail);
    const { asked } = await heldJob(of, 'hashed');
    const token = (await linkFor(of, asked, 'Approve')).slice('/l/'.length);
    const store = await of.store();
    expect(await findLink(store, token)).toMatchObject({ state: 'Open' });
    const rows = await store.db.selectFrom('link').selectAll().execute();
    expect(JSON.stringify(rows)).not.toContain(token);
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    await of.ns.close();
  });
});
