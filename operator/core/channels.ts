import type { DecisionVia } from '../../crds/v1alpha1/index.ts';

/** How sure it is who decided: a mail can be passed on, and an account in Slack is not one of the cluster's. */
const sureness: Readonly<Record<DecisionVia, number>> = { Email: 0, Slack: 1, Web: 2, Kubernetes: 3 };

/** What takes somebody who signed in: overriding, reviewing that, and saying who is asked; and approving, where a stage does not say otherwise. */
const signedIn = 'Web' satisfies DecisionVia;

/** The weakest channel by which an approval counts in a stage. */
export const minimumOf = ({ minimumChannel }: { readonly minimumChannel?: DecisionVia | undefined }): DecisionVia =>
  minimumChannel ?? signedIn;

/** By which channels an approval counts, in words; undefined where that is as usual. */
export function surenessText(stage: { readonly minimumChannel?: DecisionVia | undefined }): string | undefined {
  const minimum = minimumOf(stage);
  if (minimum === signedIn) return undefined;
  return minimum === 'Kubernetes' ? 'with kubectl alone' : `by ${minimum} or surer`;
}

/** Whether what came by this channel is less sure than the least that is wanted. */
export const isTooWeak = (via: DecisionVia, minimum: DecisionVia = signedIn): boolean => sureness[via] < sureness[minimum];
