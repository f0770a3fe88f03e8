import {
  apiVersion,
  approvalDecisions,
  type ApprovalDecision,
  type ApprovalDecisionSpec,
  type DecisionVerdict,
} from '../../../crds/v1alpha1/index.ts';
import { present } from '../../../operator/core/present.ts';
import type { Caller } from '../callers/caller.ts';
import { isAsSent } from './asSent.ts';
import { createOnce, nameByKey, stem, type Writer } from './once.ts';
import { relayedGroups } from './person.ts';

/** What somebody decides. */
export interface Decision extends Pick<ApprovalDecisionSpec, 'reason' | 'ticket' | 'response' | 'standing' | 'reassign'> {
  readonly namespace: string;
  /** As they were shown them. */
  readonly requests: readonly { readonly name: string; readonly uid: string; readonly digest: string }[];
  readonly verdict: DecisionVerdict;
  /** What the caller calls this decision, so that it is written once however often it is sent. */
  readonly key?: string | undefined;
}

/**
 * Writes a decision in the caller's name. Whether they may is for the guards and admission to say.
 * @throws Problem with the API server's own sentence when it refuses.
 */
export async function decide({ client }: { readonly client: Writer }, caller: Caller, decision: Decision): Promise<{ name: string }> {
  const { namespace, key, ...said } = decision;
  const prefix = said.requests[0]?.name ?? 'decision';
  const name = key === undefined ? { generateName: `${stem(prefix)}-` } : { name: nameByKey(caller, key, prefix) };
  const sent = { ...present(said), approver: caller.username, via: caller.via };
  const spec = { ...sent, groups: relayedGroups(caller) };
  const object = { apiVersion, kind: approvalDecisions.kind, metadata: { namespace, ...name }, spec };
  const adopted = {
    isOurs: (found: ApprovalDecision): boolean => found.spec.approver === caller.username,
    // All that they said, the digest of what they were shown above all. Groups come and go by themselves; those of the decision stay what they were.
    isSame: (found: ApprovalDecision): boolean => isAsSent(sent, found.spec, ['groups']),
  };
  const made = await createOnce<ApprovalDecision>(client, approvalDecisions, object, key === undefined ? undefined : adopted);
  return { name: made.metadata.name };
}
