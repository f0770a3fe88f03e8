import type { DecisionVia } from '../../../crds/v1alpha1/index.ts';

/** How the service came to know who calls. */
export type Proof = 'KubernetesToken' | 'BearerToken' | 'Session' | 'Link' | 'Slack';

/** Somebody whom the service knows by the name that the cluster knows them by. */
export interface Caller {
  readonly username: string;
  /** As the cluster knows them; always with `system:authenticated`. */
  readonly groups: readonly string[];
  /** The channel that decisions of theirs are relayed as. */
  readonly via: Exclude<DecisionVia, 'Kubernetes'>;
  readonly proof: Proof;
}
