/** Whether two values are the same JSON: the order of keys does not matter, and a field that is undefined is not there. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, i) => sameJson(item, b[i]));
  }
  const [left, right] = [a as Fields, b as Fields];
  const keys = fieldsOf(left);
  return keys.length === fieldsOf(right).length && keys.every((key) => Object.hasOwn(right, key) && sameJson(left[key], right[key]));
}

type Fields = Readonly<Record<string, unknown>>;

const fieldsOf = (object: Fields): string[] => Object.keys(object).filter((key) => object[key] !== undefined);
