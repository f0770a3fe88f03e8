import type { KeyObject } from 'node:crypto';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { ServingCertificate } from '../../operator/kube/tlsServer.ts';
import type { Logger } from '../../operator/telemetry/logger.ts';
import type { Outside } from '../../operator/notify/contract.ts';
import type { Metrics } from '../../operator/telemetry/metrics.ts';
import { openCallers, type CallersSettings } from './callers/compose.ts';
import { openChannels } from './channels/compose.ts';
import { createApp, type AppOptions } from './http/app.ts';
import { createApprovalServer, type ApprovalServer } from './http/server.ts';
import { watchCluster } from './known.ts';
import { openNotices } from './notices/index.ts';
import { problemPages } from './pages/problem.ts';
import { Permissions } from './relay/ask.ts';
import type { RequestDeps } from './routes/deps.ts';
import { wakeWaiters } from './routes/finding.ts';
import { allRoutes } from './routes/index.ts';
import { SlackInteractions } from './slack/interactions.ts';
import type { Store } from './store/index.ts';
import { once } from './store/idempotency.ts';
import { spend, type Rate } from './store/rate.ts';
import { Waiters } from './waiting/waiters.ts';

export interface ServiceOptions {
  readonly client: KubeClient;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly store: Store;
  readonly version: string;
  /** Where callers reach the service. */
  readonly url: string;
  /** How it knows who calls. */
  readonly calling: Omit<CallersSettings, 'origin'>;
  readonly origins: readonly string[];
  readonly mostWaiters: number;
  readonly longestWaitMs: number;
  readonly decisionRate: Rate;
  readonly permissionsOf: RequestDeps['permissionsOf'];
  /** The operator's own namespace. Not `namespace`, which to a watch says what to watch. */
  readonly ownNamespace: string;
  /** How it calls others. */
  readonly outside: Outside;
  /** Of all keys that it signed with lately, the newest first. */
  readonly publicKeys: () => Promise<readonly KeyObject[]>;
  /** How long links in mails are good for. */
  readonly linkLifeMs: number;
}

/** The approval service, without its certificate. */
export interface ApprovalService {
  /** What it still lacks before it may be given work. */
  missing(): readonly string[];
  /** Serves with this certificate from now on; listens with the first one, and answers with the port. */
  serve(certificate: ServingCertificate, port: number): Promise<number>;
  /** Ends without dropping a call: for `drainMs` it goes on answering. */
  stop(drainMs: number): Promise<void>;
}

/** Puts the service together. */
export function createApprovalService(options: ServiceOptions): ApprovalService {
  const { client, log, metrics, store } = options;
  const known = watchCluster(options);
  const waiters = new Waiters(options.mostWaiters);
  const stopMeasuring = metrics.onCollect(() => metrics.httpWaiting.set(waiters.count));
  const deps = {
    client,
    known,
    waiters,
    permissions: new Permissions(client),
    permissionsOf: options.permissionsOf,
    longestWaitMs: options.longestWaitMs,
  };
  const stopWaking = wakeWaiters(deps);
  let server: ApprovalServer | undefined;
  let stopping = false;
  const missing = (): string[] => [
    ...(server === undefined ? ['a certificate'] : []),
    ...(known.isSynced() && openedChannels.isSynced() && notices.isSynced() ? [] : ['caches in sync']),
    ...(stopping ? ['a process that is not ending'] : []),
  ];
  const { origin } = new URL(options.url);
  const { callers, signIn, close: closeCallers } = openCallers(client, log, { ...options.calling, origin });
  const sessions = signIn?.sessions;
  const shared = remembering(store, options.decisionRate);
  const directory = known.approvers;
  const { channels, ...openedChannels } = openChannels(options);
  const notices = openNotices({
    ...options,
    ...deps,
    origin,
    channels,
    status: openedChannels.status,
    channelsSynced: () => openedChannels.isSynced(),
  });
  const slack = new SlackInteractions({ ...deps, channels, directory, log, takeDecision: shared.takeDecision });
  const routes = allRoutes({
    ...options,
    ...deps,
    callers,
    signIn,
    sessions,
    origin,
    directory,
    missing,
    slack,
    onOwed: () => notices.kick(),
  });
  const app = createApp({
    routes,
    callers,
    ...shared,
    origins: options.origins,
    problemPage: problemPages({ canSignIn: signIn !== undefined }),
    log,
    metrics,
  });
  return {
    missing,
    serve: async (certificate, port) => {
      if (server !== undefined) {
        server.setCertificate(certificate);
        return port;
      }
      const created = createApprovalServer(app, certificate, log);
      const listening = await created.listen(port);
      server = created;
      return listening;
    },
    stop: async (drainMs) => {
      stopping = true;
      await server?.close(drainMs);
      await slack.settled();
      stopMeasuring();
      stopWaking();
      await notices.stop();
      await openedChannels.stop();
      await known.stop();
      await closeCallers();
    },
  };
}

/** What is shared between replicas. */
const remembering = (store: Store, rate: Rate): Pick<AppOptions, 'remember' | 'takeDecision'> => ({
  remember: async ({ caller, ...call }, run) => (await once(store, { ...call, caller: caller.username }, run)).answer,
  takeDecision: async (caller) => {
    const spent = await spend(store, caller.username, Date.now(), rate);
    return spent.isAllowed ? 0 : spent.retryAfterMs;
  },
});
