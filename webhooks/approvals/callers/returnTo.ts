/** Where people are led when nothing else is asked for. */
const startPath = '/requests';

/** A path of this service, whatever was asked for: nobody is led elsewhere in our name. */
export function returnPath(asked: string | undefined, origin: string): string {
  // Read as a browser reads it, to which a backslash is a slash and a tab is nothing. Dots that are resolved may leave two slashes at the front.
  const url = asked === undefined ? null : URL.parse(asked, origin);
  return url?.origin === origin && !url.pathname.startsWith('//') ? url.pathname + url.search : startPath;
}
