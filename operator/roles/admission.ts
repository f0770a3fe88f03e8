import { approvalRequests } from '../../crds/v1alpha1/index.ts';
import { admissionHandlers, createAdmissionServer, type AdmissionServer, type Unreviewed } from '../../webhooks/admission/index.ts';
import type { KubeObject } from '../kube/client/types.ts';
import { WatchCache } from '../kube/watchCache.ts';
import { allManifests } from '../reconcilers/governedJob/manifests.ts';
import { ApproverPermissions, isAllowed } from '../reconcilers/permissions.ts';
import { governedJobRecord, requestRecord, type RequestRecord } from '../reconcilers/records.ts';
import { owesReview } from '../reconcilers/world.ts';
import type { CertificateKeeper } from './certificate.ts';
import { serviceAccount, type Running, type Shared } from './shared.ts';

/** How long admission goes on answering after it was asked to end, so that nobody finds the door shut on the way in. */
const drainMs = 3_000;

/** Requests that somebody overrode and nobody has reviewed. */
const unreviewed = (requests: Iterable<RequestRecord>): Unreviewed[] =>
  [...requests].flatMap((r) => (owesReview(r) ? [{ namespace: r.namespace, name: r.name, by: r.status?.override?.by ?? [] }] : []));

/** Answers the API server's admission reviews. Stateless: any number of these. */
export function startAdmission(shared: Shared, keeper: CertificateKeeper, known: WatchCache<RequestRecord> | undefined): Running {
  const { settings, log, metrics } = shared;
  const client = shared.connect('admission');
  const requests = known ?? new WatchCache({ client, type: approvalRequests, project: requestRecord, log, metrics });
  if (known === undefined) requests.start();
  const permissions = new ApproverPermissions(client);
  const handlers = admissionHandlers({
    client,
    log,
    metrics,
    clock: client,
    operatorUser: serviceAccount(settings.namespace, 'countersign'),
    knownRequest: (namespace, name) => {
      const request = requests.get(`${namespace}/${name}`);
      return request === undefined
        ? undefined
        : { uid: request.uid, requester: request.requester.username, spec: request.spec, status: request.status };
    },
    isAllowed: (person, access) => isAllowed(client, person, access),
    permissionsOf: (questions) => permissions.of(questions),
    unreviewed: () => unreviewed(requests.values()),
    jobsOf: (governedJob) => allManifests(governedJobRecord(governedJob as KubeObject)),
    httpAllow: settings.http_allow,
  });
  let server: AdmissionServer | undefined;
  keeper.onChange(async (certificate) => {
    if (server !== undefined) {
      server.setCertificate(certificate);
      return;
    }
    const created = createAdmissionServer({ handlers, certificate, log, metrics });
    const port = await created.listen(settings.admission_port);
    server = created;
    log.info({ port }, 'admission listens');
  });
  return {
    missing: () => [...(server === undefined ? ['admission'] : []), ...(requests.isSynced() ? [] : ['caches in sync'])],
    stop: async () => {
      await server?.close(drainMs);
      if (known === undefined) await requests.stop();
      await client.close();
    },
  };
}
