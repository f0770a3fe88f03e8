import { plan } from '../../core/plan.ts';
import { settled, type Outcome, type Ref } from '../../core/ports.ts';
import { apply, type Writer } from './apply.ts';
import { isFinished, type DecisionEntry, type RequestRecord } from '../records.ts';
import { isStanding, owesReview, type World } from '../world.ts';
import { observe, type Reader } from './observe.ts';

/** Brings one request to where its facts say it belongs. Told a name, never why. */
export async function reconcileRequest(ref: Ref, reader: Reader, writer: Writer): Promise<Outcome> {
  const key = `${ref.namespace ?? ''}/${ref.name}`;
  const request = reader.world.requests.get(key);
  // What is over needs no look at its subject, which is often long gone.
  if (request !== undefined && isOver(request, reader.world)) return settled;
  const observed = await observe(key, reader);
  if (observed === undefined) {
    writer.releases.forget(key);
    return settled;
  }
  return apply(observed, plan(observed.facts), writer);
}

/** Finished, as far as it is held, and with every decision on record. */
function isOver(request: RequestRecord, world: World): boolean {
  if (!isFinished(request)) return false;
  // Cancelling what is settled changes nothing, but whoever waits (kubectl wait, kstatus) believes no status of an earlier generation.
  if (request.status?.observedGeneration !== request.generation) return false;
  const refusalOwed =
    request.governs !== undefined && world.workOf(request.governs).some((held) => held.markedHeld && held.ended === undefined);
  const recorded = new Set(request.status.decisions.map((d) => d.name));
  // A flood of comments must not keep anybody from what may still be said: reviewing an override, or ending a standing approval.
  const mayBeSaid = (d: DecisionEntry): boolean =>
    (d.verdict === 'Review' && owesReview(request)) || (d.verdict === 'Reject' && isStanding(request));
  return (
    !refusalOwed &&
    world.decisions.byIndex('request', request.uid).every((d) => recorded.has(d.name) || (recorded.size >= 100 && !mayBeSaid(d)))
  );
}
