import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { Duration } from '../crds/v1alpha1/index.ts';
import { durationMs } from './core/duration.ts';
import { CountersignError } from './core/errors.ts';
import { parseAllowedHost, type AllowedHost } from './core/httpAllow.ts';

export const roles = ['controller', 'admission'] as const;

// The title of each is how the reference says what is allowed; the defaults are written as one sets them.

// Digits alone: what coercion would make of null, true, an empty text or 0x1F is nobody's intention.
function whole(least: number, most: number) {
  const expected = `expected a whole number from ${least} to ${most}`;
  return z
    .preprocess(
      (given) => (typeof given === 'string' && /^[0-9]+$/.test(given) ? Number(given) : given),
      z.int(expected).min(least, expected).max(most, expected),
    )
    .meta({ title: `${least} to ${most}` });
}
const port = whole(0, 65_535);
const text = z.string('expected text').min(1, 'expected text that is not empty');
const aDuration = 'expected a duration of at least 1s, such as 30m, 48h or 1d12h';
const milliseconds = z
  .string(aDuration)
  .refine((given) => Duration.safeParse(given).success && durationMs(given) > 0, aDuration)
  .meta({ title: 'a duration, such as `36h` or `30d`' })
  .transform((given) => durationMs(given));
const anAddress = 'expected an address that starts with https://';
const url = z
  .string(anAddress)
  .regex(/^https:\/\/[^\s]+$/, anAddress)
  .meta({ title: 'an https address' });
const oneOf = <const Names extends readonly string[]>(names: Names) => z.enum(names, `expected one of ${names.join(', ')}`);
const allowedHost = z.string().transform((given, context): AllowedHost => {
  const parsed = parseAllowedHost(given);
  if (parsed !== undefined) return parsed;
  context.addIssue(
    `"${given}" is no host; expected names such as hooks.example.com, hooks.example.com:8443 or *.example.com, separated by commas`,
  );
  return z.NEVER;
});
const list = z
  .string('expected text: names separated by commas')
  .meta({ title: 'names, separated by commas' })
  .transform((given) =>
    given
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  );

/** Every setting: its environment variable is `COUNTERSIGN_` and the name in capitals. Docs are generated from the descriptions. */
export const Settings = z.strictObject({
  roles: list
    .pipe(z.array(oneOf(roles)).min(1, `expected ${roles.join(', ')}, or both`))
    .prefault('controller,admission')
    .describe('Which roles this process plays: controller, admission, or both.'),
  namespace: text.describe('The namespace that the operator runs in.'),
  pod_name: text.describe('The name of its pod, which is its identity as leader.'),
  log_level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).prefault('info').describe('The least severe log line to write.'),
  health_port: port.prefault(8081).describe('Port of /health, /ready and /metrics; 0 for any that is free.'),
  admission_port: port.prefault(8443).describe('Port of the admission webhooks; 0 for any that is free.'),
  admission_url: url.optional().describe('Where the API server reaches admission when it does not run in the cluster.'),
  hold_mode: oneOf(['MutatingAdmissionPolicy', 'Webhook']).prefault('MutatingAdmissionPolicy').describe('Who puts new work on hold.'),
  cert_secret: text.prefault('countersign-certificates').describe("The Secret that keeps the webhooks' certificate."),
  cert_dir: text
    .optional()
    .describe('A directory with tls.crt, tls.key and ca.crt that somebody else keeps current, such as cert-manager.'),
  retention: milliseconds.prefault('30d').describe('How long a settled request is kept.'),
  retention_per_namespace: whole(1, 1_000_000).prefault(5_000).describe('How many settled requests are kept in one namespace.'),
  default_timeout: milliseconds.prefault('7d').describe('How long a request waits when neither it nor a policy says.'),
  cronjob_open_requests: whole(1, 1_000).prefault(1).describe('How many requests one CronJob may have open at a time.'),
  http_allow: list
    .pipe(z.array(allowedHost))
    .prefault('')
    .describe(
      'Hosts that actions of GovernedJobs may call: host, host:port or *.suffix, separated by commas; without a port, 443. None when empty.',
    ),
  http_ca: text.optional().describe('PEM of certificate authorities to trust in such calls, besides the public ones.'),
  concurrency: whole(1, 1_000).prefault(50).describe('How many objects of a kind are worked on at once.'),
  qps: whole(1, 100_000).prefault(2_000).describe('Most requests a second to the API server.'),
  burst: whole(1, 100_000).prefault(4_000).describe('Most requests at once above that.'),
  connections: whole(1, 1_000).prefault(50).describe('Most open connections to the API server.'),
  kubeconfig: text.optional().describe('A kubeconfig, when it does not run in a pod.'),
});
export type Settings = z.infer<typeof Settings>;

type Environment = Readonly<Record<string, string | undefined>>;

const prefix = 'COUNTERSIGN_';
const variableOf = (setting: string): string => prefix + setting.toUpperCase();

/**
 * Reads all settings: environment variables, then the YAML file that `COUNTERSIGN_CONFIG` names, then defaults.
 * @throws CountersignError `InvalidConfiguration` that names every wrong setting, what it was and what was expected.
 */
export function readSettings(environment: Environment): Settings {
  const given = { ...fromFile(environment[`${prefix}CONFIG`]), ...fromEnvironment(environment) };
  const result = Settings.safeParse(given);
  if (result.success) return result.data;
  const lines = result.error.issues.flatMap((issue) => {
    const names = issue.code === 'unrecognized_keys' ? issue.keys : [String(issue.path[0] ?? '')];
    return names.map(
      (name) =>
        `  ${variableOf(name)} ${was(given[name])}: ${issue.code === 'unrecognized_keys' ? 'there is no such setting' : issue.message}`,
    );
  });
  const said = [...new Set(lines)].join('\n');
  throw new CountersignError('InvalidConfiguration', `The configuration is wrong; mend it and start again:\n${said}`);
}

const was = (value: unknown): string => (value === undefined ? 'is not set' : `is ${JSON.stringify(value)}`);

function fromEnvironment(environment: Environment): Record<string, unknown> {
  const ours = Object.entries(environment).filter(
    ([name, value]) => name.startsWith(prefix) && name !== `${prefix}CONFIG` && value !== undefined && value !== '',
  );
  return Object.fromEntries(ours.map(([name, value]) => [name.slice(prefix.length).toLowerCase(), value]));
}

function fromFile(path: string | undefined): Record<string, unknown> {
  if (path === undefined || path === '') return {};
  let parsed: unknown;
  try {
    parsed = parseYaml(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new CountersignError('InvalidConfiguration', `${prefix}CONFIG is "${path}", which cannot be read as YAML: ${String(cause)}`, {
      cause,
    });
  }
  if (parsed === null || parsed === undefined) return {};
  if (typeof parsed !== 'object' || Array.isArray(parsed)) {
    throw new CountersignError(
      'InvalidConfiguration',
      `${prefix}CONFIG is "${path}", whose content is no mapping; expected lines such as log_level: info.`,
    );
  }
  return parsed as Record<string, unknown>;
}
