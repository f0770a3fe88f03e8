import type { ApprovalRequestSpec, PolicyRecord, RequestedStage, ResolvedStage, Separation, Stage } from '../../crds/v1alpha1/index.ts';
import { minimumOf } from './channels.ts';
import type { PolicyFacts, PolicyId } from './facts.ts';
import { policyKey } from './facts.ts';
import { compare } from './order.ts';
import type { Judgement } from './rules/judge.ts';
import { groupedBy } from './groupedBy.ts';
import { sameJson } from './sameJson.ts';
import { present } from './present.ts';

/** A stage that must be satisfied, before anybody's vote is put in. */
export type AskedStage = Pick<
  ResolvedStage,
  | 'name'
  | 'policy'
  | 'asSubmitted'
  | 'rejections'
  | 'timeout'
  | 'separation'
  | 'applies'
  | 'onTimeout'
  | 'escalation'
  | 'businessHours'
  | 'reassignTo'
  | 'minimumChannel'
> & {
  readonly require: Stage['require'];
};

/** A policy with what its rules say of the request. */
export interface JudgedPolicy extends PolicyFacts {
  readonly judgement: Judgement;
}

/** What all policies together ask, as they were at submission and as they are now. */
export interface Asked {
  readonly policies: readonly PolicyRecord[];
  readonly stages: readonly AskedStage[];
  /** Every policy agrees on its own, and one of them did when the request was submitted: writing a policy never approves what was there before. */
  readonly agreed: boolean;
  /** Somebody could say yes: every policy agrees on its own or one asks people, and so do the policies as they are now. */
  readonly answerable: boolean;
  /** A status has room for all of it. Where it has not, nobody could see or be held to what is missing. */
  readonly fits: boolean;
}

/** As many policies, and as many stages, as a status has room for. */
export const mostListed = 64;

/** What holds for stages that no policy stands behind. */
export const defaultSeparation: Separation = { requesterMayApprove: false, distinctAcrossStages: true };

/** What one policy asks of a request, as it is now. */
function stagesOf(policy: JudgedPolicy, asSubmitted: boolean): AskedStage[] {
  const { kind, namespace, name, generation, spec, judgement } = policy;
  const policyOf = { kind, name, generation, ...(namespace === undefined ? {} : { namespace }) };
  const { requesterMayApprove, distinctAcrossStages } = spec.separation;
  return (spec.stages ?? []).map((stage, i) => ({
    ...asked(stage, asSubmitted, { requesterMayApprove, distinctAcrossStages }),
    policy: policyOf,
    ...(judgement.applies[i] === false ? { applies: false } : {}),
    // What has a default is left out, so that a status says only what is unusual.
    ...(stage.onTimeout === 'Expire' ? {} : { onTimeout: stage.onTimeout }),
    ...(stage.escalation === undefined ? {} : { escalation: stage.escalation }),
    ...(spec.businessHours === undefined || stage.timeout === undefined ? {} : { businessHours: spec.businessHours }),
    ...(stage.reassignTo === undefined ? {} : { reassignTo: stage.reassignTo }),
    ...(minimumOf(stage) === minimumOf({}) ? {} : { minimumChannel: stage.minimumChannel }),
  }));
}

/** The stages that the request itself adds; nobody's policy stands behind them, so the strict defaults hold. */
const ownStages = (spec: ApprovalRequestSpec): AskedStage[] => (spec.stages ?? []).map((stage) => asked(stage, true, defaultSeparation));

function asked(stage: RequestedStage, asSubmitted: boolean, separation: Separation): AskedStage {
  return {
    name: stage.name,
    asSubmitted,
    rejections: stage.rejections,
    require: stage.require,
    separation,
    ...(stage.timeout === undefined ? {} : { timeout: stage.timeout }),
  };
}

function recordOf({ kind, namespace, name, uid, generation, spec, judgement }: JudgedPolicy, asSubmitted: boolean): PolicyRecord {
  const { fault, violations, risk, autoApproves } = judgement;
  return {
    kind,
    name,
    uid,
    generation,
    asSubmitted,
    onRefusal: spec.onRefusal,
    ...present({ namespace, autoApproves, fault: fault?.slice(0, 1024), risk, timeout: spec.timeout }),
    ...(violations.length === 0 ? {} : { violations: violations.slice(0, 40).map((message) => message.slice(0, 1024)) }),
    ...present({ approvalValidFor: spec.approvalValidFor, freeze: spec.freeze, releaseWindows: spec.releaseWindows }),
    ...present({ decision: spec.decision, standing: spec.standing }),
    ...(spec.pin ? { pin: true } : {}),
  };
}

interface Snapshot {
  readonly policies: readonly PolicyRecord[];
  readonly stages: readonly ResolvedStage[];
}

/**
 * Joins what the policies asked at submission (kept in status) with what they ask now. Without a snapshot this is the submission. A policy that
 * asks the same as before is listed once; one that has changed is listed twice, and both must be satisfied.
 */
