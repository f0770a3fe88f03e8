// Not from the index: whoever bundles this file would carry the schemas along.
import { annotations, authorAnnotations, labels, policyMarkPrefix } from '../../crds/v1alpha1/marks.ts';
import { durationPattern } from '../../crds/v1alpha1/patterns.ts';
import { contentDigest } from '../core/digest.ts';
import { duplicateKey } from '../core/duplicateKey.ts';
import { referencesOf, refersToAnything } from '../core/pins.ts';
import { onBehalfOfFrom, requesterFrom } from '../core/requesterStamp.ts';
import type { Claimed, HeldFacts, RawObject, Workload } from './contract.ts';

interface JobSpec {
  readonly suspend?: boolean;
  readonly [field: string]: unknown;
}

interface JobStatus {
  readonly startTime?: string;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly message?: string;
    readonly lastTransitionTime?: string;
  }[];
}

/** A `batch/v1` Job: held by `spec.suspend`. */
export const job: Workload = {
  type: { group: 'batch', version: 'v1', plural: 'jobs', kind: 'Job', namespaced: true },
  content,
  repeats,
  project,
  release: (facts, { digest, request }) => ({
    metadata: {
      uid: facts.uid,
      resourceVersion: facts.resourceVersion,
      labels: { [labels.held]: 'false' },
      annotations: { [annotations.released]: digest, [annotations.request]: request },
    },
    ...(facts.authorSuspended ? {} : { spec: { suspend: false } }),
  }),
  // The API server wants a start time and FailureTarget before Failed; TTL and CronJob go on from Failed.
  refuse: (facts, why) => ({
    ...unchanged(facts),
    status: { startTime: why.at, conditions: [condition('FailureTarget', why), condition('Failed', why)] },
  }),
  // The Job controller deletes the pods of a Job with FailureTarget and then says Failed itself.
  abort: (facts, why) => ({ ...unchanged(facts), status: { conditions: [condition('FailureTarget', why)] } }),
};

const unchanged = ({ uid, resourceVersion }: HeldFacts): object => ({ metadata: { uid, resourceVersion } });

const condition = (type: string, { reason, message, at }: Parameters<Workload['refuse']>[1]): object => ({
  type,
  status: 'True',
  reason,
  message,
  lastProbeTime: at,
  lastTransitionTime: at,
});

/** The stored spec but for `suspend`, which is the hold itself. The selector and the pod labels that carry the Job's own uid are part of it. */
function content(raw: RawObject): object {
  const { suspend: _hold, ...spec } = (raw['spec'] ?? {}) as JobSpec;
  return { spec };
}

/** Labels by which the API server ties pods to their Job; with the selector, all that differs between two Jobs of the same template. */
const jobLabels = ['controller-uid', 'job-name', 'batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name'];

function repeats(raw: RawObject): object {
  return { spec: withoutIdentity(raw['spec'] ?? {}) };
}

/** The spec of a Job without what no two Jobs of the same template have in common. */
export function withoutIdentity(jobSpec: unknown): object {
  const { suspend: _hold, selector: _selector, template, ...spec } = jobSpec as JobSpec & { template?: PodTemplate };
  const { labels: own = {}, ...metadata } = template?.metadata ?? {};
  const kept = Object.fromEntries(Object.entries(own).filter(([key]) => !jobLabels.includes(key)));
  return { ...spec, template: { ...template, metadata: { ...metadata, labels: kept } } };
}

