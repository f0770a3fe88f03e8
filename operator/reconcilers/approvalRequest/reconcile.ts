import { plan } from '../../core/plan.ts';
import { settled, type Outcome, type Ref } from '../../core/ports.ts';
import { apply, type Writer } from './apply.ts';
import { observe, type Reader } from './observe.ts';

/** Brings one request to where its facts say it belongs. Told a name, never why. */
export async function reconcileRequest(ref: Ref, reader: Reader, writer: Writer): Promise<Outcome> {
  const observed = await observe(`${ref.namespace ?? ''}/${ref.name}`, reader);
  if (observed === undefined) return settled;
  return apply(observed, plan(observed.facts), writer);
}
