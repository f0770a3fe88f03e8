import { approvalPolicies, clusterApprovalPolicies } from '../../crds/v1alpha1/index.ts';
import { admissionHandlers, createAdmissionServer, type AdmissionServer, type Unreviewed } from '../../webhooks/admission/index.ts';
import type { PolicyId } from '../core/facts.ts';
import { isAllowed } from '../kube/accessReview.ts';
import { isNotFound } from '../kube/client/apiError.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import type { KubeObject } from '../kube/client/types.ts';
import { allManifests } from '../reconcilers/governedJob/manifests.ts';
import { ApproverPermissions } from '../reconcilers/permissions.ts';
import { governedJobRecord, policyRecord, type PolicyRecord, type RequestRecord } from '../reconcilers/records.ts';
import { owesReview } from '../reconcilers/world.ts';
import type { CertificateKeeper } from './certificate.ts';
import { isSynced, policiesFor, stopWatching, watchKnown, type Known } from './known.ts';
import { serviceAccount, type Running, type Shared } from './shared.ts';

/** How long admission goes on answering after it was asked to end, so that nobody finds the door shut on the way in. */
const drainMs = 3_000;

/** Requests that somebody overrode and nobody has reviewed. */
const unreviewed = (requests: Iterable<RequestRecord>): Unreviewed[] =>
  [...requests].flatMap((r) => (owesReview(r) ? [{ namespace: r.namespace, name: r.name, by: r.status?.override?.by ?? [] }] : []));

async function readPolicy(client: KubeClient, { kind, namespace, name }: PolicyId): Promise<PolicyRecord | undefined> {
  const ref = { name, ...(namespace === undefined ? {} : { namespace }) };
  try {
    return policyRecord(kind)(await client.get(kind === 'ApprovalPolicy' ? approvalPolicies : clusterApprovalPolicies, ref));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

/** Answers the API server's admission reviews. Stateless: any number of these. `shares`: what a controller in the same process watches already. */
export function startAdmission(shared: Shared, keeper: CertificateKeeper, shares: Known | undefined): Running {
  const { settings, log, metrics } = shared;
  const client = shared.connect('admission');
  const known = shares ?? watchKnown(client, shared);
  const { requests, namespaces } = known;
  const permissions = new ApproverPermissions(client);
  const handlers = admissionHandlers({
    client,
    log,
    metrics,
    clock: client,
    operatorUser: serviceAccount(settings.namespace, 'countersign'),
    relayUser: serviceAccount(settings.namespace, 'countersign-approvals'),
    knownRequest: (namespace, name) => {
      const request = requests.get(`${namespace}/${name}`);
      return request === undefined
        ? undefined
        : { uid: request.uid, requester: request.requester.username, spec: request.spec, status: request.status };
    },
    isAllowed: (person, access) => isAllowed(client, person, access),
    permissionsOf: (questions) => permissions.of(questions),
    policiesFor: (namespace) => policiesFor(known, namespace),
    readPolicy: (policy) => readPolicy(client, policy),
    namespaceObject: (namespace) => {
      const found = namespaces.get(namespace);
      return found === undefined ? undefined : { metadata: { name: found.name, labels: found.labels } };
    },
    approvers: () => known.people.approvers.values(),
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
    missing: () => [...(server === undefined ? ['admission'] : []), ...(isSynced(known) ? [] : ['caches in sync'])],
    stop: async () => {
      await server?.close(drainMs);
      if (shares === undefined) await stopWatching(known);
      await client.close();
    },
  };
}
