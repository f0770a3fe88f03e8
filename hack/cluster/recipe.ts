import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export const binaryNames = ['etcd', 'kube-apiserver', 'kube-controller-manager', 'kube-scheduler', 'kubectl', 'kwok', 'helm'] as const;

export type BinaryName = (typeof binaryNames)[number];

/** How one binary is made: `go build -ldflags … PACKAGE` inside the folder of a go.mod. */
export interface Recipe {
  name: BinaryName;
  module: string;
  package: string;
  ldflags: string;
}

// kwok and Helm have modules of their own: they want newer libraries than the Kubernetes release was tested with, and in one
// module the newest would win for the API server too.
const modules = { kubernetes: import.meta.dirname, kwok: join(import.meta.dirname, 'kwok'), helm: join(import.meta.dirname, 'helm') };

function requiredVersion(module: string, path: string): string {
  const found = new RegExp(`^\\s*(?:require )?${path} (v\\S+)`, 'm').exec(readFileSync(join(module, 'go.mod'), 'utf8'));
  if (found?.[1] === undefined) throw new Error(`${join(module, 'go.mod')} does not require ${path}`);
  return found[1];
}

export function kubernetesVersion(): string {
  return requiredVersion(modules.kubernetes, 'k8s.io/kubernetes');
}

/** `go build` knows nothing of a module's version, so what each program answers to `version` is stamped in, as their own builds do. */
export function recipes(): Recipe[] {
  const kubernetes = kubernetesVersion();
  const [major = '', minor = ''] = kubernetes.slice(1).split('.');
  const stamps = ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version'].flatMap((path) => [
    `-X ${path}.gitVersion=${kubernetes}`,
    `-X ${path}.gitMajor=${major}`,
    `-X ${path}.gitMinor=${minor}`,
    `-X ${path}.gitTreeState=clean`,
  ]);
  const ldflags = ['-s -w', ...stamps].join(' ');
  const kwok = requiredVersion(modules.kwok, 'sigs.k8s.io/kwok').slice(1);
  const helm = requiredVersion(modules.helm, 'helm.sh/helm/v4');
  const kube = (name: BinaryName): Recipe => ({ name, module: modules.kubernetes, package: `k8s.io/kubernetes/cmd/${name}`, ldflags });
  return [
    { name: 'etcd', module: modules.kubernetes, package: 'go.etcd.io/etcd/server/v3', ldflags: '-s -w' },
    kube('kube-apiserver'),
    kube('kube-controller-manager'),
    kube('kube-scheduler'),
    kube('kubectl'),
    {
      name: 'kwok',
      module: modules.kwok,
      package: 'sigs.k8s.io/kwok/cmd/kwok',
      ldflags: `-s -w -X sigs.k8s.io/kwok/pkg/consts.Version=${kwok}`,
    },
    {
      name: 'helm',
      module: modules.helm,
      package: 'helm.sh/helm/v4/cmd/helm',
      ldflags: `-s -w -X helm.sh/helm/v4/internal/version.version=${helm}`,
    },
  ];
}

/** The folder of everything built from exactly these versions. Outside the tree, so that clones share it and `git clean` spares it. */
export function cacheFolder(): string {
  const hash = createHash('sha256');
  for (const module of Object.values(modules)) {
    for (const file of ['go.mod', 'go.sum']) hash.update(readFileSync(join(module, file)));
  }
  // The recipes without their folders: two clones of one version must agree.
  hash.update(JSON.stringify(recipes().map(({ name, package: path, ldflags }) => [name, path, ldflags])));
  hash.update(`${process.platform}-${process.arch}`);
  const root = process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache');
  return join(root, 'countersign', 'cluster', hash.digest('hex').slice(0, 16));
}
