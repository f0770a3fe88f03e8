import type { BareClient } from './bareClient.ts';

/** As much of an object as the benchmark looks at. */
export interface Seen {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly suspend?: boolean; readonly [field: string]: unknown };
  readonly status?: { readonly phase?: string; readonly subjectDigest?: string; readonly [field: string]: unknown };
}

export interface Event {
  readonly type: string;
  readonly object: Seen;
}

/**
 * Tells of every change of a collection from now on. Begins again where the server ended it, which it does to whoever is slow to read, and a busy
 * machine makes that of anybody. Fulfilled once it is known from where; `ended` is, when the signal aborts.
 */
export async function follow(
  client: BareClient,
  collection: string,
  signal: AbortSignal,
  onEvent: (event: Event) => void,
): Promise<{ readonly ended: Promise<void> }> {
  const { metadata } = await client.object<{ metadata: { resourceVersion: string } }>('GET', `${collection}?limit=1`);
  let version = metadata.resourceVersion;
  const onLine = (line: string): void => {
    const event = JSON.parse(line) as Event;
    if (event.type === 'ERROR') throw new Error(`the watch of ${collection} ended: ${line}`);
    version = event.object.metadata.resourceVersion;
    onEvent(event);
  };
  const watch = async (): Promise<void> => {
    while (!isOver(signal)) {
      try {
        await client.lines(`${collection}?watch=true&timeoutSeconds=3600&resourceVersion=${version}`, signal, onLine);
      } catch (error) {
        if (!isOver(signal)) throw error;
      }
    }
  };
  return { ended: watch() };
}

const isOver = (signal: AbortSignal): boolean => signal.aborted;
