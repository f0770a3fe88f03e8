import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');

it('tells the whole story on a control plane of its own, and observes each step', { timeout: 600_000 }, async () => {
  const { code, text } = await demo();
  expect(text).toContain('Every step was observed.');
  expect(code).toBe(0);
  // The refusal is the API server's own, and the ends of both requests are told.
  expect(text).toContain("ValidatingAdmissionPolicy 'countersign-job-guard'");
  expect(text.match(/ended: The Job ran to completion\./g)).toHaveLength(3);
  // The mail came, looking decided nothing, pressing did, and there is a picture of each page.
  expect(text).toMatch(/Subject: Approval wanted: payout payments\/payout-4713-/);
  expect(text).toMatch(/The page: https:\/\/127\.0\.0\.1:\d+\/l\/[\w-]{43}\n/);
  expect(text).toContain('You have approved it');
  expect(text).toContain('approved by bob by Email: Checked against the invoice');
  const pictures = [...text.matchAll(/Its picture: (\S+)/g)].map(([, path = '']) => readFileSync(join(root, path)));
  expect(pictures.map((png) => png.subarray(1, 4).toString())).toEqual(['PNG', 'PNG']);
});

function demo(): Promise<{ code: number | null; text: string }> {
  const environment = { ...process.env, KEEP: '', NO_COLOR: '1' };
  const child = spawn(process.execPath, ['hack/demo/main.ts'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], env: environment });
  let text = '';
  for (const output of [child.stdout, child.stderr]) output.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, text }));
  });
}
