import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { Duration } from '../crds/v1alpha1/index.ts';
import { durationMs } from './core/duration.ts';
import { CountersignError } from './core/errors.ts';
import { parseAllowedHost, type AllowedHost } from './core/httpAllow.ts';

export const roles = ['controller', 'admission'] as const;

// Digits alone: what coercion would make of null, true, an empty text or 0x1F is nobody's intention.
const whole = (least: number, most: number) =>
  z.preprocess((given) => (typeof given === 'string' && /^[0-9]+$/.test(given) ? Number(given) : given), z.int().min(least).max(most));
const port = whole(0, 65_535);
const milliseconds = z
  .string()
  .refine(
    (text) => Duration.safeParse(text).success && durationMs(text) > 0,
    'expected a duration of at least 1s, such as 30m, 48h or 1d12h',
  )
  .transform((text) => durationMs(text));
const url = z.string().regex(/^https:\/\/[^\s]+$/, 'expected an address that starts with https://');
const allowedHost = z.string().transform((text, context): AllowedHost => {
  const parsed = parseAllowedHost(text);
  if (parsed !== undefined) return parsed;
  context.addIssue(
    `"${text}" is no host; expected names such as hooks.example.com, hooks.example.com:8443 or *.example.com, separated by commas`,
  );
  return z.NEVER;
});
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/** Every setting: its environment variable is `COUNTERSIGN_` and the name in capitals. Docs are generated from the descriptions. */
export const Settings = z.strictObject({
  roles: list
    .pipe(z.array(z.enum(roles)).min(1))
    .default(['controller', 'admission'])
    .describe('Which roles this process plays: controller, admission, or both.'),
  namespace: z.string().min(1).describe('The namespace that the operator runs in.'),
  pod_name: z.string().min(1).describe('The name of its pod, which is its identity as leader.'),
  log_level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info').describe('The least severe log line to write.'),
  health_port: port.default(8081).describe('Port of /health, /ready and /metrics; 0 for any that is free.'),
  admission_port: port.default(8443).describe('Port of the admission webhooks; 0 for any that is free.'),
  admission_url: url.optional().describe('Where the API server reaches admission when it does not run in the cluster.'),
  hold_mode: z.enum(['MutatingAdmissionPolicy', 'Webhook']).default('MutatingAdmissionPolicy').describe('Who puts new work on hold.'),
  cert_secret: z.string().min(1).default('countersign-certificates').describe("The Secret that keeps the webhooks' certificate."),
  cert_dir: z
    .string()
    .min(1)
    .optional()
    .describe('A directory with tls.crt, tls.key and ca.crt that somebody else keeps current, such as cert-manager.'),
  retention: milliseconds.default(durationMs('30d')).describe('How long a settled request is kept.'),
  retention_per_namespace: whole(1, 1_000_000).default(5_000).describe('How many settled requests are kept in one namespace.'),
  default_timeout: milliseconds.default(durationMs('168h')).describe('How long a request waits when neither it nor a policy says.'),
  cronjob_open_requests: whole(1, 1_000).default(1).describe('How many requests one CronJob may have open at a time.'),
  http_allow: list
    .pipe(z.array(allowedHost))
    .default([])
    .describe(
      'Hosts that actions of GovernedJobs may call: host, host:port or *.suffix, separated by commas; without a port, 443. None when empty.',
    ),
  http_ca: z.string().min(1).optional().describe('PEM of certificate authorities to trust in such calls, besides the public ones.'),
  concurrency: whole(1, 1_000).default(50).describe('How many objects of a kind are worked on at once.'),
  qps: whole(1, 100_000).default(2_000).describe('Most requests a second to the API server.'),
  burst: whole(1, 100_000).default(4_000).describe('Most requests at once above that.'),
  connections: whole(1, 1_000).default(50).describe('Most open connections to the API server.'),
  kubeconfig: z.string().min(1).optional().describe('A kubeconfig, when it does not run in a pod.'),
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
  throw new CountersignError('InvalidConfiguration', `The configuration is wrong; mend it and start again:\n${lines.join('\n')}`);
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
