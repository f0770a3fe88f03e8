/** An object or list of which the beginning has been read; `keys` are those of an object. */
interface Open {
  readonly keys: Set<string>;
  /** The key that is being read. */
  key: string;
}

/** Texts and what gives JSON its shape; numbers and the like lie between. */
const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]:]/gs;

/**
 * The first key that some object in a JSON text has twice, after those of the objects that it is in: `payer.amount`. JSON does not say which of the two
 * is meant, and readers differ: JSON.parse takes the last, so that whoever approves may be shown another than runs. Nothing is found in what is not JSON.
 */
export const duplicateKey = (text: string): string | undefined => (isJson(text) ? firstTwice(text) : undefined);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function firstTwice(text: string): string | undefined {
  const open: Open[] = [];
  let lastText = '""';
  for (const [token] of text.matchAll(tokens)) {
    if (token === '{' || token === '[') open.push({ keys: new Set(), key: '' });
    else if (token === '}' || token === ']') open.pop();
    else if (token !== ':') lastText = token;
    else {
      const inner = open.at(-1);
      // With its escapes undone: "a" and "\u0061" are one key.
      const key = JSON.parse(lastText) as string;
      if (inner?.keys.has(key) === true) return [...open.slice(0, -1).flatMap((o) => (o.key === '' ? [] : [o.key])), key].join('.');
      inner?.keys.add(key);
      if (inner !== undefined) inner.key = key;
    }
  }
  return undefined;
}
