import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** What is not on the public internet, or reaches what is not by another spelling: IANA's special-purpose registries. */
const special4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
];
/** Of IPv6 only 2000::/3 is public at all; of that not Teredo and its neighbours, documentation, 6to4. Mapped and NAT64 forms lie outside. */
const public6 = ['2000::/3'];
const special6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

function listOf(ranges: readonly string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = '', bits] = range.split('/');
    list.addSubnet(network, Number(bits), family);
  }
  return list;
}

const inSpecial4 = listOf(special4, 'ipv4');
const inPublic6 = listOf(public6, 'ipv6');
const inSpecial6 = listOf(special6, 'ipv6');

/** Whether an address is one of the public internet: not loopback, private, link-local, or a form that leads to those. What is no address is not. */
export function isPublicAddress(address: string): boolean {
  // With a zone it is of this machine's own links.
  if (address.includes('%')) return false;
  if (isIPv4(address)) return !inSpecial4.check(address, 'ipv4');
  return isIPv6(address) && inPublic6.check(address, 'ipv6') && !inSpecial6.check(address, 'ipv6');
}
