/** What a caller prefers, as far as it means something here (RFC 7240). */
export interface Preference {
  /** Seconds. */
  readonly wait?: number;
  readonly respondAsync: boolean;
}

/** Reads a Prefer header. What is not understood is passed over, as the RFC has it; of one that is there twice the first counts. */
export function preferenceOf(header: string | undefined): Preference {
  const parts = (header ?? '').split(',').map((part) => part.split(';', 1)[0]?.trim().toLowerCase() ?? '');
  const wait = parts.map((part) => /^wait\s*=\s*"?([0-9]{1,9})"?$/.exec(part)?.[1]).find((seconds) => seconds !== undefined);
  return { respondAsync: parts.includes('respond-async'), ...(wait === undefined ? {} : { wait: Number(wait) }) };
}
