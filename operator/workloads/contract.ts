import type { Resource } from '../../crds/v1alpha1/index.ts';
import type { References } from '../core/pins.ts';

/** An object as the API server sends it, read without a model so that nothing is dropped. */
export interface RawObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly creationTimestamp: string;
    readonly deletionTimestamp?: string;
    readonly generateName?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly {
      readonly kind: string;
      readonly name: string;
      readonly uid: string;
      readonly controller?: boolean;
    }[];
  };
  readonly [field: string]: unknown;
}

/** What is kept of a held or released object: enough to decide, small enough to keep ten thousand. */
export interface HeldFacts {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** The label `countersign.dev/held`: true until it is released. */
  readonly markedHeld: boolean;
  readonly suspended: boolean;
  /** Its author had suspended it before we did: approval lifts our hold only. */
  readonly authorSuspended: boolean;
  /** Keys of the annotations by which policies say that they hold it. */
  readonly policyMarks: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly requester: { readonly username: string; readonly groups: readonly string[] };
  /** Whom it was asked for, as its author says. */
  readonly onBehalfOf?: string;
  readonly released?: { readonly digest: string; readonly request: string };
  /** Digest of what would run; absent when it cannot be digested, and then `fault` says why. */
  readonly content?: string;
  readonly fault?: string;
  /** Of a GovernedJob's Job: the digest of what it was made from. */
  readonly source?: string;
  /** What it refers to that may change while its own spec stays the same; absent when it refers to nothing. */
  readonly references?: References;
  /** It has begun at some time. */
  readonly started?: boolean;
  /** It has been told to stop as failed, and has not ended yet. */
  readonly stopping?: boolean;
  readonly ended?: { readonly succeeded: boolean; readonly message: string; readonly at?: string };
  /** What its author says about it. */
  readonly claim: Claimed;
  /** What made it and controls it; a CronJob only where the API server saw that it did. */
  readonly controller?: { readonly kind: string; readonly name: string; readonly uid: string };
}

/** What the author of held work says about it in annotations; `faults` names those that cannot be understood. */
export interface Claimed {
  readonly operation: string;
  readonly reason?: string;
  readonly ticket?: string;
  readonly context?: Readonly<Record<string, unknown>>;
  readonly timeout?: string;
  readonly faults: readonly string[];
}

/** A kind of work that can be held and released. One file each, pure: it says what to send, others send it. */
export interface Workload {
  readonly type: Resource;
  /** What would run: what the digest covers. */
  content(raw: RawObject): object;
  /** What would run without what differs from one run of the same to the next: names, uids, what its own controller adds. */
  repeats(raw: RawObject): object;
  /** What to keep of it. Never throws: what cannot be digested says so in `fault`. */
  project(raw: RawObject): HeldFacts;
  /** A merge patch that lifts the hold, conditional on the uid and resourceVersion that were looked at. */
  release(facts: HeldFacts, to: { readonly digest: string; readonly request: string }): object;
  /** A merge patch of the `status` subresource that ends it as failed. `at` is RFC 3339. */
  refuse(facts: HeldFacts, why: { readonly reason: string; readonly message: string; readonly at: string }): object;
  /** A merge patch of the `status` subresource that makes its own controller stop what runs and end it as failed. */
  abort(facts: HeldFacts, why: { readonly reason: string; readonly message: string; readonly at: string }): object;
}
