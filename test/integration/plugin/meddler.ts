import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { parse } from 'yaml';

/** What stands between the plugin and the API server may do to an answer. */
export interface Meddling {
  /** Changes the body of an answer that is not a watch. */
  readonly body?: (path: string, body: string) => string;
  /** Cuts this many watches off after their first event. */
  readonly cutWatches?: number;
}

export interface Meddler {
  /** A kubeconfig whose server is the meddler. */
  readonly url: string;
  /** How many watches were opened, and how many of them were cut. */
  readonly watches: () => { readonly opened: number; readonly cut: number };
  close(): Promise<void>;
}

interface Credentials {
  readonly server: string;
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** A proxy in front of the real API server, acting with the credentials of one kubeconfig. */
export async function meddler(kubeconfig: string, meddling: Meddling): Promise<Meddler> {
  const credentials = credentialsOf(kubeconfig);
  let opened = 0;
  let cut = 0;
  const mayCut = (): boolean => cut < (meddling.cutWatches ?? 0);
  const server = createServer((incoming, answer) =>
    forward(incoming, answer, credentials, meddling, { mayCut, didCut: () => cut++, didOpen: () => opened++ }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    watches: () => ({ opened, cut }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function forward(
  incoming: IncomingMessage,
  answer: ServerResponse,
  { server, ca, cert, key }: Credentials,
  meddling: Meddling,
  cuts: { mayCut: () => boolean; didCut: () => void; didOpen: () => void },
): void {
  const path = incoming.url ?? '/';
  const onward = httpsRequest(new URL(path, server), { method: incoming.method, headers: incoming.headers, ca, cert, key }, (response) => {
    answer.writeHead(response.statusCode ?? 500, withoutLength(response.headers));
    if (path.includes('watch=')) {
      cuts.didOpen();
      response.on('data', (chunk: Buffer) => {
        answer.write(chunk);
        if (!cuts.mayCut()) return;
        cuts.didCut();
        answer.destroy();
        response.destroy();
      });
      response.on('end', () => answer.end());
      return;
    }
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => {
      const body = Buffer.concat(chunks).toString('utf8');
      answer.end(meddling.body?.(path, body) ?? body);
    });
  });
  answer.on('close', () => onward.destroy());
  onward.on('error', () => answer.destroy());
  incoming.pipe(onward);
}

const withoutLength = ({ 'content-length': _length, ...headers }: IncomingMessage['headers']) => headers;

function credentialsOf(kubeconfig: string): Credentials {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: { cluster: Record<string, string> }[];
    users: { user: Record<string, string> }[];
  };
  const [cluster, user] = [clusters[0]?.cluster ?? {}, users[0]?.user ?? {}];
  const read = (from: Record<string, string>, name: string): Buffer =>
    from[`${name}-data`] === undefined ? readFileSync(from[name] ?? '') : Buffer.from(from[`${name}-data`] ?? '', 'base64');
  return {
    server: cluster['server'] ?? '',
    ca: read(cluster, 'certificate-authority'),
    cert: read(user, 'client-certificate'),
    key: read(user, 'client-key'),
  };
}
