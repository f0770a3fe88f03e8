// Everything that steers a terminal or hides in text: control characters, bidirectional overrides, zero-width and tag characters, odd line ends.
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

const escaped = (char: string): string => {
  if (char === '\n') return '\\n';
  if (char === '\t') return '\\t';
  const code = char.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
};

/**
 * Text that others wrote, safe to show to an approver: what could move the cursor, recolour the screen or reorder the line is spelt out, so that
 * nobody approves something other than what is there. Line breaks and tabs are kept.
 */
export const printable = (text: string): string =>
  text.replace(invisible, (char) => (char === '\n' || char === '\t' ? char : escaped(char)));

/** The same, on one line. */
export const oneLine = (text: string): string => text.replace(invisible, escaped);

/** The same, for all strings of a JSON value, keys included. */
export const printableValue = (value: unknown): unknown => mapStrings(value, printable);

/** The same, each string on one line. */
export const oneLineValue = (value: unknown): unknown => mapStrings(value, oneLine);

/** Deeper than anybody writes, and shallower than where the stack ends: one request that is nested deeper must not keep others from being listed. */
const deepest = 1_000;

function mapStrings(value: unknown, change: (text: string) => string, depth = 0): unknown {
  if (typeof value === 'string') return change(value);
  if (value === null || typeof value !== 'object') return value;
  if (depth > deepest) return '… (nested too deep to be shown)';
  if (Array.isArray(value)) return value.map((child) => mapStrings(child, change, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [oneLine(key), mapStrings(child, change, depth + 1)]));
}
