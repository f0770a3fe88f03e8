import {
  annotations,
  apiVersion,
  labels,
  type ActionStage,
  type ApprovalRequestSpec,
  type JobTemplate,
} from '../../../crds/v1alpha1/index.ts';
import { withParameters } from '../../core/parameters.ts';
import { requesterStamp } from '../../core/requesterStamp.ts';
import { governedJobSource, requestName } from '../../core/subject.ts';
import { present } from '../../core/present.ts';
import type { GovernedJobRecord } from '../records.ts';

type StringMap = Readonly<Record<string, string>>;

/** The Job of a GovernedJob as it is created: suspended, held, owned, and with its author's name on it. @throws CountersignError `Undigestible`. */
export function jobManifest(governedJob: GovernedJobRecord, name: string): object {
  const source = governedJobSource(governedJob.uid, governedJob.spec);
  return heldJob(governedJob, governedJob.spec.jobTemplate, { name, annotations: { [annotations.source]: source } });
}

/**
 * The Job of an action or of the rollback. It is created like the other, but kept for as long as its GovernedJob, whatever time to live its template
 * says: as long as it is there, it is known that it need not be run again.
 */
export function actionJobManifest(governedJob: GovernedJobRecord, template: JobTemplate, as: { name: string; stage: ActionStage }): object {
  const { ttlSecondsAfterFinished: _kept, ...spec } = template.spec;
  return heldJob(governedJob, { ...template, spec }, { name: as.name, labels: { [labels.stage]: as.stage } });
}

/** Every Job that may be created for a GovernedJob, each with the field that its template is in, for admission to try out. @throws CountersignError `Undigestible`. */
export function allManifests(governedJob: GovernedJobRecord): { readonly field: string; readonly job: object }[] {
  const { preActions = [], postActions = [], rollback } = governedJob.spec;
  const name = governedJob.name.slice(0, 54);
  const of = (stage: ActionStage, field: string, template: JobTemplate | undefined) =>
    template === undefined ? [] : [{ field: `${field}.jobTemplate`, job: actionJobManifest(governedJob, template, { name, stage }) }];
  return [
    { field: 'spec.jobTemplate', job: jobManifest(governedJob, name) },
    ...preActions.flatMap((a, i) => of('Pre', `spec.preActions[${i}]`, a.jobTemplate)),
    ...postActions.flatMap((a, i) => of('Post', `spec.postActions[${i}]`, a.jobTemplate)),
    ...of('Rollback', 'spec.rollback', rollback?.jobTemplate),
  ];
}

function heldJob(
  governedJob: GovernedJobRecord,
  { metadata, spec: said }: JobTemplate,
  own: { name: string; labels?: StringMap; annotations?: StringMap },
): object {
  const { parameters } = governedJob.spec;
  const spec = said as { suspend?: boolean };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: own.name,
      namespace: governedJob.namespace,
      labels: { ...withoutMarks(metadata?.labels), ...own.labels, [labels.held]: 'true' },
      annotations: {
        ...withoutMarks(metadata?.annotations),
        ...own.annotations,
        [annotations.authorSuspended]: String(spec.suspend === true),
        ...requesterStamp(governedJob.requester, governedJob.onBehalfOf),
      },
      ownerReferences: [
        { apiVersion, kind: 'GovernedJob', name: governedJob.name, uid: governedJob.uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: { ...withParameters(spec, parameters), suspend: true },
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
      annotations: requesterStamp(governedJob.requester, governedJob.onBehalfOf),
    },
    spec: requestSpec(governedJob),
  };
}

/** What the request says of the GovernedJob. */
export function requestSpec({ name, uid, spec }: GovernedJobRecord): Omit<ApprovalRequestSpec, 'draft' | 'cancelled'> {
  const { operation, parameters, reason, ticket, timeout, policyRef, callback, checkpoint } = spec;
  return {
    subject: { resource: { apiVersion, kind: 'GovernedJob', name, uid } },
    operation,
    ...(parameters === undefined ? {} : { context: parameters }),
    ...(reason === undefined ? {} : { reason }),
    ...(ticket === undefined ? {} : { ticket }),
    ...(timeout === undefined ? {} : { timeout }),
    ...(policyRef === undefined ? {} : { policyRef }),
    ...present({ callback, checkpoint }),
  };
}

// Nobody brings our marks along in a template.
function withoutMarks(said: StringMap | undefined): StringMap {
  return Object.fromEntries(Object.entries(said ?? {}).filter(([key]) => !/^([a-z]+\.)?countersign\.dev\//.test(key)));
}
