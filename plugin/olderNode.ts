import workerThreads from 'node:worker_threads';
import zlib from 'node:zlib';

/** The oldest Node that the plugin runs on. */
export const oldestNode = [20, 3] as const;

/** Whether this Node is one that the plugin runs on. */
export function nodeIsTooOld(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1]);
}

/**
 * Node 20 and early 22 lack two functions that undici takes hold of while it loads, and that the plugin never calls: it asks for no zstd and sends no
 * sockets to workers. With stand-ins undici loads there too, so that approvers need not have the newest Node.
 */
export function fillGaps(): void {
  const missing = (what: string) => (): never => {
    throw new Error(`this Node has no ${what}; use Node 24`);
  };
  const compression: { createZstdDecompress?: unknown } = zlib;
  const workers: { markAsUncloneable?: unknown } = workerThreads;
  compression.createZstdDecompress ??= missing('zstd');
  workers.markAsUncloneable ??= () => undefined;
}
