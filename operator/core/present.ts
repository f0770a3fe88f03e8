type Present<T> = { [K in keyof T]?: NonNullable<T[K]> };

/** Without the fields that are undefined, so that a status says only what there is to say. */
export function present<T extends object>(fields: T): Present<T> {
  const found: Present<T> = {};
  for (const key of Object.keys(fields) as (keyof T)[]) {
    const field = fields[key];
    if (field !== undefined) found[key] = field as NonNullable<T[keyof T]>;
  }
  return found;
}
