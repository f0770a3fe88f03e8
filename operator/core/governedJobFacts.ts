import type { ActionStage, GovernedJobStatus } from '../../crds/v1alpha1/governedJob.ts';
import type { ActionWanted } from './actions.ts';
import type { Outcome } from './outcome.ts';

/** Everything the plan for a GovernedJob may depend on. */
export interface GovernedJobFacts {
  readonly now: number;
  readonly name: string;
  readonly uid: string;
  readonly generation: number;
  readonly cancelled: boolean;
  readonly status: GovernedJobStatus | undefined;
  /** Whether its author may create Jobs here; undefined while it need not be known. */
  readonly authorMayCreateJobs: boolean | undefined;
  /** Why something could not be done, when trying again at once would not help. */
  readonly refusal?: string;
  /** The name its Job has when created from the spec as it is now. */
  readonly wantedJob: string;
  readonly jobs: readonly JobSeen[];
  readonly request: RequestSeen | undefined;
  /** Its actions and its rollback, as the spec has them now. */
  readonly actions: readonly ActionWanted[];
  /** The Jobs of its actions and of its rollback. */
  readonly actionJobs: readonly ActionJobSeen[];
  /** What came of calls that are not on record yet. */
  readonly calls: readonly CallSeen[];
  /** Whether any policy says something of it: before that, nothing is done. */
  readonly policyKnown: boolean;
  /** What its Job said as it ended well, when it is a JSON object. */
  readonly outputs?: Readonly<Record<string, unknown>> | undefined;
}

export interface JobSeen {
  readonly name: string;
  readonly uid: string;
  readonly released: boolean;
  /** Whether the spec as it is now is what it was made from. */
  readonly unchanged?: boolean;
  /** It has been told to stop, and its pods are on their way out. */
  readonly stopping?: boolean;
  readonly ended?: End | undefined;
}

/** A Job that is run beside the one that a GovernedJob is about. */
export interface ActionJobSeen extends JobSeen {
  readonly stage: ActionStage;
  /** Policies hold it, so that its own request lets it go, as for any Job. */
  readonly asksItself: boolean;
}

/** What came of one attempt at a call. */
export interface CallSeen {
  readonly digest: string;
  readonly attempt: number;
  readonly ok: boolean;
  /** Trying again would not help. */
  readonly final?: boolean;
  readonly message: string;
}

/** How a Job ended. `at` is RFC 3339. */
export interface End {
  readonly succeeded: boolean;
  readonly message: string;
  readonly at?: string | undefined;
}

export interface RequestSeen {
  readonly name: string;
  readonly digest: string | undefined;
  /** Whether it says what the spec says now. */
  readonly upToDate: boolean;
  readonly cancelled: boolean;
  readonly outcome: Outcome | undefined;
}

/** What is owed, in this order. */
export type GovernedJobEffect =
  | { readonly kind: 'deleteJob'; readonly name: string; readonly uid: string }
  | { readonly kind: 'createJob' }
  | { readonly kind: 'createRequest' }
  | { readonly kind: 'updateRequest' }
  | { readonly kind: 'cancelRequest' }
  | { readonly kind: 'abortJob'; readonly name: string }
  | ActionEffect;

export type ActionEffect =
  | { readonly kind: 'deleteJob'; readonly name: string; readonly uid: string }
  | { readonly kind: 'createActionJob'; readonly action: ActionWanted; readonly attempt: number }
  /** Of a Job that nobody needs to be asked about, or that was approved along. */
  | { readonly kind: 'releaseActionJob'; readonly name: string; readonly digest: string };

/** A call to be made once the status is written. */
export interface CallOwed {
  readonly action: ActionWanted;
  readonly attempt: number;
}
