import { isDeepStrictEqual } from 'node:util';
import { annotations } from '../../crds/v1alpha1/index.ts';
import { cronJobPath } from '../../operator/guards/holdWebhooks.ts';
import { allowed, type AdmissionHandler } from './handler.ts';
import { callerMarks, setEntries } from './marks.ts';
import type { PatchOperation, Reviewed } from './review.ts';

type StringMap = Readonly<Record<string, string>>;

interface JobTemplate {
  readonly metadata?: { readonly labels?: StringMap; readonly annotations?: StringMap } | null;
  readonly spec?: unknown;
}

const stamps: readonly string[] = [annotations.requester, annotations.requesterGroups];
const path = '/spec/jobTemplate/metadata';

/** Whoever last changed the template asks for its Jobs. What the MutatingAdmissionPolicy countersign-cronjob-author does. */
export const stampCronJob: AdmissionHandler = {
  path: cronJobPath,
  name: 'stamp-cronjob',
  kinds: ['CronJob'],
  review: (request) => {
    const template = templateOf(request.object);
    const old = request.operation === 'UPDATE' ? templateOf(request.oldObject) : undefined;
    if (template === undefined || (old !== undefined && isDeepStrictEqual(template, old))) return allowed;
    const before = old?.metadata?.annotations;
    // Nothing but the stamp went away or was changed: whoever did that did not write the template.
    const keep = old !== undefined && before?.[annotations.requester] !== undefined && sameButStamps(template, old);
    const wanted = keep ? pick(before) : callerMarks(request);
    return { allowed: true, patch: setStamps(template, wanted) };
  },
};

const templateOf = (object: Reviewed | null | undefined): JobTemplate | undefined =>
  (object?.['spec'] as { jobTemplate?: JobTemplate } | undefined)?.jobTemplate;

function setStamps({ metadata }: JobTemplate, wanted: StringMap): PatchOperation[] {
  if (metadata === undefined || metadata === null) return [{ op: 'add', path, value: { annotations: wanted } }];
  return setEntries(`${path}/annotations`, metadata.annotations, wanted);
}

const pick = (given: StringMap): StringMap => ({
  [annotations.requester]: given[annotations.requester] ?? '',
  [annotations.requesterGroups]: given[annotations.requesterGroups] ?? '',
});

const sameButStamps = (a: JobTemplate, b: JobTemplate): boolean => isDeepStrictEqual(essence(a), essence(b));

const essence = ({ metadata, spec }: JobTemplate): object => ({
  spec,
  labels: metadata?.labels ?? {},
  annotations: Object.fromEntries(Object.entries(metadata?.annotations ?? {}).filter(([key]) => !stamps.includes(key))),
});
