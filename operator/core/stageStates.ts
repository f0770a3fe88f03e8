import type { ResolvedStage } from '../../crds/v1alpha1/index.ts';

type Stage = Pick<ResolvedStage, 'state'>;

/** Whether the stage asks people now. */
export const isOpen = ({ state }: Stage): boolean => state === 'Active' || state === 'Escalated';

/** Whether it asks people, or will once its turn has come. */
export const isUndecided = (stage: Stage): boolean => isOpen(stage) || stage.state === 'Waiting';
