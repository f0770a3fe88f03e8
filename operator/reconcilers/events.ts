import { ApiError } from '../kube/client/apiError.ts';
import type { KubeClient } from '../kube/client/kubeClient.ts';
import type { ResourceType } from '../kube/client/types.ts';
import type { Logger } from '../telemetry/logger.ts';

export const eventType: ResourceType = { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true };

/** The object that an Event is about. */
export interface Regarding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion?: string;
}

export interface Note {
  readonly type: 'Normal' | 'Warning';
  /** PascalCase. */
  readonly reason: string;
  /** A sentence. */
  readonly message: string;
}

/** The Event as the API takes it. */
export const eventOf = (
  regarding: Regarding,
  { type, reason, message }: Note,
  by: { name: string; now: number; reporter: string },
): object => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { namespace: regarding.namespace, name: by.name },
  involvedObject: regarding,
  type,
  reason,
  message: message.slice(0, 1024),
  action: reason,
  firstTimestamp: new Date(by.now).toISOString(),
  lastTimestamp: new Date(by.now).toISOString(),
  count: 1,
  source: { component: 'countersign' },
  reportingComponent: 'countersign.dev/operator',
  reportingInstance: by.reporter,
});

const mostWaiting = 10_000;
/** So long an Event waits at most while there is more urgent work. */
const longestWaitMs = 60_000;
const lookAgainMs = 500;
/** Few, because each costs the API server half as much as a release, and people wait for those. */
const atOnce = 2;

interface Waiting {
  readonly event: object;
  /** Monotonic milliseconds. */
  readonly since: number;
}

/**
 * Tells people what happened, where `kubectl describe` shows it. Events are for reading only: nothing depends on them, so they wait in a bounded
 * line of their own, and when that is full the newest is dropped and counted.
 */
export class EventRecorder {
  readonly #client: KubeClient;
  readonly #log: Logger;
  readonly #reporter: string;
  readonly #isUrgentWork: () => boolean;
  readonly #waiting: Waiting[] = [];
  #running = 0;
  #dropped = 0;
  #lookAgain: NodeJS.Timeout | undefined;
  #isFlushing = false;

  /** `isUrgentWork` tells whether there is work on the way that Events should not compete with. */
  constructor(options: { client: KubeClient; log: Logger; reporter: string; isUrgentWork: () => boolean }) {
    this.#client = options.client;
    this.#log = options.log;
    this.#reporter = options.reporter;
    this.#isUrgentWork = options.isUrgentWork;
  }

  record(regarding: Regarding, { type, reason, message }: Note): void {
    if (this.#waiting.length >= mostWaiting) {
      this.#dropped += 1;
      return;
    }
    const now = this.#client.now();
    const name = `${regarding.name.slice(0, 200)}.${now.toString(16)}${Math.random().toString(16).slice(2, 8)}`;
    const event = eventOf(regarding, { type, reason, message }, { name, now, reporter: this.#reporter });
    this.#waiting.push({ event, since: performance.now() });
    this.#pump();
  }

  /** Fulfilled when everything that waits has been sent or has failed. */
  async flush(): Promise<void> {
    this.#isFlushing = true;
    this.#pump();
    while (this.#running > 0 || this.#waiting.length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  }

  #pump(): void {
    while (this.#running < atOnce && this.#isDue()) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#running += 1;
      void this.#send(next.event);
    }
    if (this.#running === 0 && this.#waiting.length > 0) this.#pumpLater();
    if (this.#waiting.length === 0 && this.#dropped > 0) {
      this.#log.warn({ dropped: this.#dropped }, 'events dropped');
      this.#dropped = 0;
    }
  }

  #pumpLater(): void {
    if (this.#lookAgain !== undefined) return;
    this.#lookAgain = setTimeout(() => {
      this.#lookAgain = undefined;
      this.#pump();
    }, lookAgainMs).unref();
  }

  #isDue(): boolean {
    const first = this.#waiting[0];
    return first !== undefined && (this.#isFlushing || !this.#isUrgentWork() || performance.now() - first.since > longestWaitMs);
  }

  async #send(event: object): Promise<void> {
    const { namespace } = (event as { metadata: { namespace: string } }).metadata;
    try {
      await this.#client.create(eventType, namespace, event);
    } catch (error) {
      this.#log[isOfEndingNamespace(error) ? 'debug' : 'warn']({ err: error }, 'event not recorded');
    } finally {
      this.#running -= 1;
      this.#pump();
    }
  }
}

/** Nobody will read what happened there. */
const isOfEndingNamespace = (error: unknown): boolean =>
  error instanceof ApiError && (error.details.causes?.some((cause) => cause.reason === 'NamespaceTerminating') ?? false);
