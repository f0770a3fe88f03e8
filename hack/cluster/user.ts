// Behind hack/user: prints a kubeconfig for somebody, signed by the CA of the cluster that `make up` left running.
import { existsSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { files } from './components.ts';
import { certificateKubeconfig } from './kubeconfig.ts';
import { CertificateAuthority } from './pki.ts';
import { clusterFolder, kubeconfigFile } from './run.ts';

interface Kubeconfig {
  clusters: [{ name: string; cluster: { server: string } }];
}

async function main([user, ...groups]: string[]): Promise<void> {
  if (user === undefined) throw new Error('usage: hack/user NAME [GROUP…]');
  const authority = CertificateAuthority.at(files(clusterFolder).pki);
  if (!existsSync(kubeconfigFile) || !existsSync(authority.keyFile)) throw new Error('no cluster is running; `make up` starts one');
  const [{ name, cluster }] = (parse(readFileSync(kubeconfigFile, 'utf8')) as Kubeconfig).clusters;
  const issued = await authority.issue({ name: user, groups });
  process.stdout.write(certificateKubeconfig({ name, url: cluster.server, caFile: authority.certificateFile }, user, issued));
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
