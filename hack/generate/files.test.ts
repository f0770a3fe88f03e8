import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { generatedFiles, generatedFolders } from './files.ts';

const root = join(import.meta.dirname, '..', '..');

describe('the generated files in the repository', () => {
  it.each(generatedFiles())('$path is what the generator writes now (if not: make generate)', ({ path, content }) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(content);
  });

  it.each(generatedFolders)('%s holds nothing else', (folder) => {
    const wanted = generatedFiles().map((file) => file.path);
    expect(readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)).toEqual(
      wanted.filter((path) => path.startsWith(`${folder}/`)).sort(),
    );
  });

  it('are the same when they are generated twice', () => {
    expect(generatedFiles()).toEqual(generatedFiles());
  });
});
