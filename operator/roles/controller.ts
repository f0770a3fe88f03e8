import { leaderAnnotation } from '../../crds/v1alpha1/index.ts';
import { injectCaBundle, webhookConfigurationName } from '../../webhooks/admission/index.ts';
import type { Settings } from '../config.ts';
import { Fence } from '../kube/fence.ts';
import { LeaderElection } from '../kube/leaderElection.ts';
import { isForbidden } from '../kube/client/apiError.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import type { WebhookClient } from '../guards/index.ts';
import { Controllers } from '../reconcilers/controllers.ts';
import { HttpCaller } from '../notify/httpCaller.ts';
import { SigningKey } from '../notify/signingKey.ts';
import { GuardStore } from '../reconcilers/policy/guardStore.ts';
import type { World } from '../reconcilers/world.ts';
import { admissionService, type Certificate, type CertificateKeeper } from './certificate.ts';
import { serviceAccount, type Running, type Shared } from './shared.ts';

/** The Lease by which one of several replicas leads. */
export const leaseName = 'countersign-controller';

const kindsOfGuards = {
  MutatingAdmissionPolicy: [
    'MutatingAdmissionPolicy',
    'MutatingAdmissionPolicyBinding',
    'ValidatingAdmissionPolicy',
    'ValidatingAdmissionPolicyBinding',
  ],
  Webhook: ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding', 'MutatingWebhookConfiguration'],
} as const;

const proveEveryMs = 2_000;
const proveAgainMs = 30_000;

/** Reconciles, in whichever replica leads. */
export async function startController(shared: Shared, world: World, keeper: CertificateKeeper): Promise<Running> {
  const { settings, log, metrics } = shared;
  const client = shared.connect('controller');
  const store = new GuardStore({ client, log, metrics, kinds: kindsOfGuards[settings.hold_mode] });
  await store.start();
  const webhookClient = (): WebhookClient | undefined => reachedBy(keeper.current, settings);
  // cert-manager's own injector does this for certificates that it makes.
  if (settings.cert_dir === undefined) {
    keeper.onLook(async ({ caBundle }) => {
      await injectCaBundle(client, [webhookConfigurationName], caBundle);
    });
  }
  const caller = callerOf(shared, client);
  let controllers: Controllers | undefined;
  let stopping: Promise<void> = Promise.resolve();
  const { namespace } = settings;
  const electing = shared.connect('leader', 2);
  const leader = new LeaderElection({
    client: electing,
    namespace,
    name: leaseName,
    holderIdentity: settings.pod_name,
    fence: new Fence({ client: electing, namespace, serviceAccount: 'countersign', annotation: leaderAnnotation }),
    log,
    metrics,
    onStarted: () => {
      void stopping.then(() => {
        controllers = controllersOf(shared, { world, store, caller, client: client.fenced(leader.assertLeader), webhookClient });
        controllers.start();
      });
    },
    onStopped: (reason) => {
      log.warn({ reason }, 'not leading');
      stopping = stopping
        .then(() => controllers?.stop())
        .then(() => {
          controllers = undefined;
        });
    },
  });
  keeper.onChange(() => controllers?.wakePolicies());
  leader.start();
  metrics.onCollect(() => metrics.heldWork.set(world.heldWork()));
  metrics.onCollect(() => metrics.reviewsOwed.set(world.reviewsOwed().length));
  const proof = proveGuards(client, settings.namespace);
  return {
    missing: () => [
      ...(world.isSynced() && store.isSynced() ? [] : ['caches in sync']),
      ...(proof.holds() ? [] : ['guards proven to bite']),
    ],
    stop: async () => {
      proof.stop();
      await controllers?.stop();
      await leader.stop();
      await stopping;
      await store.stop();
      await caller.close();
      await client.close();
    },
  };
}

/** How the API server reaches admission; undefined until there is a certificate to trust. */
function reachedBy(certificate: Certificate | undefined, { admission_url: url, namespace }: Settings): WebhookClient | undefined {
  if (certificate === undefined) return undefined;
  const caBundle = Buffer.from(certificate.caBundle).toString('base64');
  return url === undefined ? { caBundle, service: { namespace, name: admissionService } } : { caBundle, url };
}

/** The key is made before anybody calls, so that receivers can be told of it. */
function callerOf({ settings, log }: Shared, client: KubeClient): HttpCaller {
  const key = new SigningKey(client, settings.namespace);
  if (settings.http_allow.length > 0) key.get().catch((error: unknown) => log.warn({ err: error }, 'no key to sign calls with yet'));
  return new HttpCaller({ allowed: settings.http_allow, ca: settings.http_ca, key: () => key.get() });
}

interface Parts {
  readonly world: World;
  readonly store: GuardStore;
  readonly caller: HttpCaller;
  readonly client: KubeClient;
  readonly webhookClient: () => WebhookClient | undefined;
}

function controllersOf({ settings, log, metrics, tracing }: Shared, { world, store, caller, client, webhookClient }: Parts): Controllers {
  return new Controllers({
    client,
    world,
    log,
    metrics,
    tracing,
    reporter: settings.pod_name,
    namespace: settings.namespace,
    concurrency: settings.concurrency,
    defaultTimeoutMs: settings.default_timeout,
    retentionMs: settings.retention,
    retentionPerNamespace: settings.retention_per_namespace,
    cronJobOpenRequests: settings.cronjob_open_requests,
    caller,
    policy: {
      store,
      guards: { holdMode: settings.hold_mode, operatorUser: serviceAccount(settings.namespace, 'countersign') },
      webhookClient,
    },
  });
}

const jobs = { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true };

/** A Job that the operator itself must never be able to create: one that is not held. */
const forbidden = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { generateName: 'countersign-proof-' },
  spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'none', image: 'none' }] } } },
};

/** Offers the API server something forbidden, without keeping it, until it is refused: only then do the guards stand. And again, in case they fall. */
function proveGuards(client: KubeClient, namespace: string): { holds: () => boolean; stop: () => void } {
  let holds = false;
  let timer: NodeJS.Timeout | undefined;
  const prove = async (): Promise<void> => {
    try {
      await client.create(jobs, namespace, forbidden, { dryRun: true });
      holds = false;
    } catch (error) {
      // RBAC would refuse in other words: it must be the guard that does.
      holds = isForbidden(error) && error instanceof Error && error.message.includes('must arrive held');
    }
    timer = setTimeout(() => void prove(), holds ? proveAgainMs : proveEveryMs);
  };
  void prove();
  return { holds: () => holds, stop: () => clearTimeout(timer) };
}
