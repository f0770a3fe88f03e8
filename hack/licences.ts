/**
 * Refuses npm packages under a licence that nobody has agreed to: `node hack/licences.ts`. It reads package-lock.json, so it needs no network.
 * What ships must be permissive; what only develops may also be weakly copyleft, since it is not distributed.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Package {
  readonly license?: string;
  readonly dev?: boolean;
  readonly link?: boolean;
}

const permissive = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'PSF-2.0',
  'Python-2.0',
  'Unlicense',
];
const forDevelopment = [...permissive, 'CC-BY-4.0', 'MPL-2.0'];

/** Whether an SPDX expression can be satisfied by licences of this list: any side of an OR, every side of an AND. */
function isAllowed(expression: string, allowed: readonly string[]): boolean {
  const bare = expression.replace(/^\((.*)\)$/, '$1');
  if (bare.includes(' OR ')) return bare.split(' OR ').some((part) => isAllowed(part, allowed));
  if (bare.includes(' AND ')) return bare.split(' AND ').every((part) => isAllowed(part, allowed));
  return allowed.includes(bare);
}

const lock = JSON.parse(readFileSync(join(import.meta.dirname, '..', 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Package>;
};
const packages = Object.entries(lock.packages).filter(([path, { link }]) => path !== '' && link !== true);
const refused = packages.filter(([, { license, dev }]) => !isAllowed(license ?? 'none', dev === true ? forDevelopment : permissive));

for (const [path, { license, dev }] of refused) {
  const where = dev === true ? 'is only for development' : 'ships';
  console.error(
    `${path}: its licence is ${license ?? 'not said'} and it ${where}; expected one of ${(dev === true ? forDevelopment : permissive).join(', ')}`,
  );
}
if (refused.length > 0) process.exitCode = 1;
else console.log(`The licences of all ${packages.length} npm packages are fine.`);
