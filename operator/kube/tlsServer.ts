import type { RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../telemetry/logger.ts';

/** A serving certificate and its key, PEM. */
export interface ServingCertificate {
  readonly cert: string;
  readonly key: string;
}

/** What serves over TLS, and can be given a newer certificate meanwhile. */
export interface TlsServer {
  /** Starts to listen; answers with the port. */
  readonly listen: (port: number, host?: string) => Promise<number>;
  /** New connections get this certificate; those that are open keep theirs. */
  readonly setCertificate: (certificate: ServingCertificate) => void;
}

const secureOptions = { minVersion: 'TLSv1.2' } as const;

/** A server that does not listen yet. Whoever makes it also ends it. */
export function tlsServer(
  certificate: ServingCertificate,
  options: ServerOptions,
  listener: RequestListener,
  log: Logger,
): TlsServer & { readonly server: Server } {
  const server = createServer({ ...secureOptions, ...certificate, ...options }, listener);
  server.on('tlsClientError', (error) => log.debug({ reason: error.message }, 'TLS handshake failed'));
  return {
    server,
    listen: (port, host) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
      }),
    setCertificate: (next) => server.setSecureContext({ ...secureOptions, ...next }),
  };
}
