import type { ApprovalRequestSpec, Pin } from '../../crds/v1alpha1/index.ts';
import { contentDigest, digestOf } from './digest.ts';
import { CountersignError } from './errors.ts';

/** The most that `context` may be, in bytes of JSON. No CRD schema can say so. */
export const mostContextBytes = 64 * 1024;

/** What a request says, and for whom whoever submitted it says that they ask. */
export interface Asked {
  readonly spec: ApprovalRequestSpec;
  readonly onBehalfOf?: string | undefined;
}

/**
 * The digest of a request: what would run (`content`, absent for something outside the cluster), what that refers to (`pins`, where a policy wants them),
 * and what the request says and asks of it: the answer to a question is worth nothing once the question is another.
 */
export function requestDigest(
  namespace: string,
  { spec, onBehalfOf }: Asked,
  content: string | undefined,
  pins: readonly Pin[] | undefined = [],
): string {
  refuseLargeContext(spec.context);
  const { resource, external } = spec.subject;
  const subject =
    resource === undefined
      ? { external: external ?? { system: '', id: '' } }
      : { apiVersion: resource.apiVersion, kind: resource.kind, namespace, name: resource.name, uid: resource.uid ?? '' };
  return digestOf({
    subject: content === undefined ? subject : { ...subject, content },
    ...(pins.length === 0 ? {} : { pins: pinsByName(pins) }),
    operation: spec.operation,
    ...(onBehalfOf === undefined ? {} : { onBehalfOf }),
    ...(spec.context === undefined ? {} : { context: spec.context }),
    ...(spec.reason === undefined ? {} : { reason: spec.reason }),
    ...(spec.ticket === undefined ? {} : { ticket: spec.ticket }),
    ...(spec.questions === undefined || spec.questions.length === 0 ? {} : { questions: spec.questions }),
  });
}

/** Whatever order they are listed in. */
const pinsByName = (pins: readonly Pin[]): Readonly<Record<string, string>> =>
  Object.fromEntries(pins.map(({ kind, name, state, content }) => [`${kind} ${name}`, content ?? state]));

function refuseLargeContext(context: unknown): void {
  const bytes = context === undefined ? 0 : Buffer.byteLength(JSON.stringify(context));
  if (bytes <= mostContextBytes) return;
  throw new CountersignError(
    'Undigestible',
    `spec.context has ${bytes} bytes of JSON; expected at most ${mostContextBytes}: refer to what is large instead of including it`,
  );
}

/** The fields of a GovernedJob's spec of which all that it runs is made. */
export interface GovernedJobRuns {
  readonly jobTemplate: unknown;
  readonly parameters?: unknown;
  readonly preActions?: unknown;
  readonly postActions?: unknown;
  readonly rollback?: unknown;
}

// Named one by one: a field that says nothing of what runs must not void a vote.
const runs = ({ jobTemplate, parameters, preActions, postActions, rollback }: GovernedJobRuns): object => ({
  jobTemplate,
  ...(parameters === undefined ? {} : { parameters }),
  ...(preActions === undefined ? {} : { preActions }),
  ...(postActions === undefined ? {} : { postActions }),
  ...(rollback === undefined ? {} : { rollback }),
});

/** What would run of a GovernedJob: its parameters, template, actions and rollback, and the very Job that was created from them. */
export const governedJobContent = (spec: GovernedJobRuns, job: { name: string; uid: string; content: string }): string =>
  contentDigest({ ...runs(spec), job });

/** The same without the Job, which differs from one GovernedJob to the next. @throws CountersignError `Undigestible`. */
export const governedJobRepeats = (spec: GovernedJobRuns): string => contentDigest(runs(spec));

/** The name of the request by which the operator governs an object: its name, shortened, and the start of its uid. */
export const requestName = (name: string, uid: string): string => `${name.slice(0, 54).replace(/[-.]+$/, '')}-${uid.slice(0, 8)}`;

/**
 * The digest of what the Job of a GovernedJob is made from. The operator writes it onto the Job, where nobody can change it: so it is known of a
 * released Job whether the spec still says what was approved. @throws CountersignError `Undigestible`.
 */
export const governedJobSource = (uid: string, spec: GovernedJobRuns): string => contentDigest({ uid, ...runs(spec) });

/**
 * The name of the Job of a GovernedJob: its own, shortened, and eight digits of the digest of what it is made from, so that an edited
 * template has another Job and the same one always the same. Actions and rollback are part of that: nothing of a GovernedJob that is edited is let go
 * before all that comes first has been done again. @throws CountersignError `Undigestible`.
 */
export const governedJobName = (name: string, uid: string, spec: GovernedJobRuns): string =>
  `${name.slice(0, 54).replace(/[-.]+$/, '')}-${governedJobSource(uid, spec).slice(-8)}`;
