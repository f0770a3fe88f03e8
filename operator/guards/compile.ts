import { policyMark } from '../../crds/v1alpha1/index.ts';
import { compileAudit } from './audit.ts';
import {
  arrivedHeld,
  entering,
  heldAlready,
  holdMutation,
  holdVariables,
  newlyHeld,
  operatorCalls,
  probes,
  quoted,
  type GuardIdentities,
} from './expressions.ts';
import { jobClauses, jobSelections, jobValidations, podSelections, type Clause, type GuardedPolicy } from './governed.ts';
import { describePolicy, guardName, guardObject, matchJobs, type GuardObject } from './objects.ts';
import { changingWhileItRuns, confirmHold, provisionalMark, wasTrueBefore, whenId, whenVariables } from './when.ts';

/** How new work is put on hold: by the API server itself, or by a webhook of ours. */
export type HoldMode = 'MutatingAdmissionPolicy' | 'Webhook';

/** What the compiler needs to know of the installation. */
export interface GuardOptions extends GuardIdentities {
  readonly holdMode: HoldMode;
}

/** The static guard of the chart that keeps forged pods from passing for a Job's own; it is bound where a policy governs Jobs. */
export const podsGuardName = 'countersign-job-pods';

/** The static guard of Jobs without marks of ours; it is bound where a policy governs, and by the chart in the operator's own namespace. */
export const unmarkedGuardName = 'countersign-unmarked-jobs';

/**
 * The admission policies and bindings of one policy, in the order in which they are to be applied: what holds before what refuses. In hold mode
 * Webhook the part that holds is in `compileHoldWebhooks`. Names depend on content alone, so an unchanged policy compiles to the same objects. A policy
 * that only audits compiles to nothing that holds or refuses.
 */
export function compile(policy: GuardedPolicy, options: GuardOptions): GuardObject[] {
  const clauses = jobClauses(policy);
  const inServer = options.holdMode === 'MutatingAdmissionPolicy';
  if (policy.enforcement === 'Audit') return inServer ? compileAudit(policy, clauses, options) : [];
  const holds = inServer ? clauses.flatMap((clause) => hold(policy, clause, options)) : [];
  return [
    ...holds,
    ...clauses.flatMap((clause) => backstop(policy, clause)),
    ...rules(policy, options),
    ...podBindings(policy),
    ...unmarkedBindings(policy),
  ];
}

/** The names of the policies that refuse what did not arrive held. */
export const backstopNames = (policy: GuardedPolicy): string[] =>
  jobClauses(policy).map((clause) => guardName(purpose('held', clause), policy));

// Before the first dot, where no policy's name reaches: nobody can name a policy so that its guards replace those of another.
const purpose = (of: string, { when }: Clause): string => (when === undefined ? of : `${of}-${whenId(when)}`);

function hold(policy: GuardedPolicy, clause: Clause, options: GuardOptions): GuardObject[] {
  const name = guardName(purpose('hold', clause), policy);
  const { when } = clause;
  const mark = policyMark(policy);
  const spec = {
    reinvocationPolicy: 'IfNeeded',
    matchConstraints: matchJobs,
    matchConditions: [
      { name: 'entering', expression: entering },
      { name: 'not-held-already', expression: `!(${heldAlready(mark)})` },
    ],
  };
  const applying = (value?: string) => ({
    patchType: 'ApplyConfiguration',
    applyConfiguration: { expression: holdMutation(mark, value) },
  });
  const variables = holdVariables(options);
  const policySpec =
    when === undefined
      ? { failurePolicy: 'Fail', ...spec, variables, mutations: [applying()] }
      : {
          failurePolicy: 'Ignore',
          ...spec,
          variables: [...variables, ...whenVariables(when, probes(options))],
          mutations: [
            applying(provisionalMark(mark, when)),
            { patchType: 'JSONPatch', jsonPatch: { expression: confirmHold(mark, when) } },
          ],
        };
  return [
    guardObject(policy, 'MutatingAdmissionPolicy', name, policySpec),
    ...clause.selections.map((selected) =>
      guardObject(policy, 'MutatingAdmissionPolicyBinding', guardName(purpose('hold', clause), policy, selected), {
        policyName: name,
        matchResources: selected,
      }),
    ),
  ];
}