export function whatIsAsked(spec: ApprovalRequestSpec, now: readonly JudgedPolicy[], snapshot: Snapshot | undefined): Asked {
  const inOrder = now
    .map((policy) => ({ policy, key: byReach(policy) }))
    .sort((a, b) => compare(a.key, b.key))
    .map(({ policy }) => policy);
  const all = (asSubmitted: (policy: JudgedPolicy) => boolean): Asked =>
    joined(
      spec,
      now,
      inOrder.map((p) => recordOf(p, asSubmitted(p))),
      inOrder.flatMap((p) => stagesOf(p, asSubmitted(p))),
    );
  if (snapshot === undefined) {
    const submitted = all(saysSomething);
    // Of a part nobody can say later what was asked as a whole: it is no submission, and nothing approves itself by it.
    return submitted.fits ? submitted : all(() => false);
  }
  const kept = snapshot.policies.filter((p) => p.asSubmitted);
  const keptStages = snapshot.stages.filter((s) => s.asSubmitted && s.policy !== undefined).map(unvoted);
  const before = groupedBy(kept, (p) => p.uid);
  const stagesBefore = groupedBy(keptStages, (stage) => (stage.policy === undefined ? '' : policyKey(idOf(stage.policy))));
  const changed = inOrder.filter((policy) => !asksTheSame(policy, before.get(policy.uid)?.[0], stagesBefore.get(policyKey(policy)) ?? []));
  return joined(
    spec,
    now,
    [...kept, ...changed.map((p) => recordOf(p, false))],
    [...keptStages, ...changed.flatMap((p) => stagesOf(p, false))],
  );
}

/** Those of the whole cluster first: nobody pushes them out of a list by writing many of their own. */
const byReach = (policy: PolicyId): string => `${policy.kind === 'ClusterApprovalPolicy' ? 0 : 1} ${policyKey(policy)}`;

/** A policy whose expressions fail has not spoken: nobody may cause that, by what a request leaves out, to have its next version agree instead. */
const saysSomething = ({ judgement }: JudgedPolicy): boolean => judgement.fault === undefined;

function joined(
  spec: ApprovalRequestSpec,
  now: readonly JudgedPolicy[],
  policies: readonly PolicyRecord[],
  stages: readonly AskedStage[],
): Asked {
  const agreed = policies.every((p) => p.autoApproves !== undefined) && policies.some((p) => p.asSubmitted);
  const everyStage = [...stages, ...ownStages(spec)];
  return {
    policies,
    stages: everyStage,
    agreed,
    answerable: agreed || (stages.some(applies) && couldAgree(now)),
    fits: policies.length <= mostListed && everyStage.length <= mostListed,
  };
}

/** Where no policy is left, those of the submission stand alone. One that asks nobody and approves nothing was written to hold. */
const couldAgree = (now: readonly JudgedPolicy[]): boolean =>
  now.length === 0 || now.every((p) => p.judgement.autoApproves !== undefined) || now.some((p) => stagesOf(p, false).some(applies));

/** Whether whoever may `approve` under the policy is asked. */
export const asksForPermission = ({
  require,
  escalation,
  reassignTo = [],
}: Pick<Stage, 'require' | 'escalation' | 'reassignTo'>): boolean =>
  [...require, ...(escalation === undefined ? [] : [escalation]), { from: reassignTo }].some(({ from }) =>
    from.some((entry) => entry.permission !== undefined),
  );

/** Whether the stage is asked for at all. */
export const applies = (stage: Pick<AskedStage, 'applies'>): boolean => stage.applies !== false;

function unvoted(stage: ResolvedStage): AskedStage {
  const { name, policy, asSubmitted, rejections, timeout, separation, onTimeout, escalation, businessHours, reassignTo, minimumChannel } =
    stage;
  return {
    name,
    asSubmitted,
    separation,
    require: stage.require.map(({ count, from }) => ({ count, from })),
    ...present({ rejections, policy, timeout, applies: stage.applies, onTimeout, businessHours, reassignTo, minimumChannel }),
    ...(escalation === undefined ? {} : { escalation: unfilled(escalation) }),
  };
}

const unfilled = ({ approvedBy: _approvedBy, ...asked }: NonNullable<ResolvedStage['escalation']>) => asked;

// Compared by content, never by generation alone: a snapshot that lost a stage, by its bound or by force, must not lose what the policy asks.
function asksTheSame(policy: JudgedPolicy, before: PolicyRecord | undefined, stagesBefore: readonly AskedStage[]): boolean {
  if (before === undefined) return false;
  const record = recordOf(policy, true);
  const stages = stagesOf(policy, true);
  return (
    (before.autoApproves === undefined) === (record.autoApproves === undefined) &&
    stages.length === stagesBefore.length &&
    sameJson({ ...before, ...identity }, { ...record, ...identity }) &&
    stages.every((stage, i) => sameJson({ ...stagesBefore[i], ...origin }, { ...stage, ...origin }))
  );
}

/** Which version and rule it comes from makes no difference to what a policy asks. The risk is shown, but what follows from it is in the rest. */
const identity = {
  kind: undefined,
  namespace: undefined,
  name: undefined,
  uid: undefined,
  generation: undefined,
  asSubmitted: undefined,
  autoApproves: undefined,
  risk: undefined,
} satisfies { readonly [Field in keyof PolicyRecord]?: undefined };
const origin = { policy: undefined, asSubmitted: undefined } satisfies { readonly [Field in keyof AskedStage]?: undefined };

const idOf = (p: { kind: PolicyId['kind']; namespace?: string | undefined; name: string }): PolicyId => p;
