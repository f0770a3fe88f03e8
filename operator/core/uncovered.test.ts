import { describe, expect, it } from 'vitest';
import { covered, images, podSpecOf, uncovered, uncoveredInRequest } from './uncovered.ts';

const pinned = `registry/app@sha256:${'0'.repeat(64)}`;

const jobSpec = {
  template: {
    spec: {
      serviceAccountName: 'runner',
      imagePullSecrets: [{ name: 'pull' }],
      initContainers: [
        { name: 'prepare', image: pinned, envFrom: [{ secretRef: { name: 'env-all' } }, { configMapRef: { name: 'conf-all' } }] },
      ],
      containers: [
        {
          name: 'main',
          image: 'registry:5000/app:1.2',
          env: [
            { name: 'A', value: 'x' },
            { name: 'B', valueFrom: { secretKeyRef: { name: 'one-key', key: 'k' } } },
            { name: 'C', valueFrom: { configMapKeyRef: { name: 'conf-key', key: 'k' } } },
            { name: 'D', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          ],
        },
        { name: 'side', image: 'registry:5000/app:1.2' },
      ],
      volumes: [
        { name: 'a', secret: { secretName: 'mounted' } },
        { name: 'b', configMap: { name: 'conf-mounted' } },
        { name: 'c', projected: { sources: [{ secret: { name: 'projected' } }, { configMap: { name: 'conf-projected' } }] } },
        { name: 'd', persistentVolumeClaim: { claimName: 'data' } },
        { name: 'e', hostPath: { path: '/etc' } },
        { name: 'f', emptyDir: {} },
        { name: 'g', csi: { driver: 'secrets.csi' } },
        { name: 'h', image: { reference: 'registry/files:latest' } },
      ],
    },
  },
};

describe('uncovered', () => {
  it('lists everything that may change while the digest stays the same, once each', () => {
    expect(uncovered(jobSpec)).toEqual([
      'image registry/files:latest: the tag may be moved to another image; pin it with @sha256:…',
      'image registry:5000/app:1.2: the tag may be moved to another image; pin it with @sha256:…',
      'ConfigMap conf-all: its contents',
      'ConfigMap conf-key: its contents',
      'ConfigMap conf-mounted: its contents',
      'ConfigMap conf-projected: its contents',
      'Secret env-all: its contents',
      'Secret mounted: its contents',
      'Secret one-key: its contents',
      'Secret projected: its contents',
      'Secret pull: its contents',
      'PersistentVolumeClaim data: the data on it',
      'hostPath /etc: the files on the node',
      'volume of CSI driver secrets.csi: the data on it',
      'ServiceAccount runner: the rights it has',
    ]);
  });

  it('knows a pinned image from a tag', () => {
    expect(images(podSpecOf(jobSpec)).map((i) => [i.container, i.pinned])).toEqual([
      ['prepare', true],
      ['main', false],
      ['side', false],
    ]);
    expect(images(podSpecOf({ template: { spec: { containers: [{ name: 'x', image: 'a@sha256:123' }] } } }))[0]?.pinned).toBe(false);
  });

  it('finds nothing but the service account in a Job without pods', () => {
    expect(uncovered(undefined)).toEqual(['ServiceAccount default: the rights it has']);
  });

  it('lists what the rollback and the actions of a GovernedJob may change too; of pre-actions, which have run, the images alone', () => {
    const template = (name: string) => {
      const env = [{ name: 'A', valueFrom: { secretKeyRef: { name: `${name}-key`, key: 'k' } } }];
      const spec = { serviceAccountName: `${name}-runner`, containers: [{ name: 'main', image: `${name}:1`, env }] };
      return { jobTemplate: { spec: { template: { spec } } } };
    };
    const action = (name: string) => ({ name, retries: 0, timeout: '1h', ...template(name) });
    const call = { name: 'call', retries: 0, timeout: '1h', http: { url: 'https://hooks.example.com' } };
    const main = { template: { spec: { containers: [{ name: 'main', image: pinned }] } } };
    const runs = { preActions: [action('pre')], postActions: [call, action('post')], rollback: template('back') };
    expect(uncovered(main, [{ kind: 'Secret', name: 'post-key', state: 'Absent' }], runs)).toEqual([
      'image back:1: the tag may be moved to another image; pin it with @sha256:…',
      'image post:1: the tag may be moved to another image; pin it with @sha256:…',
      'image pre:1: the tag may be moved to another image; pin it with @sha256:…',
      'Secret back-key: its contents',
      'ServiceAccount back-runner: the rights it has',
      'ServiceAccount default: the rights it has',
      'ServiceAccount post-runner: the rights it has',
    ]);
  });

  it('does not list what is pinned, and says why when a policy wanted it pinned in vain', () => {
    const lines = uncovered(jobSpec, [
      { kind: 'ConfigMap', name: 'conf-all', state: 'Pinned', content: `v1:sha256:${'0'.repeat(64)}` },
      { kind: 'ConfigMap', name: 'conf-key', state: 'Absent' },
      { kind: 'Secret', name: 'mounted', state: 'Pinned', content: `v1:sha256:${'0'.repeat(64)}` },
      { kind: 'Secret', name: 'one-key', state: 'NotCovered' },
    ]);
    expect(lines.filter((line) => /^(ConfigMap|Secret)/.test(line))).toEqual([
      'ConfigMap conf-mounted: its contents',
      'ConfigMap conf-projected: its contents',
      'Secret env-all: its contents',
      'Secret one-key: its contents; a policy pins them, but the operator may not read them here',
      'Secret projected: its contents',
      'Secret pull: its contents',
    ]);
  });
});

describe('covered', () => {
  it('lists what the digest covers besides the manifest', () => {
    expect(
      covered([
        { kind: 'ConfigMap', name: 'a', state: 'Pinned', content: `v1:sha256:${'0'.repeat(64)}` },
        { kind: 'Secret', name: 'b', state: 'Absent' },
        { kind: 'Secret', name: 'c', state: 'NotCovered' },
      ]),
    ).toEqual(['ConfigMap a: its contents', 'Secret b: that it does not exist']);
    expect(covered(undefined)).toEqual([]);
  });
});

describe('uncoveredInRequest', () => {
  it('lists who is told of the outcome, by name alone, and where they go on', () => {
    expect(
      uncoveredInRequest({
        callback: { url: 'https://hooks.example.com:8443/t/s3cr3t?key=1' },
        checkpoint: { workflowId: 'w-1', checkpointId: 'c-3' },
      }),
    ).toEqual([
      'callback to https://hooks.example.com:8443: who is told of the outcome',
      'checkpoint c-3 of w-1: where whoever asked goes on with that',
    ]);
    expect(uncoveredInRequest({})).toEqual([]);
  });
});
