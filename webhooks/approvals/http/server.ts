import type { Server } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import { tlsServer, type ServingCertificate, type TlsServer } from '../../../operator/kube/tlsServer.ts';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import type { App } from './app.ts';
import { answerBrokenCalls } from './brokenCalls.ts';

/** The TLS server of an app. */
export interface ApprovalServer extends TlsServer {
  /** Ends without dropping a call: those who wait are answered at once; for `drainMs` it goes on answering; then it waits for what is under way. */
  close(drainMs?: number): Promise<void>;
}

/** So long a caller may take to send a call; its answer may take longer, as it may wait for people. */
const timeouts = { requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 65_000 } as const;

/** With the time before it (preStop, drain) less than the 30 s that a pod gets to end. */
const longestEndMs = 15_000;

/** Serves an app over TLS. */
export function createApprovalServer(app: App, certificate: ServingCertificate, log: Logger): ApprovalServer {
  const { server, listen, setCertificate } = tlsServer(certificate, { ...timeouts, maxHeaderSize: 32 << 10 }, app.express, log);
  answerBrokenCalls(server, log);
  return {
    listen,
    setCertificate,
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
