import { z } from 'zod';
import { CountersignError } from './core/errors.ts';
import { approvalsSettings, secretSettings } from './settings/approvals.ts';
import { gatherSettings, variableOf, type Environment, type Sources } from './settings/layers.ts';
import { allowedHost, list, milliseconds, oneOf, port, text, url, whole } from './settings/values.ts';

export const roles = ['controller', 'admission', 'approvals'] as const;

const alone =
  'expected approvals alone, or controller, admission or both: the approval service faces the most, so it never shares a process or its rights with the others';

/** Every setting: its environment variable is `COUNTERSIGN_` and the name in capitals. Docs are generated from the descriptions. */
export const Settings = z.strictObject({
  roles: list
    .pipe(
      z
        .array(oneOf(roles))
        .min(1, 'expected controller, admission, both, or approvals')
        .refine((given) => !given.includes('approvals') || given.length === 1, alone),
    )
    .prefault('controller,admission')
    .describe('Which roles this process plays: controller, admission or both; or approvals, which is always alone.'),
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
      'Hosts that actions of GovernedJobs, channels and callbacks may call: host, host:port or *.suffix, separated by commas; without a port, 443. When empty, actions call nobody, channels the public hosts of the services that they are for, and callbacks public hosts on 443.',
    ),
  http_ca: text.optional().describe('PEM of certificate authorities to trust in these calls, besides the public ones.'),
  concurrency: whole(1, 1_000).prefault(50).describe('How many objects of a kind are worked on at once.'),
  qps: whole(1, 100_000).prefault(2_000).describe('Most requests a second to the API server.'),
  burst: whole(1, 100_000).prefault(4_000).describe('Most requests at once above that.'),
  connections: whole(1, 1_000).prefault(50).describe('Most open connections to the API server.'),
  ...approvalsSettings,
  kubeconfig: text.optional().describe('A kubeconfig, when it does not run in a pod.'),
});
export type Settings = z.infer<typeof Settings>;

/**
 * Reads all settings: flags, then environment variables, then the .env file, then the YAML file that `COUNTERSIGN_CONFIG` names, then defaults.
 * @throws CountersignError `InvalidConfiguration` that names every wrong setting, what it was and what was expected.
 */
export function readSettings(environment: Environment, others: Omit<Sources, 'environment'> = {}): Settings {
  const given = gatherSettings(Object.keys(Settings.shape), { ...others, environment });
  const result = Settings.safeParse(given);
  if (result.success) return result.data;
  const lines = result.error.issues.flatMap((issue) => {
    const names = issue.code === 'unrecognized_keys' ? issue.keys : [String(issue.path[0] ?? '')];
    return names.map(
      (name) =>
        `  ${variableOf(name)} ${was(name, given[name])}: ${issue.code === 'unrecognized_keys' ? 'there is no such setting' : issue.message}`,
    );
  });
  const said = [...new Set(lines)].join('\n');
  throw new CountersignError('InvalidConfiguration', `The configuration is wrong; mend it and start again:\n${said}`);
}

function was(name: string, value: unknown): string {
  if (value === undefined) return 'is not set';
  return secretSettings.has(name) ? 'is not shown' : `is ${JSON.stringify(value)}`;
}