interface PodTemplate {
  readonly metadata?: { readonly labels?: Readonly<Record<string, string>>; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

function project(raw: RawObject): HeldFacts {
  const { metadata } = raw;
  const marks = metadata.annotations ?? {};
  const { [labels.held]: held, ...otherLabels } = metadata.labels ?? {};
  const controller = controllerOf(metadata);
  const status = raw['status'] as JobStatus | undefined;
  const ended = endOf(status);
  return {
    kind: 'Job',
    namespace: metadata.namespace ?? '',
    name: metadata.name,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    createdAt: metadata.creationTimestamp,
    markedHeld: held === 'true',
    suspended: ((raw['spec'] ?? {}) as JobSpec).suspend === true,
    authorSuspended: marks[annotations.authorSuspended] === 'true',
    policyMarks: Object.keys(marks).filter((key) => key.startsWith(policyMarkPrefix)),
    labels: otherLabels,
    requester: requesterFrom(marks),
    ...onBehalfOfFrom(marks),
    claim: claimOf(raw),
    ...digestOrFault(raw),
    ...referencesIn(raw),
    ...releasedBy(marks),
    ...(marks[annotations.source] === undefined ? {} : { source: marks[annotations.source] }),
    ...(status?.startTime === undefined ? {} : { started: true }),
    ...(ended === undefined ? {} : { ended }),
    ...(ended === undefined && isTrue(status, 'FailureTarget') ? { stopping: true } : {}),
    ...(controller === undefined ? {} : { controller: { kind: controller.kind, name: controller.name, uid: controller.uid } }),
  };
}

/** Of a CronJob it is a run only when the controller of CronJobs made it: anybody may name one as the owner, and `kubectl create job --from` does. */
function controllerOf({ ownerReferences, annotations: said }: RawObject['metadata']) {
  const controller = ownerReferences?.find((o) => o.controller === true);
  return controller?.kind === 'CronJob' && said?.[annotations.runOf] !== controller.uid ? undefined : controller;
}

function digestOrFault(raw: RawObject): { content: string } | { fault: string } {
  try {
    return { content: contentDigest(content(raw)) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

function referencesIn(raw: RawObject): Pick<HeldFacts, 'references'> {
  const references = referencesOf(raw['spec']);
  return refersToAnything(references) ? { references } : {};
}

function releasedBy(marks: Readonly<Record<string, string>>): Pick<HeldFacts, 'released'> {
  const digest = marks[annotations.released];
  return digest === undefined ? {} : { released: { digest, request: marks[annotations.request] ?? '' } };
}

const isTrue = (status: JobStatus | undefined, type: string): boolean =>
  status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;

function endOf(status: JobStatus | undefined): HeldFacts['ended'] {
  const end = status?.conditions?.find((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True');
  if (end === undefined) return undefined;
  const succeeded = end.type === 'Complete';
  const message = succeeded ? 'The Job ran to completion.' : `The Job failed: ${end.message ?? 'no message'}`;
  return { succeeded, message, ...(end.lastTransitionTime === undefined ? {} : { at: end.lastTransitionTime }) };
}

function claimOf(raw: RawObject): Claimed {
  const said = raw.metadata.annotations ?? {};
  const faults: string[] = [];
  const operation = said[authorAnnotations.operation];
  const context = parsedContext(said[authorAnnotations.context], faults);
  const timeout = said[authorAnnotations.timeout];
  const waits = timeout !== undefined && isDuration(timeout);
  const reason = bounded(said, authorAnnotations.reason, 1024, faults);
  const ticket = bounded(said, authorAnnotations.ticket, 256, faults);
  if (operation !== undefined && !dnsLabel.test(operation))
    faults.push(`annotation ${authorAnnotations.operation} is "${operation}"; expected one DNS label, such as wire-transfer`);
  if (timeout !== undefined && !waits)
    faults.push(`annotation ${authorAnnotations.timeout} is "${timeout}"; expected a duration of at least 1s, such as 48h`);
  return {
    operation: operation !== undefined && dnsLabel.test(operation) ? operation : defaultOperation(raw),
    ...(reason === undefined ? {} : { reason }),
    ...(ticket === undefined ? {} : { ticket }),
    ...(context === undefined ? {} : { context }),
    ...(waits ? { timeout } : {}),
    faults,
  };
}

/** What the schema of a request accepts: a request that said otherwise could not be created, and nobody would be told. */
const isDuration = (text: string): boolean => text.length <= 20 && durationPattern.test(text) && /[1-9]/.test(text);

function bounded(said: Readonly<Record<string, string>>, key: string, most: number, faults: string[]): string | undefined {
  const text = said[key];
  if (text === undefined || text.length <= most) return text;
  faults.push(`annotation ${key} has ${text.length} characters; expected at most ${most}`);
  return undefined;
}

const dnsLabel = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** What is done, when its author does not say: the CronJob's name, the prefix of a generated name, or the Job's own name. */
function defaultOperation({ metadata }: RawObject): string {
  const cronJob = metadata.ownerReferences?.find((o) => o.controller === true && o.kind === 'CronJob')?.name;
  const name = cronJob ?? metadata.generateName ?? metadata.name;
  const label = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  return label === '' ? 'job' : label;
}

/** Why nobody can say what the annotation `context` means, when one of its objects has a key twice; undefined for all else. */
export function ambiguousContext(text: string): string | undefined {
  const twice = duplicateKey(text);
  return twice === undefined
    ? undefined
    : `annotation ${authorAnnotations.context} has the key ${JSON.stringify(twice.slice(0, 100))} twice, and readers differ in which they take; expected each key once`;
}

function parsedContext(text: string | undefined, faults: string[]): Readonly<Record<string, unknown>> | undefined {
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const ambiguous = ambiguousContext(text);
    if (ambiguous !== undefined) faults.push(ambiguous);
    else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      // Whoever approves must see what is written there, not what was left of it: numbers that JSON cannot carry are refused.
      contentDigest(value);
      return value as Record<string, unknown>;
    } else faults.push(`annotation ${authorAnnotations.context} is not a JSON object; expected for example {"amount": 50000}`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    faults.push(
      `annotation ${authorAnnotations.context} cannot be used: ${why.replace(/\.$/, '')}; expected for example {"amount": 50000}`,
    );
  }
  return undefined;
}
