import type * as Otel from '@opentelemetry/api';
import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import { rootSpanIdFor, traceIdFor } from './traceIds.ts';

export { rootSpanIdFor, traceIdFor, traceparentFor } from './traceIds.ts';

export interface TracingOptions {
  /** OTEL_EXPORTER_OTLP_ENDPOINT; absent: no tracing. The exporter reads its headers, certificates and timeout from its own variables. */
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
  /** Records the span that all others of this subject belong under. Once for each subject: its id follows from the uid. */
  recordRoot(uid: string, name: string, attributes: Attributes, startMs: number, endMs: number): void;
  /** Sends what is left, within a few seconds. */
  stop(): Promise<void>;
}

const off: Tracing = {
  enabled: false,
  span: (_uid, _name, _attributes, work) => work(undefined),
  record: () => undefined,
  recordRoot: () => undefined,
  stop: () => Promise.resolve(),
};

const stopTimeoutMs = 5_000;

/** Starts tracing when an endpoint is given; loads the SDK only then, as it takes a tenth of a second and tens of MB. */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  if (options.endpoint === undefined || options.endpoint === '') return off;
  const [api, { BatchSpanProcessor, RandomIdGenerator, TracerProvider }, { OTLPTraceExporter }, { resourceFromAttributes }] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/sdk-trace'),
      import('@opentelemetry/exporter-trace-otlp-proto'),
      import('@opentelemetry/resources'),
    ]);
  const ids = new GivenIds(new RandomIdGenerator());
  const url = `${options.endpoint.replace(/\/+$/, '')}/v1/traces`;
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': options.serviceName, 'service.version': options.version }),
    idGenerator: ids,
    spanProcessors: [new BatchSpanProcessor({ exporter: new OTLPTraceExporter({ url }) })],
  });
  const stop = async (): Promise<void> => {
    // A collector that is down must not keep the process from ending.
    await provider.forceFlush({ timeoutMillis: stopTimeoutMs }).catch(() => undefined);
    await provider.shutdown().catch(() => undefined);
  };
  return tracingOf(api, provider.getTracer('countersign', options.version), ids, stop);
}

type Api = Pick<typeof Otel, 'ROOT_CONTEXT' | 'SpanStatusCode' | 'TraceFlags' | 'trace'>;

function tracingOf(api: Api, tracer: Tracer, ids: GivenIds, stop: () => Promise<void>): Tracing {
  const under = (uid: string): Context =>
    api.trace.setSpanContext(api.ROOT_CONTEXT, {
      traceId: traceIdFor(uid),
      spanId: rootSpanIdFor(uid),
      traceFlags: api.TraceFlags.SAMPLED,
      isRemote: true,
    });
  return {
    enabled: true,
    span: async (uid, name, attributes, work) => {
      const span = tracer.startSpan(name, { attributes }, under(uid));
      try {
        return await work(span);
      } catch (error) {
        span.recordException(error instanceof Error ? error : String(error));
        span.setStatus({ code: api.SpanStatusCode.ERROR });
        throw error;
      } finally {
        span.end();
      }
    },
    record: (uid, name, attributes, startMs, endMs) => {
      tracer.startSpan(name, { attributes, startTime: startMs }, under(uid)).end(endMs);
    },
    recordRoot: (uid, name, attributes, startMs, endMs) => {
      const options = { attributes, startTime: startMs, root: true };
      ids.with(traceIdFor(uid), rootSpanIdFor(uid), () => tracer.startSpan(name, options, api.ROOT_CONTEXT)).end(endMs);
    },
    stop,
  };
}

interface Ids {
  generateTraceId(): string;
  generateSpanId(): string;
}

/** Random ids, but for spans whose ids are given. */
class GivenIds implements Ids {
  readonly #random: Ids;
  #given: { traceId: string; spanId: string } | undefined;

  constructor(random: Ids) {
    this.#random = random;
  }

  /** `make` runs at once and makes one span, which takes these ids. */
  with<R>(traceId: string, spanId: string, make: () => R): R {
    this.#given = { traceId, spanId };
    try {
      return make();
    } finally {
      this.#given = undefined;
    }
  }

  generateTraceId(): string {
    return this.#given?.traceId ?? this.#random.generateTraceId();
  }

  generateSpanId(): string {
    return this.#given?.spanId ?? this.#random.generateSpanId();
  }
}
