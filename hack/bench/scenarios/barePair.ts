import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CertificateAuthority, issueFiles } from '../../cluster/pki.ts';
import { freePort } from '../../cluster/ports.ts';
import { accessOf } from '../bareClient.ts';
import type { Bench } from '../bench.ts';
import { burst } from './burst.ts';
import type { PairOptions } from './barePairProcess.ts';

/** The least that could hold and release at all: a bare webhook that suspends, and one patch for each Job that a watch tells of. */
export async function barePair(bench: Bench, n: number): Promise<void> {
  const namespace = await bench.namespace();
  const end = await startPair(bench, namespace);
  const { creationMs, longestMs, ...rates } = await burst(bench, namespace, n);
  await end();
  bench.report.add({ scenario: 'limit.pair', n, ...rates, more: { creationMs, longestMs } });
  await bench.remove(namespace);
}

/** Starts the pair for one namespace, in a process of its own as the operator is. Returns how to end it. */
async function startPair(bench: Bench, namespace: string): Promise<() => Promise<void>> {
  const { admin, cluster } = bench;
  const folder = join(cluster.dir, `pair-${namespace}`);
  const authority = await CertificateAuthority.create(folder, 'bench');
  await issueFiles(authority, folder, 'serving', { name: 'pair', hosts: ['127.0.0.1'] });
  const options: PairOptions = {
    port: await freePort(),
    cert: readFileSync(join(folder, 'serving.crt'), 'utf8'),
    key: readFileSync(join(folder, 'serving.key'), 'utf8'),
    access: accessOf(cluster.adminKubeconfig),
    namespace,
    connections: bench.settings.connections,
  };
  const child = fork(join(import.meta.dirname, 'barePairProcess.ts'));
  child.send(options);
  await once(child, 'message');
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';
  await admin.send('POST', path, webhook(namespace, options.port, readFileSync(authority.certificateFile)));
  await bench.holds(namespace);
  return async () => {
    await admin.send('DELETE', `${path}/${namespace}`);
    child.kill();
    await once(child, 'exit');
  };
}

const webhook = (namespace: string, port: number, ca: Buffer): object => ({
  metadata: { name: namespace },
  webhooks: [
    {
      name: 'pair.example.com',
      clientConfig: { url: `https://127.0.0.1:${port}/`, caBundle: ca.toString('base64') },
      rules: [{ apiGroups: ['batch'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['jobs'] }],
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      admissionReviewVersions: ['v1'],
      sideEffects: 'None',
      failurePolicy: 'Fail',
    },
  ],
});
