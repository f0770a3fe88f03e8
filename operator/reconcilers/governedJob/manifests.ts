import { annotations, apiVersion, labels, type ApprovalRequestSpec } from '../../../crds/v1alpha1/index.ts';
import { requestName } from '../../core/subject.ts';
import type { GovernedJobRecord } from '../records.ts';

type StringMap = Readonly<Record<string, string>>;

interface Container {
  readonly env?: readonly { readonly name: string }[];
  readonly [field: string]: unknown;
}

/** What containers read their parameters from: the JSON of `spec.parameters`. */
const parametersVariable = 'COUNTERSIGN_PARAMETERS';

/** The Job of a GovernedJob as it is created: suspended, held, owned, and with its author's name on it. */
export function jobManifest(governedJob: GovernedJobRecord, name: string): object {
  const { jobTemplate, parameters } = governedJob.spec;
  const spec = jobTemplate.spec as { suspend?: boolean };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: governedJob.namespace,
      labels: { ...withoutMarks(jobTemplate.metadata?.labels), [labels.held]: 'true' },
      annotations: {
        ...withoutMarks(jobTemplate.metadata?.annotations),
        [annotations.authorSuspended]: String(spec.suspend === true),
        [annotations.requester]: governedJob.requester.username,
        [annotations.requesterGroups]: governedJob.requester.groups.join('\n'),
      },
      ownerReferences: [
        { apiVersion, kind: 'GovernedJob', name: governedJob.name, uid: governedJob.uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: { ...(parameters === undefined ? spec : withParameters(spec, parameters)), suspend: true },
  };
}

/** The request of a GovernedJob. */
export function requestManifest(governedJob: GovernedJobRecord): object {
  return {
    apiVersion,
    kind: 'ApprovalRequest',
    metadata: {
      name: requestName(governedJob.name, governedJob.uid),
      namespace: governedJob.namespace,
      labels: { [labels.subjectUid]: governedJob.uid },
      annotations: {
        [annotations.requester]: governedJob.requester.username,
        [annotations.requesterGroups]: governedJob.requester.groups.join('\n'),
      },
    },
    spec: requestSpec(governedJob),
  };
}

/** What the request says of the GovernedJob. */
export function requestSpec({ name, uid, spec }: GovernedJobRecord): Omit<ApprovalRequestSpec, 'draft' | 'cancelled'> {
  const { operation, parameters, reason, ticket, timeout, policyRef } = spec;
  return {
    subject: { resource: { apiVersion, kind: 'GovernedJob', name, uid } },
    operation,
    ...(parameters === undefined ? {} : { context: parameters }),
    ...(reason === undefined ? {} : { reason }),
    ...(ticket === undefined ? {} : { ticket }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(policyRef === undefined ? {} : { policyRef }),
  };
}

// Nobody brings our marks along in a template.
function withoutMarks(said: StringMap | undefined): StringMap {
  const ours = (key: string): boolean => key.startsWith('countersign.dev/') || key.startsWith('policy.countersign.dev/');
  return Object.fromEntries(Object.entries(said ?? {}).filter(([key]) => !ours(key)));
}

function withParameters(spec: object, parameters: unknown): object {
  const template = (spec as { template?: { spec?: { containers?: Container[]; initContainers?: Container[] } } }).template;
  const value = JSON.stringify(parameters);
  const given = (containers: Container[] | undefined) =>
    containers?.map((c) => ({
      ...c,
      env: [...(c.env ?? []).filter((e) => e.name !== parametersVariable), { name: parametersVariable, value }],
    }));
  const pod = template?.spec;
  return {
    ...spec,
    template: {
      ...template,
      spec: {
        ...pod,
        containers: given(pod?.containers),
        ...(pod?.initContainers === undefined ? {} : { initContainers: given(pod.initContainers) }),
      },
    },
  };
}
