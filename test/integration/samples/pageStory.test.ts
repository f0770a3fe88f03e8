import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilNoticed } from '../../fixtures/bindings.ts';
import { isSuspended, job, resources, TestNamespace, until } from '../../fixtures/world.ts';
import { install, type Installed } from '../plugin/command.ts';

/** The page about writing a policy as a newcomer follows it: every command, in order, each answered as the page shows it. */
const page = readFileSync(join(import.meta.dirname, '../../../docs/guides/writing-a-policy.md'), 'utf8');

interface Step {
  /** Whose terminal; the cluster-admin's when empty. */
  readonly who: string;
  readonly command: string;
  readonly shown: string;
  /** Manifests that are on the page by then, by the names under which they are saved. */
  readonly files: Readonly<Record<string, string>>;
}

const fences = [...page.matchAll(/^```(yaml|console|sh)\n(.*?)^```$/gms)].map(([, language = '', text = '']) => ({ language, text }));

/** A manifest is saved under the name that the next command has. */
function nameOf(index: number): string {
  const next = fences.slice(index).find(({ language, text }) => language === 'console' && / (-f|--policy) /.test(text));
  return / (?:-f|--policy) (\S+)/.exec(next?.text ?? '')?.[1] ?? '';
}

function stepsOf(): Step[] {
  let files: Readonly<Record<string, string>> = {};
  return fences.flatMap(({ language, text }, index): Step[] => {
    if (language === 'yaml') files = { ...files, [nameOf(index)]: text };
    if (language !== 'console') return [];
    return [...text.matchAll(/^(\w*)\$ (.*)\n((?:(?!\w*\$ ).*\n)*)/gm)].map(([, who = '', command = '', shown = '']) => ({
      ...{ who, command, shown },
      files: { ...files, ...variants(files) },
    }));
  });
}

/** What the page only describes: the same with another name and amount, say. */
function variants(files: Readonly<Record<string, string>>): Record<string, string> {
  const wire = files['wire.yaml'] ?? '';
  const paying = (name: string, parameters: string): string =>
    wire.replace('pay-bigcorp', name).replace('{ amount: 50000, recipient: BigCorp }', parameters);
  const refund = files['refund.yaml'] ?? '';
  const label = "labels: { payments.example.com/deploys: 'true' }";
  return {
    'negative.yaml': paying('pay-negative', '{ amount: -5 }'),
    'small.yaml': paying('pay-smallcorp', '{ amount: 800 }'),
    'huge.yaml': paying('pay-hugecorp', '{ amount: 500000 }'),
    'no-amount.yaml': paying('pay-nocorp', '{ recipient: NoCorp }'),
    'refund-all.yaml': refund.replace('refund-4711', 'refund-all').replace('spec:', 'spec:\n  parallelism: 20'),
    'deploy.yaml': refund.replace('{ name: refund-4711,', `{ name: deploy-shop, ${label},`),
  };
}

/** What differs from one run to the next, each with what it looks like. */
const differing: readonly [RegExp, string][] = [
  [/-[0-9a-f]{8}-[a-z0-9]{5}\b/, '-[0-9a-f]{8}-[a-z0-9]{5}'],
  [/-[0-9a-f]{8}\b/, '-[0-9a-f]{8}'],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/, '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ'],
  [/\bin \d+[dhms]\w*/, 'in \\d\\w+'],
  [/\b\d+s\b/, '\\d+s'],
  // The pods of the tests end soon.
  [/Running +0\/1/, '(?:Running +0|Complete +1)/1'],
  [/…/, '[^]*'],
  [/\s+/, '\\s+'],
];
const anyOf = new RegExp(differing.map(([what]) => `(${what.source})`).join('|'), 'g');

