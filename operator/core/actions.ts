import type { Action, ActionStage, GovernedJobSpec } from '../../crds/v1alpha1/governedJob.ts';
import { contentDigest } from './digest.ts';
import { storedDurationMs } from './duration.ts';

/** The name under which the rollback stands among the actions. */
export const rollbackName = 'rollback';

/** An action as the spec has it now, or, where its digest is of an earlier spec, as it was. */
export interface ActionWanted {
  readonly stage: ActionStage;
  readonly name: string;
  /** Of what it does: another digest is another action. */
  readonly digest: string;
  /** `Nothing`: it is on record, but the spec does not say it any more. */
  readonly does: 'Job' | 'Call' | 'Nothing';
  readonly retries: number;
  /** Undefined: as long as it takes. */
  readonly timeoutMs?: number | undefined;
}

/** All that a GovernedJob does beside its own Job, in order of stage and place. @throws CountersignError `Undigestible`. */
export function actionsOf(uid: string, { preActions = [], postActions = [], rollback, parameters }: GovernedJobSpec): ActionWanted[] {
  const digest = (stage: ActionStage, does: object): string =>
    contentDigest({ uid, stage, does, ...(parameters === undefined ? {} : { parameters }) });
  const wanted = (stage: ActionStage, action: Action): ActionWanted => ({
    stage,
    name: action.name,
    digest: digest(stage, action),
    does: action.http === undefined ? 'Job' : 'Call',
    retries: action.retries,
    timeoutMs: storedDurationMs(action.timeout),
  });
  return [
    ...preActions.map((action) => wanted('Pre', action)),
    ...(rollback === undefined
      ? []
      : [{ stage: 'Rollback', name: rollbackName, digest: digest('Rollback', rollback), does: 'Job', retries: 0 } as const]),
    ...postActions.map((action) => wanted('Post', action)),
  ];
}

/** The name of the Job of one attempt at an action. An attempt has one Job for ever, so it is made once, whoever asks how often. */
export const actionJobName = (governedJob: string, digest: string, attempt: number): string =>
  `${governedJob.slice(0, 50).replace(/[-.]+$/, '')}-${digest.slice(-8)}-${attempt}`;

/** By what the receiver of a call knows it again: every attempt at one action has the same. Without dots, which Standard Webhooks signs as separators. */
export const callId = (uid: string, { stage, name, digest }: Pick<ActionWanted, 'stage' | 'name' | 'digest'>): string =>
  `${uid}/${stage.toLowerCase()}/${name}/${digest.slice(-16)}`;
