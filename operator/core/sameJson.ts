/** Whether two values are the same JSON: the order of keys does not matter, and a field that is undefined is not there. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameJson(item, b[i]));
  }
  const [left, right] = [a as Fields, b as Fields];
  for (const key of Object.keys(left))
    if (left[key] !== undefined && !(Object.hasOwn(right, key) && sameJson(left[key], right[key]))) return false;
  for (const key of Object.keys(right))
    if (right[key] !== undefined && !(Object.hasOwn(left, key) && left[key] !== undefined)) return false;
  return true;
}

type Fields = Readonly<Record<string, unknown>>;
