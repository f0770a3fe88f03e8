/** Writes everything that is generated: the CRDs and the chart's copy of them from the schemas in crds/, and the reference pages. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { generatedFiles, generatedFolders } from './generate/files.ts';

const root = join(import.meta.dirname, '..');
const files = generatedFiles();
const wanted = new Set(files.map((file) => file.path));

for (const { path, content } of files) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}
for (const folder of generatedFolders) {
  for (const name of readdirSync(join(root, folder))) {
    if (!wanted.has(`${folder}/${name}`)) rmSync(join(root, folder, name));
  }
}
console.log(`Wrote ${files.length} generated files.`);
