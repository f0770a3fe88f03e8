import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import type { App } from './app.ts';
import { answerBrokenCalls } from './brokenCalls.ts';

/** A serving certificate and its key, PEM. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
}

/** The TLS server of an app. */
export interface ApprovalServer {
  /** Starts to listen; answers with the port. */
  listen(port: number, host?: string): Promise<number>;
  /** New connections get this certificate; those that are open keep theirs. */
  setCertificate(certificate: ServingCertificate): void;
  /** Ends without dropping a call: those who wait are answered at once; for `drainMs` it goes on answering; then it waits for what is under way. */
  close(drainMs?: number): Promise<void>;
}

const secureOptions = { minVersion: 'TLSv1.2' } as const;

/** So long a caller may take to send a call; its answer may take longer, as it may wait for people. */
const timeouts = { requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 } as const;

/** With the time before it (preStop, drain) less than the 30 s that a pod gets to end. */
const longestEndMs = 15_000;

/** Serves an app over TLS. */
export function createApprovalServer(app: App, certificate: ServingCertificate, log: Logger): ApprovalServer {
  const server = createServer({ ...secureOptions, ...certificate, ...timeouts, maxHeaderSize: 32 << 10 }, app.express);
  answerBrokenCalls(server, log);
  server.on('tlsClientError', (error) => log.debug({ reason: error.message }, 'TLS handshake failed'));
  return {
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
      }),
    setCertificate: (next) => server.setSecureContext({ ...secureOptions, ...next }),
    close: async (drainMs = 0) => {
      app.end();
      if (drainMs > 0) await sleep(drainMs);
      await ended(server);
    },
  };
}

/** Waits for what is under way; whatever has not ended then never will, or would keep a process that Kubernetes kills soon. */
async function ended(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // What was answered before the end began may be kept open by its caller for a next call.
  const idle = setInterval(() => server.closeIdleConnections(), 100);
  const late = setTimeout(() => server.closeAllConnections(), longestEndMs);
  await closed;
  clearInterval(idle);
  clearTimeout(late);
}
