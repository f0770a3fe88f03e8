import type { KubeClient } from '../../../../operator/kube/client/kubeClient.ts';
import type { Store } from '../../store/index.ts';
import type { RequestDeps } from '../deps.ts';

/** What these routes use beside what their originals do. */
export interface AliasDeps extends RequestDeps {
  readonly store: Store;
  readonly policies: Pick<KubeClient, 'listAll'>;
}
