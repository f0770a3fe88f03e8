import type { ApprovalRequestSpec, PolicyRecord, ResolvedStage, Separation, Stage } from '../../crds/v1alpha1/index.ts';
import { canonicalJson } from './digest.ts';
import type { PolicyFacts, PolicyId } from './facts.ts';
import { policyKey } from './facts.ts';

/** A stage that must be satisfied, before anybody's vote is put in. */
export type AskedStage = Pick<ResolvedStage, 'name' | 'policy' | 'asSubmitted' | 'rejections' | 'timeout' | 'separation'> & {
  readonly require: Stage['require'];
};

/** What all policies together ask, as they were at submission and as they are now. */
export interface Asked {
  readonly policies: readonly PolicyRecord[];
  readonly stages: readonly AskedStage[];
  /** Every policy agrees on its own, and one of them did when the request was submitted: writing a policy never approves what was there before. */
  readonly agreed: boolean;
  /** Somebody could say yes: every policy agrees on its own or one asks people, and so do the policies as they are now. */
  readonly answerable: boolean;
}

const defaultSeparation: Separation = { requesterMayApprove: false, distinctAcrossStages: true };

/** What one policy asks of a request, as it is now. */
function stagesOf(policy: PolicyFacts, asSubmitted: boolean): AskedStage[] {
  const { kind, namespace, name, generation, spec } = policy;
  const origin = { kind, name, generation, ...(namespace === undefined ? {} : { namespace }) };
  return (spec.stages ?? []).map((stage) => asked(stage, asSubmitted, spec.separation, origin));
}

/** The stages that the request itself adds; nobody's policy stands behind them, so the strict defaults hold. */
const ownStages = (spec: ApprovalRequestSpec): AskedStage[] => (spec.stages ?? []).map((stage) => asked(stage, true, defaultSeparation));

function asked(stage: Stage, asSubmitted: boolean, separation: Separation, policy?: AskedStage['policy']): AskedStage {
  return {
    name: stage.name,
    asSubmitted,
    rejections: stage.rejections,
    require: stage.require,
    separation,
    ...(policy === undefined ? {} : { policy }),
    ...(stage.timeout === undefined ? {} : { timeout: stage.timeout }),
  };
}

function recordOf(policy: PolicyFacts, asSubmitted: boolean): PolicyRecord {
  const { kind, namespace, name, uid, generation, spec } = policy;
  // `when` has one value so far, "true": the first rule applies.
  const auto = spec.autoApprove?.[0];
  return {
    kind,
    name,
    uid,
    generation,
    asSubmitted,
    onRefusal: spec.onRefusal,
    ...(namespace === undefined ? {} : { namespace }),
    ...(auto === undefined ? {} : { autoApproves: auto.name }),
    ...(spec.timeout === undefined ? {} : { timeout: spec.timeout }),
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
export function whatIsAsked(spec: ApprovalRequestSpec, now: readonly PolicyFacts[], snapshot: Snapshot | undefined): Asked {
  const inOrder = [...now].sort((a, b) => (policyKey(a) < policyKey(b) ? -1 : 1));
  if (snapshot === undefined) {
    const records = inOrder.map((p) => recordOf(p, true));
    return joined(
      spec,
      now,
      records,
      inOrder.flatMap((p) => stagesOf(p, true)),
    );
  }
  const kept = snapshot.policies.filter((p) => p.asSubmitted);
  const keptStages = snapshot.stages.filter((s) => s.asSubmitted && s.policy !== undefined).map(unvoted);
  const changed = inOrder.filter((policy) => !asksTheSame(policy, kept, keptStages));
  return joined(
    spec,
    now,
    [...kept, ...changed.map((p) => recordOf(p, false))],
    [...keptStages, ...changed.flatMap((p) => stagesOf(p, false))],
  );
}

function joined(
  spec: ApprovalRequestSpec,
  now: readonly PolicyFacts[],
  policies: readonly PolicyRecord[],
  stages: readonly AskedStage[],
): Asked {
  const agreed = policies.every((p) => p.autoApproves !== undefined) && policies.some((p) => p.asSubmitted);
  return { policies, stages: [...stages, ...ownStages(spec)], agreed, answerable: agreed || (stages.length > 0 && couldAgree(now)) };
}

/** Where no policy is left, those of the submission stand alone. One that asks nobody and approves nothing was written to hold. */
const couldAgree = (now: readonly PolicyFacts[]): boolean =>
  now.length === 0 || now.every((p) => recordOf(p, false).autoApproves !== undefined) || now.some((p) => stagesOf(p, false).length > 0);

const unvoted = ({ name, policy, asSubmitted, rejections, timeout, separation, require }: ResolvedStage): AskedStage => ({
  name,
  asSubmitted,
  separation,
  require: require.map(({ count, from }) => ({ count, from })),
  ...(rejections === undefined ? {} : { rejections }),
  ...(policy === undefined ? {} : { policy }),
  ...(timeout === undefined ? {} : { timeout }),
});

// Compared by content, never by generation alone: a snapshot that lost a stage, by its bound or by force, must not lose what the policy asks.
function asksTheSame(policy: PolicyFacts, kept: readonly PolicyRecord[], keptStages: readonly AskedStage[]): boolean {
  const before = kept.find((p) => p.uid === policy.uid);
  if (before === undefined) return false;
  const essence = (record: PolicyRecord, stages: readonly AskedStage[]) =>
    canonicalJson({
      auto: record.autoApproves !== undefined,
      onRefusal: record.onRefusal,
      timeout: record.timeout ?? null,
      stages: stages.map(({ policy: _policy, asSubmitted: _asSubmitted, ...stage }) => stage),
    });
  const mine = keptStages.filter((s) => s.policy !== undefined && policyKey(idOf(s.policy)) === policyKey(policy));
  return essence(before, mine) === essence(recordOf(policy, true), stagesOf(policy, true));
}

const idOf = (p: { kind: PolicyId['kind']; namespace?: string | undefined; name: string }): PolicyId => p;
