import { Failure } from './faults.ts';
import { Duration, Timestamp } from './time.ts';

/** An unsigned integer; int is a plain bigint. */
export class Uint {
  readonly value: bigint;

  constructor(value: bigint) {
    this.value = value;
  }
}

/** What `type()` gives. */
export class TypeName {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A list of CEL, whether it was written in the expression or is a view of JSON. */
export abstract class List {
  abstract readonly size: number;
  /** The item at an index from 0 to size - 1. */
  abstract at(index: number): Result;
}

/** A map of CEL. */
export abstract class Dict {
  abstract readonly size: number;
  abstract get(key: Value): Result | undefined;
  abstract keys(): readonly Value[];
}

/** A value of CEL: int is bigint, double is number. */
export type Value = null | boolean | string | bigint | number | Uint8Array | Uint | Timestamp | Duration | TypeName | List | Dict;
export type Result = Value | Failure;

export const maxInt = 2n ** 63n - 1n;
export const minInt = -(2n ** 63n);
export const maxUint = 2n ** 64n - 1n;

/** Items of a list that an expression made. */
export class Items extends List {
  readonly items: readonly Value[];

  constructor(items: readonly Value[]) {
    super();
    this.items = items;
  }

  override get size(): number {
    return this.items.length;
  }

  override at(index: number): Result {
    return this.items[index] ?? null;
  }
}

class JsonList extends List {
  readonly #raw: readonly unknown[];

  constructor(raw: readonly unknown[]) {
    super();
    this.#raw = raw;
  }

  override get size(): number {
    return this.#raw.length;
  }

  override at(index: number): Result {
    return fromJson(this.#raw[index]);
  }
}

class JsonDict extends Dict {
  readonly #raw: Readonly<Record<string, unknown>>;

  constructor(raw: Readonly<Record<string, unknown>>) {
    super();
    this.#raw = raw;
  }

  override get size(): number {
    return this.keys().length;
  }

  override get(key: Value): Result | undefined {
    if (typeof key !== 'string' || !Object.hasOwn(this.#raw, key)) return undefined;
    const found = this.#raw[key];
    return found === undefined ? undefined : fromJson(found);
  }

  override keys(): readonly string[] {
    return Object.keys(this.#raw).filter((key) => this.#raw[key] !== undefined);
  }
}

/** JSON whose numbers are doubles, whole or not; what is no number is not there. */
class DoublesDict extends Dict {
  readonly #raw: Readonly<Record<string, unknown>>;

  constructor(raw: Readonly<Record<string, unknown>>) {
    super();
    this.#raw = raw;
  }

  override get size(): number {
    return this.keys().length;
  }

  override get(key: Value): Result | undefined {
    const found = typeof key === 'string' && Object.hasOwn(this.#raw, key) ? this.#raw[key] : undefined;
    return typeof found === 'number' ? found : undefined;
  }

  override keys(): readonly string[] {
    return Object.keys(this.#raw).filter((key) => typeof this.#raw[key] === 'number');
  }
}

/** A map that an expression made. */
export class Entries extends Dict {
  readonly #entries = new Map<string | bigint | number | boolean, readonly [Value, Value]>();

  /** Adds an entry; a failure for a key that CEL does not allow, or that is there already. */
  add(key: Value, value: Value): Failure | undefined {
    const id = keyOf(key);
    if (id === undefined || typeof key === 'number') return new Failure(`unsupported key type: ${typeOf(key)}`);
    if (this.#entries.has(id)) return new Failure(`Failed with repeated key: ${typeof key === 'string' ? key : String(id)}`);
    this.#entries.set(id, [key, value]);
    return undefined;
  }

  override get size(): number {
    return this.#entries.size;
  }

  override get(key: Value): Result | undefined {
    const id = keyOf(key);
    return id === undefined ? undefined : this.#entries.get(id)?.[1];
  }

  override keys(): readonly Value[] {
    return [...this.#entries.values()].map(([key]) => key);
  }
}

/** Numbers that are equal are one key, of whichever type. */
function keyOf(key: Value): string | bigint | number | boolean | undefined {
  if (key instanceof Uint) return key.value;
  if (typeof key === 'number') return Number.isInteger(key) ? BigInt(key) : key;
  return typeof key === 'string' || typeof key === 'bigint' || typeof key === 'boolean' ? key : undefined;
}

/**
 * JSON as CEL sees it in Kubernetes: a whole number is an int, any other a double, an object a map. Nothing is copied; items are converted when they
 * are read. Between 2^53 and 2^63 JavaScript may have rounded what was written, so such a number fails where it is used rather than being wrong;
 * beyond that Kubernetes reads a double as well.
 */
export function fromJson(raw: unknown): Result {
  switch (typeof raw) {
    case 'string':
    case 'boolean':
      return raw;
    case 'number':
      if (!Number.isInteger(raw) || Math.abs(raw) >= 2 ** 63) return raw;
      return Number.isSafeInteger(raw)
        ? BigInt(raw)
        : new Failure(`the number ${raw} is beyond 2^53 and may have been rounded: pass it as a string`);
    case 'bigint':
      return raw >= minInt && raw <= maxInt ? raw : Number(raw);
    case 'undefined':
      return null;
    case 'object':
      if (raw === null) return null;
      if (Array.isArray(raw)) return new JsonList(raw as unknown[]);
      return new JsonDict(raw as Record<string, unknown>);
    case 'function':
    case 'symbol':
      return new Failure(`a ${typeof raw} is no JSON`);
  }
}

/** A map whose numbers are doubles, whole or not. */
export const doublesOf = (raw: unknown): Result => new DoublesDict((raw ?? {}) as Record<string, unknown>);

/** CEL's name for the type of a value. */
export function typeOf(value: Value): string {
  if (value === null) return 'null_type';
  switch (typeof value) {
    case 'boolean':
      return 'bool';
    case 'string':
      return 'string';
    case 'bigint':
      return 'int';
    case 'number':
      return 'double';
    default:
      return typeOfObject(value);
  }
}

function typeOfObject(value: Exclude<Value, null | boolean | string | bigint | number>): string {
  if (value instanceof List) return 'list';
  if (value instanceof Dict) return 'map';
  if (value instanceof Uint) return 'uint';
  if (value instanceof Uint8Array) return 'bytes';
  if (value instanceof Timestamp) return 'google.protobuf.Timestamp';
  if (value instanceof Duration) return 'google.protobuf.Duration';
  return 'type';
}

/** Whether it is no value but a failure. */
export function isFailure(result: Result | undefined): result is Failure {
  return result instanceof Failure;
}
