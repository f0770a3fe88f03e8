import type { Attributes, Span } from '@opentelemetry/api';

export interface TracingOptions {
  readonly endpoint?: string | undefined;
  readonly serviceName: string;
  readonly version: string;
}

/** Spans of this process; free when no endpoint is configured. */
export interface Tracing {
  readonly enabled: boolean;
  /** Runs `work` in a span of the trace that belongs to the subject with this uid. */
  span<R>(uid: string, name: string, attributes: Attributes, work: (span: Span | undefined) => Promise<R>): Promise<R>;
  /** Records what has already ended. */
  record(uid: string, name: string, attributes: Attributes, startMs: number, endMs: number): void;
  stop(): Promise<void>;
}

/** The trace that everything about one subject belongs to, the same in every process. */
export function traceIdFor(_uid: string): string {
  throw new Error('not built yet');
}

/** Starts tracing when an endpoint is given; loads the SDK only then. */
export function startTracing(_options: TracingOptions): Promise<Tracing> {
  throw new Error('not built yet');
}
