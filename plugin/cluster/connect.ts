import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import { durationMs } from '../../operator/core/duration.ts';
import type { Flags } from '../arguments/parse.ts';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';
import { oneLine } from '../../operator/core/printable.ts';

/** A cluster, as one user, with the namespace that is meant. */
export interface Session {
  readonly client: KubeClient;
  readonly namespace: string;
}

/** Connects as kubectl would with the same flags and environment. @throws CountersignError naming what is wrong in the kubeconfig. */
export async function connect(flags: Flags, io: Io): Promise<Session> {
  const timeoutMs = requestTimeoutMs(flags['request-timeout']);
  // Loaded here, so that help, version and completion scripts do not pay for an HTTP client.
  const [{ KubeClient }, { loadClusterConfig }] = await Promise.all([
    import('../../operator/kube/client/kubeClient.ts'),
    import('../../operator/kube/client/kubeconfig.ts'),
  ]);
  const cluster = loadClusterConfig({
    kubeconfig: flags.kubeconfig,
    context: flags.context,
    cluster: flags.cluster,
    user: flags.user,
    server: flags.server,
    token: flags.token,
    namespace: flags.namespace,
    as: flags.as,
    asUid: flags['as-uid'],
    asGroups: flags['as-group'],
    insecureSkipTlsVerify: flags['insecure-skip-tls-verify'],
    certificateAuthority: flags['certificate-authority'],
    tlsServerName: flags['tls-server-name'],
    env: io.env,
  });
  const onWarning = (text: string): void => io.err(`Warning: ${oneLine(text)}\n`);
  const client = new KubeClient({ cluster, userAgent: 'kubectl-approve', onWarning, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  return { client, namespace: cluster.namespace };
}

/** `--request-timeout`, which in kubectl may also be a plain number of seconds, and 0 for none. */
export function requestTimeoutMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = /^[0-9]+$/.test(text) ? Number(text) * 1000 : flagDurationMs('--request-timeout', text);
  // The longest that a timer can wait.
  return ms === 0 ? 2 ** 31 - 1 : ms;
}

/** A duration given as a flag. @throws UsageError naming the flag. */
export function flagDurationMs(flag: string, text: string): number {
  try {
    return durationMs(text);
  } catch (error) {
    throw new UsageError(`${flag}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
