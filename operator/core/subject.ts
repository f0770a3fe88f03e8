import type { ApprovalRequestSpec } from '../../crds/v1alpha1/index.ts';
import { contentDigest, digestOf } from './digest.ts';
import { CountersignError } from './errors.ts';

/** The most that `context` may be, in bytes of JSON. No CRD schema can say so. */
const mostContextBytes = 64 * 1024;

/** The digest of a request: what would run (`content`, absent for something outside the cluster) and what the request says of it. */
export function requestDigest(namespace: string, spec: ApprovalRequestSpec, content: string | undefined): string {
  refuseLargeContext(spec.context);
  const { resource, external } = spec.subject;
  const subject =
    resource === undefined
      ? { external: external ?? { system: '', id: '' } }
      : { apiVersion: resource.apiVersion, kind: resource.kind, namespace, name: resource.name, uid: resource.uid ?? '' };
  return digestOf({
    subject: content === undefined ? subject : { ...subject, content },
    operation: spec.operation,
    ...(spec.context === undefined ? {} : { context: spec.context }),
    ...(spec.reason === undefined ? {} : { reason: spec.reason }),
    ...(spec.ticket === undefined ? {} : { ticket: spec.ticket }),
  });
}

function refuseLargeContext(context: unknown): void {
  const bytes = context === undefined ? 0 : Buffer.byteLength(JSON.stringify(context));
  if (bytes <= mostContextBytes) return;
  throw new CountersignError(
    'Undigestible',
    `spec.context has ${bytes} bytes of JSON; expected at most ${mostContextBytes}: refer to what is large instead of including it`,
  );
}

/** What would run of a GovernedJob: its parameters and template, and the very Job that was created from them. */
export function governedJobContent(
  spec: { readonly parameters?: unknown; readonly jobTemplate: unknown },
  job: { name: string; uid: string; content: string },
): string {
  const { parameters, jobTemplate } = spec;
  return contentDigest({ jobTemplate, job, ...(parameters === undefined ? {} : { parameters }) });
}

/** The name of the request by which the operator governs an object: its name, shortened, and the start of its uid. */
export const requestName = (name: string, uid: string): string => `${name.slice(0, 54).replace(/[-.]+$/, '')}-${uid.slice(0, 8)}`;

/**
 * The name of the Job of a GovernedJob: its own, shortened, and eight digits of the digest of what it is made from, so that an edited
 * template has another Job and the same one always the same.
 */
export function governedJobName(name: string, uid: string, spec: { readonly parameters?: unknown; readonly jobTemplate: unknown }): string {
  const digest = contentDigest({
    uid,
    jobTemplate: spec.jobTemplate,
    ...(spec.parameters === undefined ? {} : { parameters: spec.parameters }),
  });
  return `${name.slice(0, 54).replace(/[-.]+$/, '')}-${digest.slice(-8)}`;
}
