type Present<T> = { [K in keyof T]?: NonNullable<T[K]> };

/** Without the fields that are undefined, so that a status says only what there is to say. */
export const present = <T extends object>(fields: T): Present<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, field]) => field !== undefined)) as Present<T>;
