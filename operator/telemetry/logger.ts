import { pino } from 'pino';
import type { DestinationStream, Logger as PinoLogger } from 'pino';

/** A structured logger: `log.info({ fields }, 'static message')`. */
export type Logger = PinoLogger;

export interface LoggerOptions {
  readonly level?: string;
  /** Where lines go; standard output by default. */
  readonly destination?: DestinationStream;
  /** Fields on every line. */
  readonly base?: Readonly<Record<string, unknown>>;
}

/** Names whose values never reach a log, wherever in the fields they stand (four levels deep). */
const secretNames = [
  'authorization',
  'Authorization',
  'token',
  'id_token',
  'refresh_token',
  'access_token',
  'password',
  'clientKeyData',
  'client-key-data',
  'privateKey',
  'set-cookie',
  'cookie',
];

/** Makes the process's logger. JSON lines, ISO times. */
export function createLogger(options: LoggerOptions = {}): Logger {
  const settings = {
    level: options.level ?? 'info',
    base: options.base ?? {},
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: secretNames.flatMap(everyDepth), censor: '[redacted]' },
  };
  return options.destination === undefined ? pino(settings) : pino(settings, options.destination);
}

/** A logger that says nothing, for tests and tools. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' });
}

function everyDepth(name: string): string[] {
  const last = `["${name}"]`;
  return [last, `*${last}`, `*.*${last}`, `*.*.*${last}`];
}
