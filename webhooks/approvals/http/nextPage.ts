/** The header Link that leads to the next page (RFC 8288); none where there is none. What is undefined is left out of the query. */
export function linkToNext(
  path: string,
  query: Readonly<Record<string, string | number | undefined>> | undefined,
): { readonly link?: string } {
  if (query === undefined) return {};
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) given.append(name, String(value));
  return { link: `<${path}?${given.toString()}>; rel="next"` };
}
