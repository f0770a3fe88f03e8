import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { operatorToken } from '../../cluster/cluster.ts';
import { CertificateAuthority, issueFiles } from '../../cluster/pki.ts';
import { freePort } from '../../cluster/ports.ts';
import { approvalsPods, systemNamespace } from '../../platform/chart.ts';
import type { Bench } from '../bench.ts';
import type { BareServiceOptions } from './bareServiceProcess.ts';

/** What is measured: the approval service, or the least that could stand in its place. */
export interface Service {
  readonly url: string;
  readonly ca: string;
  readonly pid: number;
  stop(): Promise<void>;
}

/** The yardstick: bare express over TLS in a process of its own, which writes what it is sent with the approval service's own token. */
export async function startBareService({ cluster, settings }: Bench): Promise<Service> {
  const folder = join(cluster.dir, 'bare-service');
  mkdirSync(folder, { recursive: true });
  const authority = await CertificateAuthority.create(folder, 'bench');
  await issueFiles(authority, folder, 'serving', { name: 'bare', hosts: ['127.0.0.1'] });
  const [podName = ''] = await approvalsPods(cluster, 1);
  const options: BareServiceOptions = {
    port: await freePort(),
    cert: readFileSync(join(folder, 'serving.crt'), 'utf8'),
    key: readFileSync(join(folder, 'serving.key'), 'utf8'),
    apiServer: { url: cluster.url, ca: readFileSync(cluster.caFile, 'utf8') },
    token: await operatorToken(cluster, { namespace: systemNamespace, serviceAccount: 'countersign-approvals', podName }),
    connections: settings.connections,
  };
  const child = fork(join(import.meta.dirname, 'bareServiceProcess.ts'), { execArgv: ['--max-semi-space-size=4'] });
  child.send(options);
  await once(child, 'message');
  return {
    url: `https://127.0.0.1:${options.port}`,
    ca: readFileSync(authority.certificateFile, 'utf8'),
    pid: child.pid ?? 0,
    stop: async () => {
      child.kill();
      await once(child, 'exit');
    },
  };
}
