import type { ApprovalPolicySpec, ApproverRef, Escalation, RequestedStage, Requirement, Stage } from '../../../crds/v1alpha1/index.ts';
import { serviceAccountName } from '../eligibility.ts';
import { fillPlaces } from '../matching.ts';
import { defaultSeparation } from '../resolve.ts';
import type { Fault } from './fault.ts';

/** A stage of a policy, or one that a request adds, which has neither a `when` nor an escalation. */
type AskingStage = RequestedStage & Partial<Pick<Stage, 'when' | 'escalation'>>;

/** One approval that only people of this list can give. */
interface Place {
  readonly path: string;
  readonly from: ReadonlySet<string>;
}

/** Places times people, beyond which several stages are not looked at together: the search is bounded, and nobody writes such lists by hand. */
const mostPairs = 20_000;

/**
 * Requirements that nobody can satisfy, as far as that can be known: whoever is in a group or has a permission is not, so only lists of users and service
 * accounts count. Stages that always apply are looked at together, and each that has a `when` together with those; two that have one may exclude each other.
 */
export const quorumFaults = ({ stages = [], separation }: Pick<ApprovalPolicySpec, 'stages' | 'separation'>): Fault[] =>
  faultsOf(
    stages,
    separation.distinctAcrossStages,
    'ask for fewer, add people or a group, or set separation.distinctAcrossStages to false where one person may act in several stages',
  );

/** The same for the stages that a request adds: nobody's policy stands behind them, so nothing can be said of their separation. */
export const ownStageFaults = (stages: readonly RequestedStage[]): Fault[] =>
  faultsOf(stages, defaultSeparation.distinctAcrossStages, 'ask for fewer, or add people or a group');

function faultsOf(stages: readonly AskingStage[], distinct: boolean, advice: string): Fault[] {
  const alone = stages.flatMap((stage, index) => [...requirementFaults(stage, index), ...escalationFaults(stage.escalation, index)]);
  if (alone.length > 0) return alone;
  const found = groupsOf(stages, distinct).flatMap((group) => unfillable(group, advice));
  return [...new Map(found.map((fault) => [fault.path, fault])).values()];
}

/** Of one requirement alone, whether or not its stage escalates: the schema takes no count of more people than it names either. */
function requirementFaults(stage: AskingStage, index: number): Fault[] {
  return stage.require.flatMap(({ count, from }, place) => {
    const people = peopleOf(from);
    return people === undefined || count <= people.size ? [] : [tooFew(`spec.stages[${index}].require[${place}].count`, count, people)];
  });
}

function escalationFaults(escalation: Escalation | undefined, index: number): Fault[] {
  const people = escalation === undefined ? undefined : peopleOf(escalation.from);
  if (escalation === undefined || people === undefined || escalation.count <= people.size) return [];
  return [tooFew(`spec.stages[${index}].escalation.count`, escalation.count, people)];
}

const tooFew = (path: string, count: number, people: ReadonlySet<string>): Fault => ({
  path,
  message: `was ${count}, but from names only ${named(people)}, so nobody can satisfy it; lower count, or add people or a group to from`,
});

/** Everybody whom a list names; undefined where it also asks people whom nobody can know here. */
function peopleOf(from: readonly ApproverRef[]): ReadonlySet<string> | undefined {
  const names = from.map(({ user, serviceAccount }) =>
    serviceAccount === undefined ? user : serviceAccountName(serviceAccount.namespace, serviceAccount.name),
  );
  return names.includes(undefined) ? undefined : new Set(names.filter((name) => name !== undefined));
}

interface NumberedStage {
  readonly stage: AskingStage;
  readonly index: number;
}

/** Stages that have to be satisfied by different people, all of them, by one and the same request. */
function groupsOf(stages: readonly AskingStage[], distinct: boolean): NumberedStage[][] {
  const all = stages.map((stage, index) => ({ stage, index }));
  if (!distinct) return all.map((one) => [one]);
  const always = all.filter(({ stage }) => stage.when === undefined);
  return [always, ...all.filter(({ stage }) => stage.when !== undefined).map((one) => [...always, one])];
}

function unfillable(group: readonly NumberedStage[], advice: string): Fault[] {
  const places = group.flatMap(placesOf);
  const people = [...new Set(places.flatMap(({ from }) => [...from]))];
  if (places.length * people.length > mostPairs) return [];
  const filled = fillPlaces(places, people, (person, place) => place.from.has(person));
  const empty = places.find((place) => !filled.has(place));
  if (empty === undefined) return [];
  const { rivals, names } = contest(empty, filled);
  const paths = [...new Set(rivals.map(({ path }) => path))].filter((path) => path !== empty.path);
  const others = paths.length === 0 ? '' : `, together with ${listed(paths)},`;
  return [
    {
      path: empty.path,
      message:
        `nobody can satisfy it: it asks${others} for ${rivals.length} different people, but there are only ${named(names)}; ` + advice,
    },
  ];
}

/**
 * The places of a stage. Where it escalates, its own people are enough or those of the escalation, so that it may take as few as the fewer of the two, of either:
 * that is what is asked for here, lest a stage is refused that somebody can satisfy in the end.
 */
function placesOf({ stage, index }: NumberedStage): Place[] {
  const path = `spec.stages[${index}]`;
  const own = stage.require.flatMap((requirement, number) => placesIn(requirement, `${path}.require[${number}]`));
  if (stage.escalation === undefined) return own;
  const instead = placesIn(stage.escalation, path);
  const from = new Set([...own, ...instead].flatMap((place) => [...place.from]));
  return own.slice(0, instead.length).map(() => ({ path, from }));
}

const placesIn = ({ count, from }: Pick<Requirement, 'count' | 'from'>, path: string): Place[] => {
  const people = peopleOf(from);
  return people === undefined ? [] : Array.from({ length: count }, () => ({ path, from: people }));
};

/** All places that compete for the same people as one that stays empty: more places than people, whoever is put where. */
function contest(empty: Place, filled: ReadonlyMap<Place, string>): { readonly rivals: Place[]; readonly names: Set<string> } {
  const placeOf = new Map([...filled].map(([place, person]) => [person, place]));
  const rivals = [empty];
  const names = new Set<string>();
  // The list grows while it is walked.
  for (const { from } of rivals) {
    for (const name of from) {
      const held = placeOf.get(name);
      if (names.has(name)) continue;
      names.add(name);
      if (held !== undefined) rivals.push(held);
    }
  }
  return { rivals, names };
}

const mostNamed = 5;

function listed(all: readonly string[]): string {
  const more = all.length > mostNamed ? [`${all.length - mostNamed} more`] : [];
  return [...all.slice(0, mostNamed), ...more].join(' and ');
}

const named = (people: ReadonlySet<string>): string =>
  `${people.size === 1 ? '1 person' : `${people.size} people`} (${listed([...people])})`;
