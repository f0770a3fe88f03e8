type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy to a server: the cluster entry's own, else what the environment says, with the rules of Go's http.ProxyFromEnvironment. */
export function proxyFor(server: string, proxyUrl: string | undefined, env: Environment): string | undefined {
  if (proxyUrl !== undefined) return withScheme(proxyUrl);
  const { protocol, hostname, port } = new URL(server);
  const fromEnv = protocol === 'https:' ? either(env, 'HTTPS_PROXY') : either(env, 'HTTP_PROXY');
  if (fromEnv === undefined) return undefined;
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const isLoopback = host === 'localhost' || host === '::1' || /^127\./.test(host);
  const actualPort = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  return isLoopback || isExempt(host, actualPort, either(env, 'NO_PROXY') ?? '') ? undefined : withScheme(fromEnv);
}

function either(env: Environment, name: string): string | undefined {
  const value = env[name] ?? env[name.toLowerCase()];
  return value === '' ? undefined : value;
}

function withScheme(url: string): string {
  return /^[a-z0-9]+:\/\//i.test(url) ? url : `http://${url}`;
}

function isExempt(host: string, port: string, noProxy: string): boolean {
  return noProxy
    .split(',')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== '')
    .some((part) => part === '*' || matches(host, port, part));
}

/** `example.com` and its subdomains, `.example.com` its subdomains only, an IP, a CIDR; each but a CIDR may carry a port. */
function matches(host: string, port: string, part: string): boolean {
  if (part.includes('/')) return inCidr(host, part);
  const [, name = part, wantedPort] = /^(\[.*\]|[^:]*):(\d+)$/.exec(part) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const bare = name.replace(/^\[|\]$/g, '').replace(/^\*\./, '.');
  return bare.startsWith('.') ? host.endsWith(bare) : host === bare || host.endsWith(`.${bare}`);
}

/** IPv4 only; an IPv6 range exempts nothing, so that the proxy is used. */
function inCidr(host: string, cidr: string): boolean {
  const [base = '', bits = ''] = cidr.split('/');
  const [address, network] = [ipv4(host), ipv4(base)];
  const length = Number(bits);
  if (address === undefined || network === undefined || !(length >= 0 && length <= 32)) return false;
  const size = 2 ** (32 - length);
  return Math.floor(address / size) === Math.floor(network / size);
}

function ipv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}
