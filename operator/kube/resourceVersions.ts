/**
 * Compares two resourceVersions: negative when `a` is older. They are decimal numbers of any length (promised since Kubernetes 1.35, true long
 * before), so they are compared as text of digits and never squeezed into a double. The empty string is older than everything.
 */
export function compareResourceVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
