import {
  annotations,
  auditLabel,
  auditMarkPrefix,
  auditMarkValue,
  labels,
  policyMarkPrefix,
  policyMarkValue,
} from '../../crds/v1alpha1/index.ts';
import { quoted, type Variable } from './expressions.ts';
import { hash } from './objects.ts';

/**
 * Expressions of a policy's `when`. One that fails must hold, and no CEL expression turns a failure into true while it leaves false alone. So the
 * mutation marks first, and in a second step takes the mark back where `when` is false; where it fails, the second step fails, `failurePolicy: Ignore`
 * passes over that, and the first step stands. Should the first fail, the backstop refuses.
 */

/** Tells a policy's guards for one `when` from those for another. */
export const whenId = (when: string): string => hash(when, 8);

/** As a part of a longer expression. The line break is for a `when` that ends in a comment. */
export const bracketed = (when: string): string => `(${when}\n)`;

/** The value of a mark before `when` has been looked at, where the Job was free before, and where something else held it already. */
const provisional = (when: string) => ({ alone: `holds-if-${whenId(when)}`, joined: `joins-if-${whenId(when)}` });

/** What the value of the mark is after the first step: what another `when` of the same policy has put there stays. */
export const provisionalMark = (mark: string, when: string): string => {
  const { alone, joined } = provisional(when);
  return `${quoted(mark)} in variables.ann ? variables.ann[${quoted(mark)}] : (variables.held ? ${quoted(joined)} : ${quoted(alone)})`;
};

/** `when`, and that a probe of the operator is governed whatever `when` says of it (see probe.ts). */
export const whenVariables = (when: string, probe: string): readonly Variable[] => [
  { name: 'when', expression: when },
  { name: 'governs', expression: `${probe} || variables.when` },
];

const inAnnotations = (key: string): string => `"/metadata/annotations/" + jsonpatch.escapeKey(${quoted(key)})`;
const remove = (path: string): string => `JSONPatch{op: "remove", path: ${path}}`;
const othersMark = (prefix: string, mark: string): string =>
  `object.metadata.annotations.exists(k, k.startsWith(${quoted(prefix)}) && k != ${quoted(mark)})`;

/**
 * The second step of a hold: the mark is confirmed, or everything is as it was. Whoever asked is taken out only where the first step named them: what a
 * CronJob's template says of them is still needed by the policies that come after this one.
 */
export function confirmHold(mark: string, when: string): string {
  const { alone, joined } = provisional(when);
  const requester = `object.metadata.annotations[${quoted(annotations.requester)}]`;
  return `variables.governs
  ? [JSONPatch{op: "replace", path: ${inAnnotations(mark)}, value: ${quoted(policyMarkValue)}}]
  : !(object.metadata.annotations[${quoted(mark)}] in [${quoted(alone)}, ${quoted(joined)}]) ? []
  : object.metadata.annotations[${quoted(mark)}] == ${quoted(joined)} || ${othersMark(policyMarkPrefix, mark)}
  ? [${remove(inAnnotations(mark))}]
  : [
    ${remove(inAnnotations(mark))},
    JSONPatch{op: "replace", path: "/spec/suspend", value: object.metadata.annotations[${quoted(annotations.authorSuspended)}] == "true"},
    ${remove(`"/metadata/labels/" + jsonpatch.escapeKey(${quoted(labels.held)})`)},
    ${remove(inAnnotations(annotations.authorSuspended))}
  ] + (${quoted(annotations.runOf)} in object.metadata.annotations ? [${remove(inAnnotations(annotations.runOf))}] : [])
    + (${requester} != request.userInfo.username ? [] : [
    ${remove(inAnnotations(annotations.requester))},
    ${remove(inAnnotations(annotations.requesterGroups))}
  ])`;
}

/** What the value of an audit mark is after the first step. */
export const provisionalAuditMark = (mark: string, when: string): string =>
  `${quoted(mark)} in variables.ann ? variables.ann[${quoted(mark)}] : ${quoted(provisional(when).alone)}`;

/** The second step of an audit mark. */
export const confirmAudit = (mark: string, when: string): string =>
  `variables.governs
  ? [JSONPatch{op: "replace", path: ${inAnnotations(mark)}, value: ${quoted(auditMarkValue)}}]
  : object.metadata.annotations[${quoted(mark)}] != ${quoted(provisional(when).alone)} ? []
  : [${remove(inAnnotations(mark))}] + (${othersMark(auditMarkPrefix, mark)} ? [] : [
    ${remove(`"/metadata/labels/" + jsonpatch.escapeKey(${quoted(auditLabel)})`)}
  ])`;

/**
 * A Job that runs free, and whose spec is changed in more than `suspend`. It cannot be put on hold any more; so a change by which `when` comes to be true
 * of it is refused.
 */
export const changingWhileItRuns =
  `request.operation == 'UPDATE' && !oldObject.spec.?suspend.orValue(false) && !(${quoted(labels.held)} in oldObject.metadata.?labels.orValue({}))` +
  ` && !oldObject.?status.?conditions.orValue([]).exists(c, c.type in ['Complete', 'Failed'] && c.status == 'True')` +
  ` && !(object.spec.all(k, k == 'suspend' || (k in oldObject.spec && object.spec[k] == oldObject.spec[k]))` +
  ` && oldObject.spec.all(k, k == 'suspend' || k in object.spec))`;

/** Whether `when` was true of the object before the change: `object` is made to stand for what it was. */
export const wasTrueBefore = (when: string): string => `request.operation == 'UPDATE' && [oldObject].exists(object, ${bracketed(when)})`;
