import type { GovernedJob, GovernedJobSpec, GovernedJobStatus, Requester } from '../../crds/v1alpha1/index.ts';
import { requesterFrom } from '../../operator/core/requesterStamp.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';
import { knownMetadata, type KnownMetadata } from './metadata.ts';

/** A GovernedJob as the service knows it. Its Job's template, which may be large, is not kept. */
export interface KnownExecution extends KnownMetadata {
  readonly requester: Requester;
  readonly spec: Pick<GovernedJobSpec, 'operation' | 'parameters' | 'reason' | 'ticket' | 'timeout' | 'cancelled'>;
  readonly status: GovernedJobStatus | undefined;
}

/** For a watch cache of GovernedJobs. */
export function knownExecution(raw: KubeObject): KnownExecution {
  const { metadata, spec, status } = raw as unknown as GovernedJob;
  const { operation, parameters, reason, ticket, timeout, cancelled } = spec;
  return {
    ...knownMetadata(raw),
    requester: requesterFrom(metadata.annotations),
    spec: { operation, parameters, reason, ticket, timeout, cancelled },
    status,
  };
}

const undecided: readonly (string | undefined)[] = [undefined, 'Pending', 'Validating', 'AwaitingApproval'];

/** Whether policies and people have said whether it may run, or it has ended without them. */
export const isDecided = ({ status }: Pick<KnownExecution, 'status'>): boolean => !undecided.includes(status?.phase);
