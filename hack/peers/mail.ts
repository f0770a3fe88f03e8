/** A mail as its reader sees it. */
export interface ReadMail {
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Its part in plain text; empty when it has none. */
  readonly text: string;
}

/** Undoes what SMTP needs done to text: folded lines, parts, and the ways in which other characters than ASCII are spelt. */
export function readMail(raw: string): ReadMail {
  const { headers, body } = partOf(raw);
  return { headers, text: plainText(headers, body) ?? '' };
}

function partOf(raw: string): { headers: Map<string, string>; body: string } {
  const end = raw.indexOf('\r\n\r\n');
  const head = raw.slice(0, end < 0 ? raw.length : end).replace(/\r\n[ \t]+/g, ' ');
  const headers = head.split('\r\n').map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).trim().toLowerCase(), wordsOf(line.slice(colon + 1).trim())];
  });
  return { headers: new Map(headers), body: end < 0 ? '' : raw.slice(end + 4) };
}

function plainText(headers: ReadonlyMap<string, string>, body: string): string | undefined {
  const type = headers.get('content-type') ?? 'text/plain';
  const boundary = /^multipart\/.*;\s*boundary="?([^";]+)/i.exec(type)?.[1];
  if (boundary !== undefined) return inParts(body, boundary);
  if (!/^text\/plain\b/i.test(type)) return undefined;
  return decoded(body, headers.get('content-transfer-encoding') ?? '7bit')
    .replaceAll('\r\n', '\n')
    .trimEnd();
}

function inParts(body: string, boundary: string): string | undefined {
  for (const piece of `\r\n${body}`.split(`\r\n--${boundary}`).slice(1)) {
    if (piece.startsWith('--')) break;
    const part = partOf(piece.replace(/^\s*\r\n/, ''));
    const text = plainText(part.headers, part.body);
    if (text !== undefined) return text;
  }
  return undefined;
}

function decoded(body: string, encoding: string): string {
  if (/^base64$/i.test(encoding)) return Buffer.from(body, 'base64').toString('utf8');
  if (/^quoted-printable$/i.test(encoding)) return unquoted(body.replace(/[ \t]*\r\n/g, '\r\n').replace(/=\r\n/g, ''));
  return body;
}

const unquoted = (text: string): string =>
  Buffer.from(
    text.replace(/=([0-9A-F]{2})/gi, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  ).toString('utf8');

/** RFC 2047: words of other characters in a header. */
function wordsOf(value: string): string {
  const joined = value.replace(/\?=\s+=\?/g, '?==?');
  return joined.replace(/=\?utf-8\?([qb])\?([^?]*)\?=/gi, (_all, how: string, text: string) =>
    /b/i.test(how) ? Buffer.from(text, 'base64').toString('utf8') : unquoted(text.replaceAll('_', ' ')),
  );
}
