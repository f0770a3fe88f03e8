import { afterAll, beforeAll, expect, it } from 'vitest';
import { RealBrowser, type Visitor } from '../../../hack/peers/browser.ts';
import { isSuspended, resources } from '../../fixtures/world.ts';
import { heldJob, linkFor, signInScene, signInService, type SignInScene } from './signInService.ts';
import { screenshot } from './screenshots.ts';

const service = await signInService();
let browser: RealBrowser;
beforeAll(async () => {
  browser = await RealBrowser.start();
});
afterAll(() => browser.stop());

const wire = (image: string, reason: string): object => ({
  metadata: { annotations: { 'countersign.dev/operation': 'wire', 'countersign.dev/reason': reason } },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'wire', image, command: ['./wire', '--amount', '50000'] }] } } },
});

/** Carol, who is asked as bob is, approves it with kubectl, and it runs. */
async function approved(of: SignInScene, name: string, more: object): Promise<string> {
  const { made, asked } = await heldJob(of, name, more);
  await of.ns.decide(await of.ns.as('carol', [`${of.ns.name}:finance`]), 'Approve', [asked]);
  await of.ns.eventually(resources.jobs, made.metadata.name, 'released', (job) => !isSuspended(job));
  await of.ns.requestIn('Completed', asked.metadata.name);
  return asked.metadata.name;
}

const section = (visitor: Visitor) => visitor.page.locator('section[aria-labelledby=compared]');

/** What is wider than the window, if anything is. */
const overflow = ({ page }: Visitor): Promise<number> =>
  page.evaluate<number>('document.documentElement.scrollWidth - document.documentElement.clientWidth');

it('Whoever decides sees how the work differs from what was approved last, on a telephone and on a desk, in the light and in the dark', async () => {
  const of = await signInScene(service, { stage: { minimumChannel: 'Email' } });
  const first = await heldJob(of, 'first', wire('registry.example/wire:1', 'as ever'));
  const visitor = await browser.person();
  const path = (asked: { metadata: { uid: string } }): string => `${of.origin}/requests/${asked.metadata.uid}`;
  await visitor.page.goto(path(first.asked));
  await visitor.signIn(of.bob);
  await visitor.page.waitForURL(path(first.asked));
  expect(await section(visitor).innerText()).toContain('Nothing like it was approved before');

  const before = await approved(of, 'wire-1', wire('registry.example/wire:1', 'as ever'));
  const { asked } = await heldJob(of, 'wire-2', wire('registry.example/wire:2', 'ever\u202egnp.exe'));
  for (const look of [
    { name: 'desk-light', size: { width: 1280, height: 900 }, colorScheme: 'light' },
    { name: 'desk-dark', size: { width: 1280, height: 900 }, colorScheme: 'dark' },
    { name: 'phone-light', size: { width: 360, height: 740 }, colorScheme: 'light' },
    { name: 'phone-dark', size: { width: 360, height: 740 }, colorScheme: 'dark' },
  ] as const) {
    await visitor.page.setViewportSize(look.size);
    await visitor.page.emulateMedia({ colorScheme: look.colorScheme });
    await visitor.page.goto(path(asked));
    expect(await section(visitor).innerText()).toContain(`Differs from ${before}`);
    const lines = async (tag: string) =>
      (await section(visitor).locator(tag).allInnerTexts()).map((line) => line.replace(/\s+/g, ' ').trim());
    expect(await lines('del')).toEqual(['- "reason": "as ever"', '- "image": "registry.example/wire:1",']);
    expect(await lines('ins')).toEqual(['+ "reason": "ever\\u202egnp.exe"', '+ "image": "registry.example/wire:2",']);
    expect(await overflow(visitor), look.name).toBeLessThanOrEqual(0);
    await screenshot(visitor, `compared-${look.name}`);
  }
  // What a column is about stands beside it where there is no place for its heading.
  await visitor.page.goto(`${of.origin}/requests`);
  expect(await visitor.page.locator('thead').isVisible()).toBe(false);
  const cells = await visitor.page.locator('tbody tr').first().locator('td').all();
  const labels = await Promise.all(cells.map((cell) => cell.getAttribute('data-label')));
  expect(labels).toEqual([null, 'Asked by', 'Namespace', 'Since', 'Expires']);
  expect(await overflow(visitor)).toBeLessThanOrEqual(0);
  await screenshot(visitor, 'list-phone');
  await visitor.page.goto(`${of.origin}${await linkFor(of, asked, 'Reject')}`);
  expect(await section(visitor).innerText()).toContain(`Differs from ${before}`);

  await approved(of, 'wire-3', wire('registry.example/wire:3', 'newer'));
  const again = await heldJob(of, 'wire-4', wire('registry.example/wire:3', 'newer'));
  await visitor.page.goto(path(again.asked));
  expect(await section(visitor).innerText()).toMatch(/The same as wire-3/);
  await of.ns.close();
});
