import type { IncomingMessage } from 'node:http';

/** More was sent than is taken. */
export class BodyTooLarge extends Error {
  constructor(max: number) {
    super(`The body is larger than ${max} bytes; send less.`);
    this.name = 'BodyTooLarge';
  }
}

/** Reads a whole body as text. @throws BodyTooLarge, before the rest has arrived; or whatever broke the connection. */
export function readBody(request: IncomingMessage, max: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    if (Number(request.headers['content-length'] ?? 0) > max) {
      reject(new BodyTooLarge(max));
      return;
    }
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > max) {
        request.pause();
        reject(new BodyTooLarge(max));
      } else chunks.push(chunk);
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the connection was closed')));
  });
}