// Says no where the hold did not happen or was undone: the webhook did not answer, or another one set suspend back.
function backstop(policy: GuardedPolicy, clause: Clause): GuardObject[] {
  const name = guardName(purpose('held', clause), policy);
  return [
    guardObject(policy, 'ValidatingAdmissionPolicy', name, {
      failurePolicy: 'Fail',
      matchConstraints: matchJobs,
      ...(clause.when === undefined ? refusesUnheld(policy) : refusesUnheldWhen(policy, clause.when)),
    }),
    ...validatingBindings(policy, purpose('held', clause), name, clause.selections),
  ];
}

const notHeld = (policy: GuardedPolicy): string =>
  `${describePolicy(policy)} governs this Job, and it did not arrive held: what puts it on hold did not answer, or something set it back; try again`;

// All that is to be known stands in the conditions: there it is worked out once, while validations cost three times that, even where nothing is wrong.
const refusesUnheld = (policy: GuardedPolicy) => ({
  matchConditions: [
    { name: 'entering', expression: entering },
    { name: 'not-held', expression: `!(${arrivedHeld(policyMark(policy))})` },
  ],
  validations: [{ expression: 'false', message: notHeld(policy), reason: 'Forbidden' }],
});

// A `when` that fails fails the validation where the Job did not arrive held, and is never reached where it did.
const refusesUnheldWhen = (policy: GuardedPolicy, when: string) => ({
  matchConditions: [
    {
      name: 'entering-unheld-or-changing',
      expression: `(${entering}) ? !(${arrivedHeld(policyMark(policy))}) : (${changingWhileItRuns})`,
    },
  ],
  variables: [
    { name: 'entering', expression: entering },
    { name: 'when', expression: when },
    { name: 'before', expression: wasTrueBefore(when) },
  ],
  validations: [
    {
      expression: '!variables.entering || !variables.when',
      message: notHeld(policy),
      reason: 'Forbidden',
    },
    {
      expression: 'variables.entering || !variables.when || variables.before',
      message: `${describePolicy(policy)} governs this Job as it would be after this change, and it runs already, when nobody can put it on hold any more: create another Job as this one should be`,
      reason: 'Forbidden',
    },
  ],
});

/**
 * Rules that work must not break, judged at creation. Whatever fails is left to the operator, and so is what the operator itself creates: there it must be
 * the request that is refused, for all to see.
 */
function rules(policy: GuardedPolicy, options: GuardOptions): GuardObject[] {
  const validations = jobValidations(policy);
  const selections = jobSelections(policy);
  if (validations.length === 0 || selections.length === 0) return [];
  const name = guardName('rules', policy);
  return [
    guardObject(policy, 'ValidatingAdmissionPolicy', name, {
      failurePolicy: 'Ignore',
      matchConstraints: matchJobs,
      matchConditions: [
        { name: 'new', expression: newlyHeld },
        { name: 'held-by-this-policy', expression: `${quoted(policyMark(policy))} in object.metadata.?annotations.orValue({})` },
        {
          name: 'not-for-the-operator',
          expression: `!(${probes(options)}) && (request.?dryRun.orValue(false) || !(${operatorCalls(options)}))`,
        },
      ],
      validations: validations.map(({ expression, message }) => ({ expression, message: oneLine(message, policy), reason: 'Forbidden' })),
    }),
    ...validatingBindings(policy, 'rules', name, selections),
  ];
}

// As the API server wants its messages.
function oneLine(message: string, policy: GuardedPolicy): string {
  const line = message.replaceAll(/\s+/g, ' ').trim();
  return line === '' ? `${describePolicy(policy)} does not allow this` : line;
}

const podBindings = (policy: GuardedPolicy): GuardObject[] => validatingBindings(policy, 'pods', podsGuardName, podSelections(policy));

const unmarkedBindings = (policy: GuardedPolicy): GuardObject[] =>
  validatingBindings(policy, 'unmarked', unmarkedGuardName, podSelections(policy));

function validatingBindings(policy: GuardedPolicy, what: string, policyName: string, selections: readonly object[]): GuardObject[] {
  return selections.map((selected) =>
    guardObject(policy, 'ValidatingAdmissionPolicyBinding', guardName(what, policy, selected), {
      policyName,
      validationActions: ['Deny', 'Audit'],
      matchResources: selected,
    }),
  );
}
