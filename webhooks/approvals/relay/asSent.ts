import { sameJson } from '../../../operator/core/sameJson.ts';

/**
 * Whether what is stored is what was sent, and nothing besides but fields that the API server or admission fill in by themselves. A field that was stored
 * and is not sent any more makes another thing of it: approved with `dryRun: true` is not approved without.
 * @param filledIn the paths of fields that may be there although nobody sent them: `subject.resource.uid`.
 */
export function isAsSent(sent: unknown, stored: unknown, filledIn: readonly string[]): boolean {
  if (!isFields(sent) || !isFields(stored)) return sameJson(sent, stored);
  const isSent = (key: string): boolean => Object.hasOwn(sent, key) && sent[key] !== undefined;
  return (
    Object.keys(sent).every((key) => !isSent(key) || Object.hasOwn(stored, key)) &&
    Object.keys(stored).every((key) => (isSent(key) ? isAsSent(sent[key], stored[key], below(filledIn, key)) : filledIn.includes(key)))
  );
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The paths within a field. */
const below = (paths: readonly string[], key: string): string[] =>
  paths.filter((path) => path.startsWith(`${key}.`)).map((path) => path.slice(key.length + 1));
