import { Registry } from 'prom-client';
import { compileHoldWebhooks } from '../../../operator/guards/index.ts';
import { isAllowed } from '../../../operator/kube/accessReview.ts';
import { ensureCertificates } from '../../../operator/kube/certificates.ts';
import { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import { loadClusterConfig } from '../../../operator/kube/client/kubeconfig.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { allManifests } from '../../../operator/reconcilers/governedJob/manifests.ts';
import { ApproverPermissions } from '../../../operator/reconcilers/permissions.ts';
import { governedJobRecord } from '../../../operator/reconcilers/records.ts';
import { silentLogger } from '../../../operator/telemetry/logger.ts';
import { createMetrics } from '../../../operator/telemetry/metrics.ts';
import {
  admissionHandlers,
  createAdmissionServer,
  injectCaBundle,
  type AdmissionDeps,
  type AdmissionServer,
  type KnownApprover,
} from '../../../webhooks/admission/index.ts';
import { writeServiceAccountKubeconfig } from '../../../hack/cluster/cluster.ts';
import { applyGuard, leaderPod, operatorNamespace, operatorUser, relayUser, renderChart, type World } from '../guards/world.ts';

/** Admission as one process runs it, for a world without any. */
export interface AdmissionService {
  readonly client: KubeClient;
  readonly server: AdmissionServer;
  stop(): Promise<void>;
}

/** Starts admission on this host, with the operator's own credential and no cache, and has the API server call it, by these configurations. */
export async function startAdmission(
  world: World,
  holdMode: 'Webhook' | 'MutatingAdmissionPolicy',
  kinds: readonly string[] = ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'],
  approvers: readonly KnownApprover[] = [],
): Promise<AdmissionService> {
  const identity = { namespace: operatorNamespace, serviceAccount: 'countersign', podName: leaderPod };
  const { kubeconfig } = await writeServiceAccountKubeconfig(world.cluster, world.cluster.dir, identity);
  const client = new KubeClient({ cluster: loadClusterConfig({ kubeconfig, env: {} }) });
  const secretRef = { namespace: operatorNamespace, name: 'countersign-certificates' };
  const { cert, key, caBundle } = await ensureCertificates({
    client,
    secretRef,
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
    now: Date.now(),
  });
  const deps = dependencies(client, approvers);
  const server = createAdmissionServer({
    handlers: admissionHandlers(deps),
    certificate: { cert, key },
    log: deps.log,
    metrics: deps.metrics,
  });
  const url = `https://127.0.0.1:${await server.listen(0, '127.0.0.1')}`;
  for (const configuration of await renderChart(world.cluster, ['templates/webhooks.yaml'], {
    holdMode,
    'admission.url': url,
    'approvals.enabled': 'true',
  })) {
    if (kinds.includes(configuration.kind)) await applyGuard(world.admin, configuration);
  }
  await injectCaBundle(client, ['countersign'], caBundle);
  if (holdMode === 'Webhook') {
    const how = { client: { url, caBundle: Buffer.from(caBundle).toString('base64') }, evaluate: 'APIServer', operatorUser } as const;
    await applyGuard(world.admin, compileHoldWebhooks(world.policies, how));
  }
  return {
    client,
    server,
    stop: async () => {
      await server.close();
      await client.close();
    },
  };
}

function dependencies(client: KubeClient, approvers: readonly KnownApprover[]): AdmissionDeps {
  const permissions = new ApproverPermissions(client);
  return {
    client,
    operatorUser,
    relayUser,
    log: silentLogger(),
    metrics: createMetrics(new Registry()),
    clock: client,
    knownRequest: () => undefined,
    isAllowed: (person, access) => isAllowed(client, person, access),
    permissionsOf: (questions) => permissions.of(questions),
    policiesFor: () => [],
    readPolicy: () => Promise.resolve(undefined),
    namespaceObject: () => undefined,
    approvers: () => approvers,
    unreviewed: () => [],
    jobsOf: (governedJob) => allManifests(governedJobRecord(governedJob as KubeObject)),
    httpAllow: [],
  };
}
