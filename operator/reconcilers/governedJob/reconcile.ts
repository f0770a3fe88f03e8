import { isDeepStrictEqual } from 'node:util';
import type { GovernedJobStatus } from '../../../crds/v1alpha1/index.ts';
import { callId } from '../../core/actions.ts';
import type { CallOwed } from '../../core/governedJobFacts.ts';
import { planGovernedJob, type GovernedJobPlan } from '../../core/governedJobPlan.ts';
import { settled, wake, type Outcome, type Ref } from '../../core/ports.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { HttpCaller } from '../../notify/httpCaller.ts';
import type { World } from '../world.ts';
import type { ActionCalls } from './calls.ts';
import { perform, refusalOf, writeStatus } from './effects.ts';
import { observe, type Observed } from './observe.ts';
import { payloadOf } from './payload.ts';

export interface GovernedJobContext {
  readonly client: KubeClient;
  readonly world: World;
  readonly calls: ActionCalls;
  readonly caller: HttpCaller;
}

const mostRounds = 6;
const tryAgainMs = 60_000;

/**
 * Brings one GovernedJob to where its facts say it belongs: effects first, then one status write of what is then so, then calls. What must not be done on
 * a guess (a rollback) waits for the record: see the plan.
 */
export async function reconcileGovernedJob(ref: Ref, context: GovernedJobContext): Promise<Outcome> {
  for (let round = 0; round < mostRounds; round += 1) {
    const seen = await observe(ref, context);
    if (seen === undefined) return settled;
    const plan = planGovernedJob(seen.facts);
    if (plan.effects.length === 0) return finish(ref, seen, plan, context);
    try {
      for (const effect of plan.effects) await perform(effect, seen, context);
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal === undefined) throw error;
      await recordStatus(seen, planGovernedJob({ ...seen.facts, refusal }).status, context);
      return wake(tryAgainMs);
    }
  }
  // What was done shows up by the watch, which brings us back.
  return settled;
}

async function finish(ref: Ref, seen: Observed, plan: GovernedJobPlan, context: GovernedJobContext): Promise<Outcome> {
  await recordStatus(seen, plan.status, context);
  for (const call of plan.calls) begin(ref, seen, plan.status, call, context);
  return plan.wakeAt === undefined ? settled : wake(plan.wakeAt - seen.facts.now);
}

/** What came of calls is remembered until it is on record. */
async function recordStatus({ governedJob, facts }: Observed, status: GovernedJobStatus, context: GovernedJobContext): Promise<void> {
  if (!isDeepStrictEqual(status, governedJob.status)) await writeStatus(governedJob, status, context);
  context.calls.forget(governedJob.uid, facts.calls);
}

/** Answers wake the GovernedJob: a peer that is slow keeps nobody else waiting. */
function begin(
  ref: Ref,
  { governedJob }: Observed,
  status: GovernedJobStatus,
  call: CallOwed,
  { client, calls, caller }: GovernedJobContext,
): void {
  const { spec, uid } = governedJob;
  const { stage, name } = call.action;
  const url = (stage === 'Pre' ? spec.preActions : spec.postActions)?.find((a) => a.name === name)?.http?.url;
  if (url === undefined) return;
  const message = { id: callId(uid, call.action), at: client.now(), body: payloadOf(governedJob, status, call) };
  calls.begin(uid, ref, call, () => caller.post(url, message));
}
