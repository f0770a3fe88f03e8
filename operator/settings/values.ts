import { z } from 'zod';
import { Duration } from '../../crds/v1alpha1/index.ts';
import { durationMs } from '../core/duration.ts';
import { parseAllowedHost, type AllowedHost } from '../core/httpAllow.ts';

// The title of each is how the reference says what is allowed; the defaults are written as one sets them.

/** Digits alone: what coercion would make of null, true, an empty text or 0x1F is nobody's intention. */
export function whole(least: number, most: number) {
  const expected = `expected a whole number from ${least} to ${most}`;
  return z
    .preprocess(
      (given) => (typeof given === 'string' && /^[0-9]+$/.test(given) ? Number(given) : given),
      z.int(expected).min(least, expected).max(most, expected),
    )
    .meta({ title: `${least} to ${most}` });
}

/** A TCP port; 0 takes any that is free. */
export const port = whole(0, 65_535);

export const text = z.string('expected text').min(1, 'expected text that is not empty');

const aDuration = 'expected a duration of at least 1s, such as 30m, 48h or 1d12h';

/** A duration as Kubernetes-minded people write it, in milliseconds. */
export const milliseconds = z
  .string(aDuration)
  .refine((given) => Duration.safeParse(given).success && durationMs(given) > 0, aDuration)
  .meta({ title: 'a duration, such as `36h` or `30d`' })
  .transform((given) => durationMs(given));

const anAddress = 'expected an address that starts with https://';

export const url = z
  .string(anAddress)
  .regex(/^https:\/\/[^\s]+$/, anAddress)
  .meta({ title: 'an https address' });

export const oneOf = <const Names extends readonly string[]>(names: Names) => z.enum(names, `expected one of ${names.join(', ')}`);

/** A host that calls may go to. */
export const allowedHost = z.string().transform((given, context): AllowedHost => {
  const parsed = parseAllowedHost(given);
  if (parsed !== undefined) return parsed;
  context.addIssue(
    `"${given}" is no host; expected names such as hooks.example.com, hooks.example.com:8443 or *.example.com, separated by commas`,
  );
  return z.NEVER;
});

export const list = z
  .string('expected text: names separated by commas')
  .meta({ title: 'names, separated by commas' })
  .transform((given) =>
    given
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );
