import type { Socket } from 'node:net';
import type { KeyObject } from 'node:crypto';
import type { z } from 'zod';
import type { ChannelType, NoticeEvent, ResolvedStage } from '../../crds/v1alpha1/index.ts';

/** Where somebody can follow up a notice. Made for one person and one delivery: never stored, as whoever has `approve` or `reject` may use it. */
export interface Links {
  /** Asks, as that person, whether to approve; see docs/adr/0015. */
  readonly approve?: string;
  readonly reject?: string;
  /** The request's page, for that person. */
  readonly view?: string;
}

/** Somebody who is told. */
export interface Recipient {
  readonly username: string;
  readonly mail?: string;
  readonly slackId?: string;
  readonly links?: Links;
}

/** A stage, for people. */
export interface NoticeStage {
  /** Not for people: those of several policies may have one name. */
  readonly id: string;
  readonly name: string;
  readonly state: ResolvedStage['state'];
  readonly approvals: number;
  readonly required: number;
  /** Who is asked, in words: `group finance or user cfo@corp`. */
  readonly asks: readonly string[];
  readonly deadline?: string;
}

/** What is known of a request, for people. Whatever others wrote in it is as they wrote it: a channel shows it safely. */
export interface NoticeRequest {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly digest: string;
  readonly operation: string;
  /** As kubectl shows it. */
  readonly phase: string;
  readonly requester: string;
  readonly reason?: string;
  readonly ticket?: string;
  /** Any JSON. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** 0 to 100. */
  readonly risk?: number;
  readonly stages: readonly NoticeStage[];
  readonly expiresAt?: string;
  /** What would run, line by line: images, commands, what the subject is. */
  readonly runs: readonly string[];
  /** The latest decisions, the latest last. */
  readonly decisions: readonly { readonly approver: string; readonly verdict: string; readonly reason?: string }[];
  /** A sentence on how it stands: the message of the condition that says so. */
  readonly message: string;
  /** Its page. Whoever opens it has to sign in. */
  readonly url: string;
}

/** Something that people are told, once for each `key`. */
export interface Notice {
  /** `uid/event/digest/stage/recipient/channel`: what the outside deduplicates by. Every attempt has the same. */
  readonly key: string;
  readonly event: NoticeEvent;
  /** When it happened, in milliseconds since the epoch. */
  readonly at: number;
  /** The stage that opened, reminds or escalated. */
  readonly stage?: string;
  /** The `id` of that stage. */
  readonly stageId?: string;
  readonly request: NoticeRequest;
  /** Whom it is for: exactly one for a channel that tells persons, all who are asked for one that tells a place. */
  readonly recipients: readonly Recipient[];
}

/** What the service called what it took, so that it can be changed later. Kept as JSON; never secret. */
export type Reference = Readonly<Record<string, string>>;

/** It was not taken. */
export interface Refused {
  readonly ok: false;
  /** Trying again would not help. */
  readonly final: boolean;
  readonly retryAfterMs?: number;
  /** A sentence without anything secret in it, nor anything that the other side wrote, nor what names and addresses lead to. */
  readonly message: string;
  /** Why nobody was reached, where `message` must not say so: for administrators, in the log and in the status of what is theirs. */
  readonly cause?: string;
}

/** What came of a delivery. */
export type Delivered = { readonly ok: true; readonly reference?: Reference } | Refused;

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Hosts of a service that is known, which may be called though the administrator did not list them; as in COUNTERSIGN_HTTP_ALLOW. */
  readonly known?: readonly string[];
}

/** What came of a call. Never throws: no answer is one of them. */
export type HttpAnswer =
  | {
      readonly answered: true;
      readonly status: number;
      readonly retryAfterMs?: number;
      /** Undefined when it is longer than anything of use. Others wrote it: not for messages. */
      readonly body: string | undefined;
    }
  | {
      readonly answered: false;
      readonly final: boolean;
      /** For whoever named what is called: it says nothing of what a name leads to, or what listens there. */
      readonly message: string;
      /** That, for administrators alone. */
      readonly cause?: string;
    };

/** The way out: everything that leaves goes where the administrator allows it, or to public hosts of known services, and nowhere inside by another name. */
export interface Outside {
  call(call: HttpCall): Promise<HttpAnswer>;
  /** A connection, for what is no HTTP. @throws NotReached when it is not allowed or comes to nothing. */
  dial(host: string, port: number): Promise<Socket>;
  /** PEM of the authorities that are trusted. */
  readonly authorities: readonly string[];
  /** How long anything may take that is waited for. */
  readonly timeoutMs: number;
  /** By which receivers know the operator. @throws while there is none. */
  key(): Promise<KeyObject>;
}

/** What a channel has to deliver with. */
export interface Means<Config = unknown> {
  readonly config: Config;
  /** What its Secret holds, decoded: at least the required ones of `secretKeys`, and none that is not among them. */
  readonly secret: Readonly<Record<string, string>>;
  readonly outside: Outside;
  /** Whether a click in the channel may decide (Slack): only where its signing secret is the administrator's own. */
  readonly interactive?: boolean;
  readonly now: () => number;
}

/** A key of the Secret that `secretRef` names. */
export interface SecretKey {
  readonly name: string;
  readonly required: boolean;
  readonly description: string;
}

/**
 * A kind of service by which people are told; one file each. It knows nothing of the store, the cluster, or other channels.
 *
 * Which of the two is called, and when:
 * - `StageOpened`, `Reminder`, `Escalated`: `deliver`, to those who are asked.
 * - `Progressed` (somebody decided, and the stage is still open) and the outcomes: `update`, once for each reference that an earlier delivery about this
 *   request gave; where the channel has no `update` or there is no reference, nothing for `Progressed`.
 * - The outcomes (`Approved`, `Rejected`, `Expired`, `Cancelled`, `Completed`, `Failed`): besides, `deliver` to the requester where the channel tells persons;
 *   where it tells a place, `deliver` only if there was no reference to update.
 */
export interface Channel<Config = unknown> {
  readonly type: ChannelType;
  /** Of `spec.config`: strict, and every field described. */
  readonly config: z.ZodType<Config>;
  readonly secretKeys: readonly SecretKey[];
  /** Whether it shows `links.approve` and `links.reject`. Elsewhere whoever runs the channel could read them: make none for it. */
  readonly carriesLinks?: true;
  /** A Person: one notice for each recipient. A Place: one notice for all, with no links to decide by, as everybody there can read them. */
  tells(config: Config): 'Person' | 'Place';
  /** Whether somebody can be told at all: they have the address that this takes. */
  reaches?(recipient: Recipient, config: Config): boolean;
  /** Tells. At least once for each key: where the service can, so that the second time changes nothing. */
  deliver(notice: Notice, means: Means<Config>): Promise<Delivered>;
  /** Brings what an earlier delivery gave as its reference to what the notice says. May come again, and late. */
  update?(notice: Notice, reference: Reference, means: Means<Config>): Promise<Delivered>;
}

/** The outcomes: nothing more is asked of anybody. */
export const settledEvents: readonly NoticeEvent[] = ['Approved', 'Rejected', 'Expired', 'Cancelled', 'Completed', 'Failed'];
export const isSettled = ({ event }: Pick<Notice, 'event'>): boolean => settledEvents.includes(event);
