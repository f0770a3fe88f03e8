import type { Requirement } from '../../crds/v1alpha1/index.ts';
import { isBarred, qualifies, type Person } from './eligibility.ts';
import type { Permissions } from './facts.ts';
import { policyKey } from './facts.ts';
import { fillPlaces } from './matching.ts';
import type { AskedStage } from './resolve.ts';
import type { Vote } from './votes.ts';

/** One stage with the votes put in. */
export interface CountedStage {
  readonly asked: AskedStage;
  /** Approvals still wanted are `required - approvals`. */
  readonly required: number;
  readonly approvals: number;
  /** Per requirement, in its order: who fills its places. */
  readonly approvedBy: readonly (readonly string[])[];
  readonly rejectedBy: readonly string[];
  readonly satisfied: boolean;
  readonly rejected: boolean;
  /** Approvals given later than this, in milliseconds since the epoch, are of no use here. */
  readonly closesAt: number;
}

/** When a stage stops taking approvals. */
export type Closing = (stage: AskedStage) => number;

interface Place {
  readonly stage: AskedStage;
  readonly requirement: Requirement;
}

/** Whether this person's approval could fill some place of the stage. */
export function mayApprove(stage: AskedStage, person: Person, requester: string, permissions: Permissions): boolean {
  return !isBarred(person, requester, stage.separation) && mayReject(stage, person, permissions);
}

/** Whether this person's rejection counts in the stage: it does for everybody whom it asks, the requester included, as a no only ever holds. */
export const mayReject = (stage: AskedStage, person: Person, permissions: Permissions): boolean =>
  stage.require.some((requirement) => qualifies(requirement, person, stage.policy, permissions));

/**
 * Puts the weighed votes into the stages. Within one version of a policy a person fills one place in all its stages (`distinctAcrossStages`, the
 * default) or one place in each; different policies count the same person separately.
 */
export function countStages(
  stages: readonly AskedStage[],
  votes: readonly Vote[],
  requester: string,
  permissions: Permissions,
  closesAt: Closing,
): CountedStage[] {
  const weighed = votes.filter((v) => v.fault === undefined);
  const approvers = weighed.filter((v) => v.decision.verdict === 'Approve').map(voterOf);
  const rejecters = weighed.filter((v) => v.decision.verdict === 'Reject').map(voterOf);
  const filled = new Map<Place, Person>();
  const places = new Map<AskedStage, Place[]>();
  for (const group of seatingGroups(stages)) {
    const groupPlaces = group.flatMap((stage) => {
      const own = stage.require.flatMap((requirement) => Array.from({ length: requirement.count }, (): Place => ({ stage, requirement })));
      places.set(stage, own);
      return own;
    });
    const fits = (person: Voter, { stage, requirement }: Place): boolean =>
      person.since <= closesAt(stage) &&
      !isBarred(person, requester, stage.separation) &&
      qualifies(requirement, person, stage.policy, permissions);
    for (const [place, person] of fillPlaces(groupPlaces, approvers, fits)) filled.set(place, person);
  }
  return stages.map((stage) => ({
    ...count(stage, places.get(stage) ?? [], filled, rejecters, permissions),
    closesAt: closesAt(stage),
  }));
}

function count(
  asked: AskedStage,
  places: readonly Place[],
  filled: ReadonlyMap<Place, Person>,
  rejecters: readonly Person[],
  permissions: Permissions,
): Omit<CountedStage, 'closesAt'> {
  const approvedBy = asked.require.map((requirement) =>
    places.flatMap((place) => (place.requirement === requirement ? (filled.get(place)?.username ?? []) : [])).sort(),
  );
  const approvals = approvedBy.reduce((sum, names) => sum + names.length, 0);
  const rejectedBy = rejecters.filter((person) => mayReject(asked, person, permissions)).map((p) => p.username);
  return {
    asked,
    required: places.length,
    approvals,
    approvedBy,
    rejectedBy: rejectedBy.sort(),
    satisfied: places.length > 0 && approvals === places.length,
    rejected: rejectedBy.length >= (asked.rejections ?? 1),
  };
}

/** Stages in which one person may fill only one place between them. */
function seatingGroups(stages: readonly AskedStage[]): AskedStage[][] {
  const groups = new Map<string, AskedStage[]>();
  stages.forEach((stage, index) => {
    const key = stage.separation.distinctAcrossStages ? originKey(stage) : `alone ${index}`;
    groups.set(key, [...(groups.get(key) ?? []), stage]);
  });
  return [...groups.values()];
}

/** Equal for stages of one version of one policy; the request's own stages are one group. */
export const originKey = (stage: AskedStage): string =>
  `${stage.policy === undefined ? 'own' : policyKey(stage.policy)} ${stage.asSubmitted}`;

interface Voter extends Person {
  readonly since: number;
}

const voterOf = ({ decision, since }: Vote): Voter => ({ username: decision.approver, groups: decision.groups, since });
