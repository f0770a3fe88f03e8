import type { z } from 'zod';
import type { Channel } from './contract.ts';

/** A channel's config as it can be used, or what is wrong with it: a sentence for each field. */
export function configOf<Config>(
  channel: Channel<Config>,
  config: unknown,
): { readonly config: Config } | { readonly faults: readonly string[] } {
  const parsed = channel.config.safeParse(config ?? {});
  if (parsed.success) return { config: parsed.data };
  return { faults: parsed.error.issues.flatMap((issue) => faultsOf(issue, config)) };
}

function faultsOf(issue: z.core.$ZodIssue, config: unknown): string[] {
  const path = ['spec.config', ...issue.path.map(String)].join('.');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => `${path}.${key}: there is no such field for this type; remove it`);
  const was = valueAt(config, issue.path);
  return [`${path}: ${was === undefined ? 'is missing' : `was ${JSON.stringify(was).slice(0, 200)}`}: ${issue.message}`];
}

const valueAt = (value: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<PropertyKey, unknown>)[key] : undefined),
    value,
  );

/** What the channel may read of its Secret, or what is missing there. Names only: never a value. */
export function secretOf(
  channel: Pick<Channel, 'secretKeys' | 'type'>,
  data: Readonly<Record<string, string>> | undefined,
): { readonly secret: Readonly<Record<string, string>> } | { readonly fault: string } {
  const missing = channel.secretKeys.filter(({ name, required }) => required && (data?.[name] ?? '').trim() === '').map(({ name }) => name);
  if (missing.length > 0) {
    const what = data === undefined ? 'spec.secretRef: is missing' : 'spec.secretRef: the Secret';
    return {
      fault: `${what}${data === undefined ? ': expected a Secret with' : ' has no'} ${missing.join(' and ')}, which ${channel.type} needs.`,
    };
  }
  // A file that a Secret was made from mostly ends in a line break, which is part of no token.
  const known = channel.secretKeys.flatMap(({ name }) => (data?.[name] === undefined ? [] : [[name, data[name].trim()] as const]));
  return { secret: Object.fromEntries(known.filter(([, value]) => value !== '')) };
}
