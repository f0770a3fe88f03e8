import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

interface Package {
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const { packages } = JSON.parse(readFileSync(join(import.meta.dirname, '..', '..', 'package-lock.json'), 'utf8')) as {
  packages: Readonly<Record<string, Package>>;
};

/** Where Node would look for a dependency of the package at this path, nearest first. */
function places(path: string, dependency: string): string[] {
  const here = path === '' ? `node_modules/${dependency}` : `${path}/node_modules/${dependency}`;
  if (path === '') return [here];
  const parent = path.slice(0, Math.max(0, path.lastIndexOf('/node_modules/')));
  return [here, ...places(path.includes('/node_modules/') ? parent : '', dependency)];
}

it('locks the packages of every platform, also of those that a registry did not have when it was written: npm ci refuses a lock file with holes', () => {
  const holes = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter((name) => !places(path, name).some((place) => place in packages)),
  );
  expect(holes).toEqual([]);
});
