/**
 * Whether labels fit a label selector in its text form. Undefined when the selector has a form this does not know (`in`, `notin`): the caller
 * must then not presume either way.
 */
export function fitsSelector(selector: string, labels: Readonly<Record<string, string>> = {}): boolean | undefined {
  if (/[()]/.test(selector)) return undefined;
  return selector.split(',').every((part) => fitsPart(part.trim(), labels));
}

function fitsPart(part: string, labels: Readonly<Record<string, string>>): boolean {
  const unequal = part.indexOf('!=');
  if (unequal > 0) return labels[part.slice(0, unequal).trim()] !== part.slice(unequal + 2).trim();
  const equal = part.indexOf('=');
  if (equal > 0) return labels[part.slice(0, equal).trim()] === part.slice(equal).replace(/^==?/, '').trim();
  return part.startsWith('!') ? !Object.hasOwn(labels, part.slice(1).trim()) : Object.hasOwn(labels, part);
}