const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** An answer as the page shows it, whenever it is given. What a freeze holds back is told on weekends alone. */
function pattern(shown: string): RegExp {
  const lines = shown.trimEnd().split(/\n(?=Nothing would be let go)/);
  const [always = '', onWeekends] = lines.map((text) => {
    let last = 0;
    let made = '';
    for (const found of text.matchAll(anyOf)) {
      const which = differing.findIndex((_, i) => (found[i + 1] ?? '') !== '');
      made += literal(text.slice(last, found.index)) + (differing[which]?.[1] ?? '');
      last = found.index + found[0].length;
    }
    return made + literal(text.slice(last));
  });
  return new RegExp(`^${always}${onWeekends === undefined ? '' : `(?:\\s+${onWeekends}[^]*)?`}\\s*$`);
}

let ns: TestNamespace;
let plugin: Installed;
let dir: string;
const kubeconfigs: Record<string, string> = {};
const mine = (text: string): string => text.replaceAll('payments', ns.name).replaceAll(`${ns.name}.example`, 'payments.example');

/** Runs a command of the page in somebody's terminal: what it says, on either stream. */
async function run(who: string, command: string): Promise<string> {
  const words = [...mine(command).matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
  const [program, ...args] = words.map((word) => (word.endsWith('.yaml') ? join(dir, word) : word));
  if (program !== 'kubectl') throw new Error(`the page runs ${program ?? 'nothing'}; expected kubectl`);
  const { out, err } = await plugin.kubectl(kubeconfigs[who] ?? '', ...args);
  return (out + err).replaceAll(`${dir}/`, '');
}

/** Whatever only looks may be asked again until it is so. */
const looks = /^kubectl (get|approve (list|why|simulate|audit)) /;

async function follow({ who, command, shown, files }: Step): Promise<void> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), mine(text));
  const expected = pattern(mine(shown));
  const end = Date.now() + 30_000;
  let said = await run(who, command);
  while (looks.test(`${command} `) && !expected.test(said) && Date.now() < end) {
    await sleep(200);
    said = await run(who, command);
  }
  expect(said).toMatch(expected);
  if (/ delete apol /.test(command)) await untilJobsAreFree();
}

const untilJobsAreFree = () =>
  until('Jobs to be held no more', async () => {
    const tried = await ns.admin.create(resources.jobs, ns.name, job('probe'), { dryRun: true }).catch(() => undefined);
    return tried === undefined || isSuspended(tried) ? undefined : true;
  });

/** The commands with which the page begins, but for the namespace, which is there. */
async function prepare(): Promise<void> {
  const [first] = fences.filter(({ language }) => language === 'sh');
  const commands = (first?.text ?? '').replaceAll('\\\n', ' ').split('\n');
  for (const command of commands.filter((c) => c.startsWith('kubectl -n payments '))) await run('', command);
  for (const name of ['developers', 'approvers']) await untilNoticed(ns.admin, ns.name, await ns.get(resources.roleBindings, name));
  for (const [who, group] of [
    ['alice', 'dev'],
    ['bob', 'finance'],
  ] as const) {
    const file = join(dir, `${who}.kubeconfig`);
    copyFileSync(await ns.cluster.userKubeconfig(who, [group]), file);
    kubeconfigs[who] = file;
    await run('', `kubectl --kubeconfig ${file} config set-context --current --namespace payments`);
  }
}

beforeAll(async () => {
  ns = await TestNamespace.create('story');
  plugin = await install(ns);
  dir = mkdtempSync(join(tmpdir(), 'countersign-page-'));
  kubeconfigs[''] = ns.cluster.adminKubeconfig;
  await prepare();
});
afterAll(async () => {
  rmSync(dir, { recursive: true, force: true });
  plugin.remove();
  await ns.close();
});

describe('whoever follows the page', () => {
  const steps = stepsOf();

  it('meets every command of it', () => {
    expect(steps).toHaveLength(page.match(/^\w*\$ /gm)?.length ?? 0);
    expect(steps.length).toBeGreaterThan(20);
  });

  it.for(steps.map((step) => [step.who === '' ? 'the admin' : step.who, step.command, step] as const))(
    'sees what it shows: %s runs %s',
    { timeout: 60_000 },
    ([, , step]) => follow(step),
  );
});
