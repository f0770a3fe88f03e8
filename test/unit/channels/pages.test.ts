import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { channelTypes, NotificationChannelSpec, noticeEvents } from '../../../crds/v1alpha1/index.ts';
import { channels } from '../../../operator/notify/index.ts';
import { configOf } from '../../../operator/notify/settings.ts';
import { publicKeyText, signatureHeaders } from '../../../operator/notify/signature.ts';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pageOf = (type: string): string => read(`docs/channels/${type.toLowerCase()}.md`);
const blocks = (page: string, language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\``, 'gm'))].map(([, text = '']) => text);

describe.each(channelTypes)('the page of %s', (type) => {
  const page = pageOf(type);
  const sample = read(`config/samples/channel-${type.toLowerCase()}.yaml`);

  it('has the manifest of the sample, whose config can be used', () => {
    const [manifest = ''] = blocks(page, 'yaml');
    expect(parse(manifest)).toEqual(parse(sample));
    const spec = NotificationChannelSpec.parse((parse(manifest) as { spec: unknown }).spec);
    expect(spec.type).toBe(type);
    expect(configOf(channels[type], spec.config)).toHaveProperty('config');
  });

  it('names every field of config and every key of the Secret, and no others', () => {
    const schema = z.toJSONSchema(channels[type].config, { io: 'input' }) as { properties?: object };
    const [beforeTrouble = ''] = page.split('## Troubleshooting');
    const named = [...beforeTrouble.matchAll(/^\| `([A-Za-z]+)`/gm)].map(([, name]) => name);
    expect(named.sort()).toEqual([...channels[type].secretKeys.map(({ name }) => name), ...Object.keys(schema.properties ?? {})].sort());
  });

  it('says what to create, how it looks and what to do when it does not work', () => {
    for (const heading of [/^## At /m, /^## The Secret$/m, /^## The manifest$/m, /^## What an? .* looks like$/m, /^## Troubleshooting$/m])
      expect(page).toMatch(heading);
  });
});

it('the first page names every type and every event', () => {
  const page = read('docs/channels/README.md');
  for (const type of channelTypes) expect(page).toContain(`[${type}](${type.toLowerCase()}.md)`);
  for (const event of noticeEvents) expect(page).toContain(`\`${event}\``);
});

it('the program on the page of webhooks knows a call of ours from others', async () => {
  const [program = ''] = blocks(pageOf('Webhook'), 'js');
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const given = program.replace('process.env.COUNTERSIGN_PUBLIC_KEY', JSON.stringify(publicKeyText(publicKey)));
  const made = (await import(`data:text/javascript,${encodeURIComponent(given)}`)) as {
    isGenuine: (headers: Record<string, string>, body: string, now: number) => boolean;
  };
  const at = Date.UTC(2026, 10, 21);
  const headers = signatureHeaders(privateKey, { id: 'msg_1', at, body: '{}' });
  expect([made.isGenuine(headers, '{}', at), made.isGenuine(headers, '{ }', at), made.isGenuine(headers, '{}', at + 301_000)]).toEqual([
    true,
    false,
    false,
  ]);
});
