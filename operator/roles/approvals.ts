import { setTimeout as sleep } from 'node:timers/promises';
import { createApprovalService } from '../../webhooks/approvals/index.ts';
import { openStore, StoreUnavailable, type Store } from '../../webhooks/approvals/store/index.ts';
import { keepSweeping } from '../../webhooks/approvals/store/retention.ts';
import { HttpCaller } from '../notify/httpCaller.ts';
import { SigningKey } from '../notify/signingKey.ts';
import type { Logger } from '../telemetry/logger.ts';
import { ApproverPermissions } from '../reconcilers/permissions.ts';
import type { CertificateKeeper } from './certificate.ts';
import { callersSettings } from './signIn.ts';
import { version, type Running, type Shared } from './shared.ts';

/** How long the service goes on answering after it was asked to end, so that nobody finds the door shut on the way in. */
const drainMs = 3_000;
const tryAgainMs = 2_000;

/** The approval service: people and machines ask, decide and wait over HTTP. Any number of these on one PostgreSQL; one on SQLite. */
export async function startApprovals(shared: Shared, keeper: CertificateKeeper): Promise<Running> {
  const { settings, log, metrics } = shared;
  const store = await opened(settings.approvals_store, log);
  const client = shared.connect('approvals');
  const permissions = new ApproverPermissions(client);
  // The chart makes that Secret, empty: receivers know this service by a key that is not the controller's.
  const key = new SigningKey(client, settings.namespace, 'countersign-approvals-keys');
  const outside = new HttpCaller({ allowed: settings.http_allow, ca: settings.http_ca, key: () => key.get() });
  const service = createApprovalService({
    client,
    log,
    metrics,
    store,
    version,
    url: settings.approvals_url ?? `https://countersign-approvals.${settings.namespace}.svc`,
    calling: await callersSettings(settings, client),
    origins: settings.approvals_origins,
    mostWaiters: settings.approvals_waiters,
    longestWaitMs: settings.approvals_longest_wait,
    decisionRate: { perSecond: settings.approvals_rate, burst: settings.approvals_rate_burst },
    permissionsOf: (questions) => permissions.of(questions),
    ownNamespace: settings.namespace,
    outside,
    publicKeys: () => key.publicKeys(),
    linkLifeMs: settings.approvals_link_life,
  });
  const stopSweeping = keepSweeping(store, settings.approvals_retention, {
    onSwept: (rows) => log.info({ rows }, 'what was older than the database keeps it is deleted'),
    onFailed: (error) =>
      log.warn({ err: error }, 'what is older than the database keeps it could not be deleted; it will be within the hour'),
  });
  let port: number | undefined;
  keeper.onChange(async (certificate) => {
    const first = port === undefined;
    port = await service.serve(certificate, port ?? settings.approvals_port);
    if (first) log.info({ port }, 'the approval service listens');
  });
  return {
    missing: () => service.missing(),
    stop: async () => {
      await service.stop(drainMs);
      await stopSweeping();
      await store.close();
      await outside.close();
      await client.close();
    },
  };
}

/** The database, as soon as it is there: without it nothing would be safe to repeat. */
async function opened(url: string, log: Logger): Promise<Store> {
  for (;;) {
    try {
      return await openStore({ url });
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      log.warn({ err: error }, 'the database of the approval service is not there yet; trying again');
      await sleep(tryAgainMs);
    }
  }
}
