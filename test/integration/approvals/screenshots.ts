import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Visitor } from '../../../hack/peers/browser.ts';

/** Where pages are drawn for people to look at; nowhere unless this is set. */
const folder = process.env['COUNTERSIGN_SCREENSHOTS'];

/** Draws the page that is on the screen, for whoever works on it. */
export async function screenshot({ page }: Visitor, name: string): Promise<void> {
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}
