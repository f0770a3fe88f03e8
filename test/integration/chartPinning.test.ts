import { beforeAll, expect, it } from 'vitest';
import { provideBinaries } from '../../hack/cluster/binaries.ts';
import { chart, type Manifest, manifests, namespace, run, succeeded } from './chartSupport.ts';

let helm: string;
beforeAll(async () => {
  helm = (await provideBinaries(() => undefined)).helm;
});

/** Everything that the chart's own roles for processes may do with ConfigMaps, in any namespace. */
async function configMapRights(...values: string[]): Promise<string[]> {
  const rendered = await succeeded(run(helm, ['template', 'countersign', chart, '-n', namespace, '--kube-version', '1.36.0', ...values]));
  return manifests(rendered)
    .filter(({ kind, metadata }) => kind === 'ClusterRole' && isOfAProcess((metadata as { name: string }).name))
    .flatMap(({ metadata, rules }) =>
      (rules as Manifest[])
        .filter((rule) => (rule.resources as string[]).includes('configmaps'))
        .map((rule) => `${(metadata as { name: string }).name}: ${(rule.verbs as string[]).join(', ')}`),
    );
}

const isOfAProcess = (name: string): boolean => name === 'countersign-controller' || name === 'countersign-admission';

it.each([[[]], [['--set', 'pinning.configMaps=true']]])(
  'with %j the controller may get ConfigMaps by name, never list or change them, and nobody else may',
  async (values) => {
    expect(await configMapRights(...values)).toEqual(['countersign-controller: get']);
    expect(await configMapRights(...values, '--set', 'admission.separate=true')).toEqual(['countersign-controller: get']);
  },
);

it('with pinning.configMaps=false no process may read any', async () => {
  expect(await configMapRights('--set', 'pinning.configMaps=false')).toEqual([]);
});

it('a value that is neither is refused, and named', async () => {
  const { code, stderr } = await run(helm, ['template', 'countersign', chart, '--set', 'pinning.configMaps=sometimes']);
  expect(code).not.toBe(0);
  expect(stderr).toContain('/pinning/configMaps');
});
