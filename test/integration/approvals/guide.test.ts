import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { attachPlatform } from '../../../hack/platform/platform.ts';
import { approvalService } from '../../fixtures/approvalService.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/guides/approving-over-http.md'), 'utf8');
const service = approvalService();
const namespace = `guide-${randomBytes(4).toString('hex')}`;
const folder = mkdtempSync(join(tmpdir(), 'countersign-guide-'));

/** A block of the page: a command, and, where the page shows one, what the service answers. */
interface Step {
  readonly command: string;
  readonly answer?: Answer;
}

interface Answer {
  readonly status: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: unknown;
}

function answerIn(text: string): Answer {
  const [head = '', ...body] = text.replaceAll('\r\n', '\n').split('\n\n');
  const [status = '', ...headers] = head.split('\n');
  const parsed = headers.map((line): [string, string] => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 2),
  ]);
  return { status: status.trim(), headers: new Map(parsed), body: JSON.parse(body.join('\n\n')) };
}

const inNamespace = (text: string): string => text.replace(/\bpayments\b/g, namespace);

const steps = [...page.matchAll(/^```(sh|console)\n(.*?)^```$/gms)].map(([, language, text = '']): Step => {
  if (language === 'sh') return { command: text };
  const at = text.indexOf('\nHTTP/');
  return { command: text.slice(2, at), answer: answerIn(inNamespace(text.slice(at + 1))) };
});
const titled = steps.map((step, at) => [`${at + 1}: ${step.command.split('\n')[0] ?? ''}`, step] as const);

let environment: NodeJS.ProcessEnv;
let kubectl: string;
beforeAll(async () => {
  const cluster = await attachPlatform(inject('platformDir'));
  kubectl = cluster.kubectl;
  environment = { HOME: folder, KUBECONFIG: cluster.adminKubeconfig, PATH: `${dirname(cluster.kubectl)}:${process.env['PATH'] ?? ''}` };
});
afterAll(() => {
  execFile(kubectl, ['delete', 'namespace', namespace, '--wait=false'], { env: environment });
  rmSync(folder, { recursive: true, force: true });
});

/** Runs it as somebody would who types it below what they typed before: variables stay. */
function run(command: string): Promise<string> {
  const typed = inNamespace(command).replace('https://approvals.example.com', service.process().url);
  const script = `set -aeuo pipefail; [ ! -f .variables ] || . ./.variables\n${typed}\nexport -p > .variables`;
  return new Promise((resolve, reject) => {
    execFile('bash', ['-c', script], { cwd: folder, env: environment }, (error, out, said) => {
      if (error === null) resolve(out);
      else reject(new Error(`${command}\nended with ${String(error.code)}: ${out}${said}`));
    });
  });
}

/** What the page shows, as a pattern: an ellipsis stands for anything. */
function pattern(shown: unknown): unknown {
  if (shown === '…') return expect.anything();
  if (typeof shown === 'string') return shown.includes('…') ? expect.stringMatching(matching(shown)) : shown;
  if (Array.isArray(shown)) return shown.map(pattern);
  if (typeof shown !== 'object' || shown === null) return shown;
  return Object.fromEntries(Object.entries(shown).map(([name, value]) => [name, pattern(value)]));
}

const matching = (shown: string): RegExp =>
  new RegExp(
    `^${shown
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.+')}$`,
    's',
  );

function sees(actual: Answer, shown: Answer): void {
  expect(actual.status, JSON.stringify(actual.body)).toBe(shown.status);
  for (const [name, value] of shown.headers) expect(actual.headers.get(name), name).toEqual(pattern(value));
  expect(actual.body).toMatchObject(pattern(shown.body) as object);
}

/** What only looks may be done until it is so: the operator takes a moment. */
const isLook = (command: string): boolean => !/--json|-X POST/.test(command);

describe('the page about approving over HTTP', () => {
  it('shows commands of every kind, with answers', () => {
    expect(steps).toHaveLength(page.match(/^```\w+$/gm)?.length ?? 0);
    expect(steps.filter(({ answer }) => answer !== undefined).length).toBeGreaterThan(10);
  });

  it.each(titled)('%s', async (_, { command, answer }) => {
    if (answer === undefined) await run(command);
    else if (isLook(command)) await vi.waitFor(async () => sees(answerIn(await run(command)), answer), { timeout: 60_000, interval: 200 });
    else sees(answerIn(await run(command)), answer);
  });
});
