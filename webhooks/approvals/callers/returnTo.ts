/** Where people are led when nothing else is asked for. */
export const startPath = '/requests';

/** A path of this service, whatever was asked for: nobody is led elsewhere in our name. */
export function returnPath(asked: string | undefined, origin: string): string {
  // A backslash is a slash to browsers, and tabs and line breaks are nothing to them.
  if (asked === undefined || !/^\/(?![/\\])[\x21-\x5b\x5d-\x7e]*$/.test(asked)) return startPath;
  const url = URL.parse(asked, origin);
  // Its dots are resolved by now, which may have left two slashes at the front.
  return url?.origin === origin && !url.pathname.startsWith('//') ? url.pathname + url.search : startPath;
}
