import { conversions } from './conversions.ts';
import { Failure, noOverload } from './faults.ts';
import { callOfString, join } from './strings.ts';
import type { Meter } from './meter.ts';
import { clockFields, Duration, spanFields, Timestamp, type Zones } from './time.ts';
import { List, type Result, typeOf, type Value } from './values.ts';

/** What asking for a time zone costs that was not asked for just before. */
const newZone = 5000;

interface Costs {
  readonly meter: Meter;
  readonly zones: Zones;
}

/** Calls a method, which one depending on the type of the receiver. */
export function callMethod(name: string, receiver: Value, args: readonly Value[], run: Costs): Result {
  return dispatch(name, receiver, args, run) ?? noOverload(name, ...[receiver, ...args].map(typeOf));
}

function dispatch(name: string, receiver: Value, args: readonly Value[], run: Costs): Result | undefined {
  if (name === 'size') return conversions['size']?.(receiver, run.meter);
  if (typeof receiver === 'string') return callOfString(name, receiver, args, run.meter);
  if (receiver instanceof List) return name === 'join' ? joined(receiver, args, run.meter) : undefined;
  if (receiver instanceof Timestamp) return clockField(name, receiver, args, run);
  if (receiver instanceof Duration) return args.length === 0 ? spanFields[name]?.(receiver) : undefined;
  return undefined;
}

function joined(list: List, [separator = '']: readonly Value[], meter: Meter): Result | undefined {
  return typeof separator === 'string' ? join(list, separator, meter) : undefined;
}

function clockField(name: string, at: Timestamp, [zone = 'UTC']: readonly Value[], { meter, zones }: Costs): Result | undefined {
  const field = clockFields[name];
  if (field === undefined || typeof zone !== 'string') return undefined;
  meter.charge(zones.knows(zone) ? 20 : newZone);
  const local = zones.local(at, zone);
  return local instanceof Failure ? local : BigInt(field(local));
}
