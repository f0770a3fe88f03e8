import type { ClusterConfig, CredentialSource, Impersonation, LoadOptions } from './clusterConfig.ts';
import { credentialsOf } from './credentials.ts';
import { readText } from './fileReader.ts';
import { inClusterConfig, isInCluster } from './inCluster.ts';
import { KubeconfigError, readKubeconfig } from './kubeconfigFile.ts';
import type { ClusterEntry, ClusterFacts, ContextEntry, Kubeconfig, UserEntry } from './kubeconfigFile.ts';
import { proxyFor } from './proxy.ts';

/**
 * Says how to reach the cluster that kubectl would reach with the same flags and environment. Falls back to the pod's own service account when
 * there is no kubeconfig at all. @throws KubeconfigError that names the file and field at fault.
 */
export function loadClusterConfig(options: LoadOptions = {}): ClusterConfig {
  const env = options.env ?? process.env;
  const file = readKubeconfig(options.kubeconfig, env);
  const nothingChosen = options.context === undefined && options.cluster === undefined && options.server === undefined;
  if (file.clusters.size === 0 && nothingChosen && isInCluster(env)) {
    return withImpersonation(inClusterConfig(env, options.namespace), options, undefined);
  }
  const { contextName, context } = contextOf(file, options);
  const userName = options.user ?? context.user;
  const cluster = clusterOf(file, options.cluster ?? context.cluster, options);
  const user = userOf(file, userName);
  const server = serverUrl(options.server ?? cluster.server, options.cluster ?? context.cluster);
  const ca = caOf(cluster, options);
  const insecure = options.insecureSkipTlsVerify ?? cluster['insecure-skip-tls-verify'] ?? false;
  const config: ClusterConfig = {
    server,
    ca: insecure ? undefined : ca,
    insecureSkipTlsVerify: insecure,
    tlsServerName: options.tlsServerName ?? emptyToUndefined(cluster['tls-server-name']),
    proxyUrl: proxyFor(server, emptyToUndefined(cluster['proxy-url']), env),
    credentials: credentials(file, userName, user, { cluster, server, ca, insecure }, options),
    namespace: options.namespace ?? emptyToUndefined(context.namespace) ?? 'default',
    contextName,
    userName,
  };
  return withImpersonation(config, options, user);
}

function contextOf(file: Kubeconfig, options: LoadOptions): { contextName: string | undefined; context: ContextEntry } {
  const contextName = emptyToUndefined(options.context) ?? file.currentContext;
  if (contextName === undefined) {
    if (options.server !== undefined || options.cluster !== undefined) return { contextName, context: {} };
    const looked = file.files.length === 0 ? 'no kubeconfig was found' : `${file.files.join(', ')} has no current-context`;
    throw new KubeconfigError(`${looked}; set KUBECONFIG or use --kubeconfig, and choose with --context`);
  }
  const context = file.contexts.get(contextName);
  if (context === undefined) throw new KubeconfigError(`context ${quote(contextName)} does not exist; there are: ${names(file.contexts)}`);
  return { contextName, context };
}

function clusterOf(file: Kubeconfig, name: string | undefined, options: LoadOptions): ClusterEntry {
  const cluster = name === undefined ? undefined : file.clusters.get(name);
  if (cluster !== undefined) return cluster;
  if (options.server !== undefined) return {};
  if (name === undefined) throw new KubeconfigError('the context names no cluster; name one with --cluster');
  throw new KubeconfigError(`cluster ${quote(name)} does not exist; there are: ${names(file.clusters)}`);
}

function userOf(file: Kubeconfig, name: string | undefined): UserEntry {
  if (name === undefined || name === '') return {};
  const user = file.users.get(name);
  if (user === undefined) throw new KubeconfigError(`user ${quote(name)} does not exist; there are: ${names(file.users)}`);
  return user;
}

function serverUrl(server: string | undefined, cluster: string | undefined): string {
  if (server === undefined || server === '')
    throw new KubeconfigError(`cluster ${quote(cluster ?? '')}: server: expected a URL, was empty`);
  const url = /^https?:\/\//.test(server) ? server : `https://${server}`;
  if (!URL.canParse(url)) throw new KubeconfigError(`cluster ${quote(cluster ?? '')}: server: expected a URL, was ${quote(server)}`);
  return url.replace(/\/+$/, '');
}

function caOf(cluster: ClusterEntry, options: LoadOptions): string | undefined {
  if (options.certificateAuthority !== undefined) return readText(options.certificateAuthority, '--certificate-authority');
  const data = cluster['certificate-authority-data'];
  if (data !== undefined && data !== '') return Buffer.from(data, 'base64').toString('utf8');
  const path = emptyToUndefined(cluster['certificate-authority']);
  return path === undefined ? undefined : readText(path, 'certificate-authority');
}

function credentials(
  file: Kubeconfig,
  name: string | undefined,
  user: UserEntry,
  facts: ClusterFacts,
  options: LoadOptions,
): CredentialSource {
  // A token on the command line replaces whatever the user entry would do to get one.
  const chosen = options.token === undefined ? user : withToken(user, options.token);
  return credentialsOf({ name: name ?? '', user: chosen, facts, file: file.userFiles.get(name ?? ''), env: options.env ?? process.env });
}

function withToken(user: UserEntry, token: string): UserEntry {
  const others: readonly string[] = ['exec', 'auth-provider', 'tokenFile', 'username', 'password'];
  return { ...Object.fromEntries(Object.entries(user).filter(([field]) => !others.includes(field))), token };
}

function withImpersonation(config: ClusterConfig, options: LoadOptions, user: UserEntry | undefined): ClusterConfig {
  const as = emptyToUndefined(options.as) ?? emptyToUndefined(user?.as);
  const groups = options.asGroups ?? (options.as === undefined ? user?.['as-groups'] : undefined);
  const uid = emptyToUndefined(options.asUid) ?? emptyToUndefined(user?.['as-uid']);
  if (as === undefined) {
    if (groups !== undefined && groups.length > 0) throw new KubeconfigError('--as-group needs --as: say which user to act as');
    if (uid !== undefined) throw new KubeconfigError('--as-uid needs --as: say which user to act as');
    return config;
  }
  const extra = user?.['as-user-extra'];
  const impersonate: Impersonation = {
    user: as,
    ...(uid === undefined ? {} : { uid }),
    ...(groups === undefined ? {} : { groups }),
    ...(extra === undefined ? {} : { extra }),
  };
  return { ...config, impersonate };
}

function emptyToUndefined(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

function quote(name: string): string {
  return `"${name}"`;
}

function names(entries: ReadonlyMap<string, unknown>): string {
  return entries.size === 0 ? 'none' : [...entries.keys()].join(', ');
}
