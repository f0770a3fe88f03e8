import { lookup, type LookupAddress, type LookupAllOptions, type LookupOptions } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { namesHost, type AllowedHost } from '../core/httpAllow.ts';
import { isPublicAddress } from './addresses.ts';

/** How names are looked up. */
export type Resolve = (
  hostname: string,
  options: LookupAllOptions,
  done: (error: Error | null, addresses: LookupAddress[]) => void,
) => void;

/** Why that host may not be called, where it is an address instead of a name: that is never looked up, so it is judged here. */
export function addressFault(hostname: string, allowed: readonly AllowedHost[]): string | undefined {
  const address = hostname.replace(/^\[|\]$/g, '');
  if (isIP(address) === 0 || isPublicAddress(address) || namesHost(allowed, hostname)) return undefined;
  return privateFault(hostname, address);
}

const privateFault = (hostname: string, address: string): string =>
  `${hostname} is at ${address}, which is no public address; the administrator may allow that by naming this very host in COUNTERSIGN_HTTP_ALLOW`;

/** Looks up as usual, and refuses as a whole a name of which any address is not public: at the moment of connecting, so that no second answer counts. */
export function guardedLookup(allowed: readonly AllowedHost[], resolve: Resolve = lookup): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses) => {
      // With an error there are no addresses, whatever the types say.
      const [first] = error === null ? addresses : [];
      if (first === undefined) {
        callback(error ?? new Error(`${hostname} has no address`), '', 0);
        return;
      }
      const inside = namesHost(allowed, hostname) ? undefined : addresses.find(({ address }) => !isPublicAddress(address));
      if (inside !== undefined) callback(new Error(privateFault(hostname, inside.address)), '', 0);
      else if (options.all === true) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
