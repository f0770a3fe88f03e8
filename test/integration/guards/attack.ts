import type { Api, Stored } from './api.ts';
import type { Who, World } from './world.ts';

/** Names of guards: the object's name in the cluster. */
export type GuardName =
  | 'countersign-job-guard'
  | 'countersign-operator-jobs'
  | 'countersign-unmarked-jobs'
  | 'countersign-operator-fence'
  | 'countersign-operator-token'
  | 'countersign-leader-lease'
  | 'countersign-leader'
  | 'countersign-decision-guard'
  | 'countersign-decision-stamp'
  | 'countersign-delegation-guard'
  | 'countersign-delegation-stamp'
  | 'countersign-request-guard'
  | 'countersign-requester-stamp'
  | 'countersign-status-guard'
  | 'countersign-request-deletion'
  | 'countersign-cronjob-guard'
  | 'countersign-cronjob-author'
  | 'countersign-job-pods'
  | 'hold'
  | 'backstop';

/** Something that somebody tries and must not succeed in. */
export interface Attack {
  readonly name: string;
  /** Who tries. */
  readonly as: Who;
  /**
   * What refuses. The words expected are those of the first; with all of them removed, and only then, the attack must go through, which proves
   * that nothing else was refusing.
   */
  readonly guards: readonly [GuardName, ...GuardName[]];
  /** A part of the message. */
  readonly expect: string;
  /** Whether the policy governs the namespace; true when left out. */
  readonly governed?: boolean;
  /** What is there before; made with the rights of whoever may. */
  readonly given?: (world: World, ns: string) => Promise<Stored>;
  readonly try: (by: Api, ns: string, given: Stored, world: World) => Promise<unknown>;
}

/** Something that must happen, or must stay possible; `see` throws when it does not. */
export interface Promised {
  readonly name: string;
  /** Without these it must be seen no more; empty for what must work in spite of the guards. */
  readonly guards: readonly GuardName[];
  readonly governed?: boolean;
  readonly see: (world: World, ns: string) => Promise<void>;
}
