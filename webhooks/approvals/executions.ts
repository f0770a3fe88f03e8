import { annotations, type GovernedJob, type GovernedJobSpec, type GovernedJobStatus, type Requester } from '../../crds/v1alpha1/index.ts';
import { requesterFrom } from '../../operator/core/requesterStamp.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';

/** A GovernedJob as the service knows it. Its Job's template, which may be large, is not kept. */
export interface KnownExecution {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly requester: Requester;
  readonly via?: string;
  readonly spec: Pick<GovernedJobSpec, 'operation' | 'parameters' | 'reason' | 'ticket' | 'timeout' | 'cancelled'>;
  readonly status: GovernedJobStatus | undefined;
}

/** For a watch cache of GovernedJobs. */
export function knownExecution(raw: KubeObject): KnownExecution {
  const { metadata, spec, status } = raw as unknown as GovernedJob;
  const { operation, parameters, reason, ticket, timeout, cancelled } = spec;
  const via = metadata.annotations?.[annotations.via];
  return {
    uid: metadata.uid,
    namespace: metadata.namespace,
    name: metadata.name,
    createdAt: metadata.creationTimestamp,
    labels: metadata.labels ?? {},
    requester: requesterFrom(metadata.annotations),
    spec: { operation, parameters, reason, ticket, timeout, cancelled },
    status,
    ...(via === undefined ? {} : { via }),
  };
}

const undecided: readonly (string | undefined)[] = [undefined, 'Pending', 'Validating', 'AwaitingApproval'];

/** Whether policies and people have said whether it may run, or it has ended without them. */
export const isDecided = ({ status }: Pick<KnownExecution, 'status'>): boolean => !undecided.includes(status?.phase);
