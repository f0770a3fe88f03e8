import type { IncomingMessage } from 'node:http';
import { Problem } from './problem.ts';
import type { Route } from './route.ts';
import { parseStrictJson } from './strictJson.ts';

const json = 'application/json';
const form = 'application/x-www-form-urlencoded';

/** What a body may be when a route does not say: more than the largest context with room to spare. */
export const defaultMaxBodyBytes = 256 << 10;

/** The body of a call as its route wants it: JSON, or the fields of a form for pages and where the bytes are asked for. */
export interface ReadBody {
  readonly value: unknown;
  readonly raw: Buffer | undefined;
}

/** Reads and understands the body of a call. @throws Problem 400, 413, 415 or 422. */
export async function bodyOf(request: IncomingMessage, route: Route): Promise<ReadBody> {
  if (route.body === undefined && route.rawBody !== true) return { value: undefined, raw: undefined };
  const accepted = route.page === true ? [form] : route.rawBody === true ? [json, form] : [json];
  const type = contentType(request.headers['content-type'], accepted);
  checkEncoding(request.headers['content-encoding']);
  const raw = await readBytes(request, route.maxBodyBytes ?? defaultMaxBodyBytes);
  const text = asText(raw);
  const value = type === form ? formFields(text) : parseStrictJson(text);
  return { value, raw: route.rawBody === true ? raw : undefined };
}

function contentType(header: string | undefined, accepted: readonly string[]): string {
  const [type = '', ...parameters] = (header ?? '').split(';').map((part) => part.trim().toLowerCase());
  const charset = parameters
    .find((p) => p.startsWith('charset='))
    ?.slice('charset='.length)
    .replaceAll('"', '');
  if (accepted.includes(type) && (charset === undefined || charset === 'utf-8' || charset === 'utf8')) return type;
  const was = header === undefined ? 'is missing' : `is "${header.slice(0, 100)}"`;
  throw new Problem(415, 'unsupported-media-type', `Content-Type ${was}; expected ${accepted.join(' or ')} in UTF-8.`);
}

function checkEncoding(header: string | undefined): void {
  if (header === undefined || header.trim().toLowerCase() === 'identity') return;
  throw new Problem(
    415,
    'unsupported-media-type',
    `Content-Encoding is "${header.slice(0, 100)}"; send the body as it is, without the header.`,
  );
}

/** Every byte of a body, if there are no more than so many. */
export function readBytes(request: IncomingMessage, most: number): Promise<Buffer> {
  const tooLarge = (): Problem =>
    new Problem(413, 'content-too-large', `The body has more than ${most} bytes, which is the most here; send less.`);
  if (Number(request.headers['content-length'] ?? 0) > most) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= most) chunks.push(chunk);
      else reject(tooLarge());
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => reject(new Problem(400, 'body-ended-early', 'The body ended early; send it again.')));
    request.on('close', () => reject(new Problem(400, 'body-ended-early', 'The body ended early; send it again.')));
  });
}

/** How much is read and dropped of a body that nobody wants, so that its sender gets to read why. */
const mostDroppedBytes = 64 << 20;

/** Reads the rest of a body and drops it; fulfilled at its end, or when that was too much. */
export function dropped(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > mostDroppedBytes) resolve();
    });
    request.once('end', resolve);
    request.once('close', resolve);
    request.resume();
  });
}

function asText(raw: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw);
  } catch {
    throw new Problem(400, 'not-utf-8', 'The body is not UTF-8; expected text in UTF-8.');
  }
}

/** No form of ours has nearly so many fields. */
const mostFields = 200;

/** The fields of a form. One that is there twice is read by nobody in the same way. */
function formFields(text: string): Record<string, string> {
  const fields = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text)) {
    if (fields.has(name)) throw new Problem(422, 'ambiguous-form', `body.${name.slice(0, 100)} is there twice; send it once.`);
    if (fields.size >= mostFields)
      throw new Problem(422, 'too-many-fields', `The form has more than ${mostFields} fields; send only those that the page has.`);
    fields.set(name, value);
  }
  return Object.fromEntries(fields);
}
