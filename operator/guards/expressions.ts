import { annotations, labels, policyMarkValue } from '../../crds/v1alpha1/index.ts';
import { cronJobControllers } from '../core/requesterStamp.ts';

/** Who the guards know, by user name. */
export interface GuardIdentities {
  /** `system:serviceaccount:NAMESPACE:countersign` */
  readonly operatorUser: string;
}

/** The extra of a service account token that says which pod it was made for; whoever only borrows the name has none. */
export const podNameExtra = 'authentication.kubernetes.io/pod-name';

/** A CEL string literal. */
export const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

/** A CEL list of string literals. */
export const listed = (texts: readonly string[]): string => `[${texts.map(quoted).join(', ')}]`;

/**
 * When a Job enters: it is created, or somebody changes a suspended one that no policy has put on hold. The second closes a way round: create it
 * suspended where no policy matches, relabel, resume.
 */
export const entering =
  `request.operation == 'CREATE' || (oldObject.spec.?suspend.orValue(false) && object.spec != oldObject.spec` +
  ` && !(${quoted(labels.held)} in oldObject.metadata.?labels.orValue({})))`;

/**
 * That a Job which is held now was not before. For what looks once the hold is done: by then the spec of a Job that somebody resumed is as it was, so it
 * is `entering` no more.
 */
export const newlyHeld = `request.operation == 'CREATE' || !(${quoted(labels.held)} in oldObject.metadata.?labels.orValue({}))`;

/** A variable of an admission policy. */
export interface Variable {
  readonly name: string;
  readonly expression: string;
}

/** That one of the operator's pods calls, and not somebody who borrows its name. */
export const operatorCalls = ({ operatorUser }: GuardIdentities): string =>
  `request.userInfo.username == ${quoted(operatorUser)} && ${quoted(podNameExtra)} in request.userInfo.?extra.orValue({})`;

/** What a probe of the operator is called (see probe.ts). */
export const probePrefix = 'countersign-probe-';

/** That it is such a probe, and nothing that is kept. */
export const probes = (identities: GuardIdentities): string =>
  `(request.?dryRun.orValue(false) && ${operatorCalls(identities)} && object.metadata.?generateName.orValue('') == ${quoted(probePrefix)})`;

const callerGroups = "request.userInfo.?groups.orValue([]).filter(g, !g.contains('\\n')).join('\\n')";

/** What the mutation needs to know. Another policy may have marked the Job before; mutation order is undefined, so each looks for the label. */
export const holdVariables = (identities: GuardIdentities): readonly Variable[] => [
  { name: 'ann', expression: 'object.metadata.?annotations.orValue({})' },
  {
    name: 'held',
    expression: `${quoted(labels.held)} in object.metadata.?labels.orValue({}) && ${quoted(annotations.authorSuspended)} in variables.ann`,
  },
  {
    name: 'authorSuspended',
    expression: `variables.held ? variables.ann[${quoted(annotations.authorSuspended)}] : string(object.spec.?suspend.orValue(false))`,
  },
  { name: 'operator', expression: operatorCalls(identities) },
  { name: 'cronJobController', expression: `request.userInfo.username in ${listed(cronJobControllers)}` },
  // These name whoever really asked in what they create.
  {
    name: 'trusted',
    expression: `(variables.operator || variables.cronJobController) && ${quoted(annotations.requester)} in variables.ann`,
  },
  { name: 'requester', expression: `variables.trusted ? variables.ann[${quoted(annotations.requester)}] : request.userInfo.username` },
  {
    name: 'groups',
    expression: `variables.trusted ? variables.ann[?${quoted(annotations.requesterGroups)}].orValue('') : ${callerGroups}`,
  },
  {
    name: 'cronJobs',
    expression:
      "request.operation == 'CREATE' && variables.cronJobController" +
      " ? object.metadata.?ownerReferences.orValue([]).filter(o, o.kind == 'CronJob' && o.?controller.orValue(false)) : []",
  },
];

/** Puts the Job on hold and leaves the policy's own mark. `value` is an expression; `held` when left out. */
export const holdMutation = (mark: string, value?: string): string =>
  `Object{
  metadata: Object.metadata{
    labels: {${quoted(labels.held)}: "true"},
    annotations: {
      ${quoted(annotations.authorSuspended)}: string(variables.authorSuspended),
      ${quoted(annotations.requester)}: string(variables.requester),
      ${quoted(annotations.requesterGroups)}: string(variables.groups),
      ?${quoted(annotations.runOf)}: size(variables.cronJobs) == 1 ? optional.of(string(variables.cronJobs[0].uid)) : optional.none(),
      ${quoted(mark)}: ${value === undefined ? quoted(policyMarkValue) : `string(${value})`}}},
  spec: Object.spec{suspend: true}}`;

/**
 * That `holdMutation` would change nothing: the caller is who the Job says, and this policy has put it on hold. The API server asks a policy again once it
 * has changed something, and a mutation costs more than all else that a guard does.
 */
export const heldAlready = (mark: string): string => {
  const annotation = (key: string): string => `object.metadata.?annotations[?${quoted(key)}].orValue('')`;
  return (
    `object.spec.?suspend.orValue(false) && object.metadata.?labels[?${quoted(labels.held)}].orValue('') == 'true'` +
    ` && ${annotation(mark)} == ${quoted(policyMarkValue)} && ${annotation(annotations.authorSuspended)} != ''` +
    ` && ${quoted(annotations.requesterGroups)} in object.metadata.annotations` +
    ` && ${annotation(annotations.requester)} == request.userInfo.username && ${annotation(annotations.requesterGroups)} == ${callerGroups}`
  );
};

/** That the Job is on hold and that this policy says so. */
export const arrivedHeld = (mark: string): string =>
  `object.spec.?suspend.orValue(false) && object.metadata.?labels[?${quoted(labels.held)}].orValue('') == 'true'` +
  ` && ${quoted(mark)} in object.metadata.?annotations.orValue({})`;
