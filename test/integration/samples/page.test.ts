import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { TestNamespace } from '../../fixtures/world.ts';
import { oneOf, refusal, typeOf, type Manifest } from './support.ts';

const page = readFileSync(join(import.meta.dirname, '../../../docs/guides/writing-a-policy.md'), 'utf8');
const flat = (text: string): string => text.replace(/\s+/g, ' ');

/** The manifests of the page, each with the two lines that lead to it. */
const blocks = [...page.matchAll(/((?:[^\n]*\n){2}[^\n]*)\n\n```yaml\n(.*?)```/gs)].map(([, before = '', text = '']) => ({
  text,
  isRefused: text.startsWith('# refused'),
  sample: /config\/samples\/([a-z-]+\.yaml)\)\):?$/.exec(before.trim())?.[1],
}));
const titled = (some: typeof blocks) => some.map((block) => [(parse(block.text) as Manifest).metadata.name as string, block] as const);

let ns: TestNamespace;
beforeAll(async () => {
  ns = await TestNamespace.create('page');
});
afterAll(() => ns.close());

const inNamespace = (text: string): Manifest => parse(text.replaceAll('namespace: payments', `namespace: ${ns.name}`)) as Manifest;

/** All of admission, and no object. */
const tried = (object: Manifest): Promise<unknown> => {
  const { group, version, plural } = typeOf(object);
  const path = `/apis/${group}/${version}/namespaces/${ns.name}/${plural}`;
  return ns.admin.raw({ method: 'POST', path, query: { dryRun: 'All', fieldValidation: 'Strict' }, body: object });
};

describe('the page about writing a policy', () => {
  it('shows manifests, some of them refused and some of them samples', () => {
    expect(blocks).toHaveLength(page.match(/^```yaml$/gm)?.length ?? 0);
    expect(blocks.filter((b) => b.isRefused)).toHaveLength(3);
    expect(blocks.map((b) => b.sample).filter((s) => s !== undefined)).toEqual([
      'policy-two-lines.yaml',
      'policy-tiers.yaml',
      'policy-freeze.yaml',
    ]);
  });

  it.each(titled(blocks.filter((b) => !b.isRefused)))('shows %s, which is taken', async (_, { text }) => {
    await tried(inNamespace(text));
  });

  it.each(titled(blocks.filter((b) => b.sample !== undefined)))('shows %s as the sample has it', (_, { text, sample = '' }) => {
    expect(inNamespace(text)).toEqual(oneOf(ns, sample));
  });

  it.each(titled(blocks.filter((b) => b.isRefused)))(
    'shows %s, which is refused in the words that the page quotes',
    async (_, { text }) => {
      const said = await refusal(tried(inNamespace(text)));
      expect(said).toContain('denied the request: ');
      expect(flat(page)).toContain(flat(said));
    },
  );
});
