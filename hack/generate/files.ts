import { type Kind, kinds } from '../../crds/v1alpha1/index.ts';
import { configuration } from './configuration.ts';
import { crdFile, crdYaml } from './crd.ts';
import { http } from './http.ts';
import { metrics } from './metrics.ts';
import { reference } from './reference.ts';

/** A generated file: where it goes, from the repository's root, and what is in it. */
export interface GeneratedFile {
  readonly path: string;
  readonly content: string;
}

/** The folders in which every file is generated; what is left there from before is removed. */
export const generatedFolders = ['crds/generated', 'charts/countersign/files/crds'] as const;

const crdFiles = (kind: Kind): GeneratedFile[] =>
  generatedFolders.map((folder) => ({ path: `${folder}/${crdFile(kind)}`, content: crdYaml(kind) }));

/** Everything that is generated. The same sources give the same bytes. */
export const generatedFiles = (): GeneratedFile[] => [
  ...kinds.flatMap(crdFiles),
  { path: 'docs/reference/api.md', content: reference(kinds) },
  { path: 'docs/reference/configuration.md', content: configuration() },
  { path: 'docs/reference/http.md', content: http() },
  { path: 'docs/reference/metrics.md', content: metrics() },
];
