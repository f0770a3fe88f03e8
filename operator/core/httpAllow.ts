/** A host that may be called: itself, or, with `*.`, everything below it. */
export interface AllowedHost {
  readonly host: string;
  readonly below: boolean;
  readonly port: number;
}

const httpsPort = 443;
const hostPattern = /^(\*\.)?(\[[0-9a-f:.]+\]|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)(?::([0-9]{1,5}))?$/;

/** Reads `host`, `host:port`, `*.suffix` or `*.suffix:port`; without a port only 443 is meant. Undefined for anything else. */
export function parseAllowedHost(text: string): AllowedHost | undefined {
  const [, below, host, , , , port] = hostPattern.exec(text.toLowerCase()) ?? [];
  const number = port === undefined ? httpsPort : Number(port);
  if (host === undefined || number < 1 || number > 65_535) return undefined;
  return { host, below: below !== undefined, port: number };
}

/** Whether the list names that very host, and not only what it lies below: then its administrator knows what address it has. */
export const namesHost = (allowed: readonly AllowedHost[], hostname: string): boolean =>
  allowed.some(({ host, below }) => !below && host === withoutDot(hostname));

/** Why that address may not be called; undefined when it may. */
export function callFault(address: string, allowed: readonly AllowedHost[]): string | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined) return `"${address}" is no URL; expected for example https://hooks.example.com/jobs`;
  if (url.protocol !== 'https:') return `"${address}" starts with ${url.protocol}//; expected https://`;
  if (url.username !== '' || url.password !== '')
    return 'the URL carries a user name or password; leave it out: whoever is called knows the operator by its signature';
  return hostFault(url.hostname, url.port === '' ? httpsPort : Number(url.port), allowed);
}

/** The same, for what is no URL: a mail server. */
export function hostFault(hostname: string, port: number, allowed: readonly AllowedHost[]): string | undefined {
  if (allowed.some((entry) => entry.port === port && matches(entry, withoutDot(hostname)))) return undefined;
  const where = port === httpsPort ? hostname : `${hostname}:${port}`;
  return `${where} may not be called: ask the administrator of the operator to add it to COUNTERSIGN_HTTP_ALLOW (http.allow in the chart)${
    allowed.length === 0 ? '; no host is allowed yet' : ''
  }`;
}

const matches = ({ host, below }: AllowedHost, hostname: string): boolean => (below ? hostname.endsWith(`.${host}`) : hostname === host);

// `host.` is the same name, spelt out.
const withoutDot = (hostname: string): string => hostname.replace(/\.$/, '');
