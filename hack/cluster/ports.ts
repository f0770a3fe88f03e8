import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import type { Server } from 'node:net';

/** The ports of a cluster, counted from the one that its supervisor listens on. */
export const portOffsets = { apiServer: 1, etcdClient: 2, etcdPeer: 3, controllerManager: 4, scheduler: 5 } as const;

// Below the range from which systems take the ports of outgoing connections. In that range a client that reconnects to a killed API
// server can be given the server's own port, and then holds it, or is connected to itself.
const first = 20_000;
const last = 32_000;
const blockSize = 8;
const loopback = '127.0.0.1';
/** Node's default: IPv6 and IPv4, or IPv4 where there is no IPv6. */
const everywhere = undefined;

/**
 * Opens `server` on the first port of a free block and answers that port. As long as it is open the block is this cluster's: every
 * cluster starts by opening the first port of its block, and the kernel lets only one do so.
 */
export async function reservePorts(server: Server): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const base = first + blockSize * randomInt((last - first) / blockSize);
    if (!(await listen(server, base, loopback))) continue;
    if (
      await allFree(
        Object.values(portOffsets).map((offset) => base + offset),
        loopback,
      )
    )
      return base;
    await close(server);
  }
  throw new Error(`no ${blockSize} free ports in a row between ${first} and ${last}`);
}

/** Below those of clusters, and beyond 10080, the highest of the ports that `fetch` and browsers refuse to call (https://fetch.spec.whatwg.org/#bad-port). */
const [lowestSingle, beyondSingles] = [10_081, first];

/** A port that is free at this moment on every address, and unlikely to be taken by anybody else in the next. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(lowestSingle, beyondSingles);
    if (await allFree([port], everywhere)) return port;
  }
  throw new Error(`no free port from ${lowestSingle} to ${beyondSingles - 1}`);
}

async function allFree(ports: readonly number[], host: string | undefined): Promise<boolean> {
  for (const port of ports) {
    const probe = createServer();
    if (!(await listen(probe, port, host))) return false;
    await close(probe);
  }
  return true;
}

function listen(server: Server, port: number, host: string | undefined): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    };
    server.once('error', failed);
    server.listen(port, host, () => {
      server.off('error', failed);
      resolve(true);
    });
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
