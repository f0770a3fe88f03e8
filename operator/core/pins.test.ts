import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asksToPin, governedJobReferences, isPinned, pinContent, referencesOf, refersToAnything } from './pins.ts';

const digest = '0'.repeat(64);
const job = (spec: object) => ({ template: { spec } });
const main = (more: object) => job({ containers: [{ name: 'main', image: `a@sha256:${digest}`, ...more }] });
const volume = (more: object) => job({ volumes: [{ name: 'v', ...more }] });

const nothing = { configMaps: [], secrets: [], unpinnedImages: [] };
const configMap = (name: string, optional = false) => ({ ...nothing, configMaps: [{ name, optional }] });
const secret = (name: string, optional = false) => ({ ...nothing, secrets: [{ name, optional }] });

describe('referencesOf', () => {
  it.each<[string, object, object]>([
    ['a key in env', main({ env: [{ name: 'A', valueFrom: { configMapKeyRef: { name: 'c', key: 'k' } } }] }), configMap('c')],
    [
      'an optional key in env',
      main({ env: [{ valueFrom: { configMapKeyRef: { name: 'c', key: 'k', optional: true } } }] }),
      configMap('c', true),
    ],
    ['a Secret key in env', main({ env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] }), secret('s')],
    ['envFrom', main({ envFrom: [{ configMapRef: { name: 'c' } }] }), configMap('c')],
    ['envFrom a Secret', main({ envFrom: [{ secretRef: { name: 's', optional: true } }] }), secret('s', true)],
    ['a volume', volume({ configMap: { name: 'c', items: [{ key: 'k', path: 'p' }] } }), configMap('c')],
    ['a Secret volume', volume({ secret: { secretName: 's', optional: true } }), secret('s', true)],
    [
      'a projected ConfigMap',
      volume({ projected: { sources: [{ configMap: { name: 'c' } }, { serviceAccountToken: {} }] } }),
      configMap('c'),
    ],
    ['a projected Secret', volume({ projected: { sources: [{ secret: { name: 's', optional: true } }] } }), secret('s', true)],
    [
      'an init container',
      job({ initContainers: [{ name: 'i', image: `a@sha256:${digest}`, envFrom: [{ configMapRef: { name: 'c' } }] }] }),
      configMap('c'),
    ],
    ['an image by tag', main({ image: 'busybox:1' }), { ...nothing, unpinnedImages: ['busybox:1'] }],
    ['an image volume by tag', volume({ image: { reference: 'files:1' } }), { ...nothing, unpinnedImages: ['files:1'] }],
    ['an image volume by digest', volume({ image: { reference: `files@sha256:${digest}` } }), nothing],
    ['pull secrets, which containers do not read', job({ imagePullSecrets: [{ name: 's' }] }), nothing],
    ['the secret by which a driver mounts', volume({ csi: { driver: 'd', nodePublishSecretRef: { name: 's' } } }), nothing],
    ['a name that no object can have', main({ envFrom: [{ configMapRef: { name: 'Not A Name' } }, { secretRef: { name: '' } }] }), nothing],
  ])('finds %s', (_name, spec, expected) => {
    expect(referencesOf(spec)).toEqual(expected);
  });

  it('lists each name once, in order, as needed where any place needs it', () => {
    const spec = job({
      containers: [
        { name: 'a', envFrom: [{ configMapRef: { name: 'b', optional: true } }, { configMapRef: { name: 'a', optional: true } }] },
        { name: 'b', envFrom: [{ configMapRef: { name: 'b' } }, { configMapRef: { name: 'a', optional: true } }] },
      ],
      volumes: [{ name: 'v', configMap: { name: 'b', optional: true } }],
    });
    expect(referencesOf(spec).configMaps).toEqual([
      { name: 'a', optional: true },
      { name: 'b', optional: false },
    ]);
  });

  it('finds nothing, and never throws, where a spec is none', () => {
    expect(referencesOf(undefined)).toEqual(nothing);
    expect(refersToAnything(referencesOf({}))).toBe(false);
    const keys = fc.constantFrom(
      'template',
      'spec',
      'containers',
      'env',
      'envFrom',
      'valueFrom',
      'configMapRef',
      'name',
      'volumes',
      'projected',
      'sources',
      'image',
    );
    fc.assert(
      fc.property(
        fc.letrec((tie) => ({ any: fc.oneof({ maxDepth: 8 }, fc.jsonValue(), fc.dictionary(keys, tie('any')), fc.array(tie('any'))) })).any,
        (spec) => {
          referencesOf(spec);
          referencesOf({ template: { spec } });
          referencesOf({ template: { spec: { containers: spec, volumes: spec } } });
          referencesOf({ template: { spec: { containers: [spec], volumes: [spec] } } });
        },
      ),
    );
  });
});

describe('governedJobReferences', () => {
  const action = (name: string, spec: object) => ({
    name,
    jobTemplate: { spec: spec as Record<string, never> },
    retries: 0,
    timeout: '1h',
  });
  const reads = (name: string, optional = false) =>
    main({ envFrom: [{ configMapRef: { name, optional } }, { secretRef: { name, optional } }] });
  const needed = (...names: string[]) => names.map((name) => ({ name, optional: false }));

  it('finds what its own Job, the rollback and the post-actions read, each name once, and of pre-actions the images alone', () => {
    const found = governedJobReferences(
      {
        preActions: [action('before', { ...reads('before') }), action('backup', main({ image: 'backup:1' }))],
        postActions: [
          action('report', reads('report')),
          action('tell', main({ image: 'tell:1' })),
          { name: 'call', retries: 0, timeout: '1h' },
        ],
        rollback: { jobTemplate: { spec: reads('undo') } },
      },
      { configMaps: needed('limits'), secrets: [], unpinnedImages: ['tell:1', 'tool:1'] },
    );
    expect(found).toEqual({
      configMaps: needed('limits', 'report', 'undo'),
      secrets: needed('report', 'undo'),
      unpinnedImages: ['backup:1', 'tell:1', 'tool:1'],
    });
  });

  it('needs what any of them needs', () => {
    const found = governedJobReferences(
      { postActions: [action('a', reads('c', true))], rollback: { jobTemplate: { spec: reads('d') } } },
      {
        ...nothing,
        configMaps: [
          { name: 'c', optional: false },
          { name: 'd', optional: true },
        ],
      },
    );
    expect(found.configMaps).toEqual(needed('c', 'd'));
    expect(found.secrets).toEqual([
      { name: 'c', optional: true },
      { name: 'd', optional: false },
    ]);
  });

  it('finds nothing where nothing is run', () => {
    expect(governedJobReferences({}, undefined)).toEqual(nothing);
  });
});

describe('isPinned', () => {
  it.each([
    [`busybox@sha256:${digest}`, true],
    [`registry:5000/app:1.2@sha256:${digest}`, true],
    [`app@sha512:${'a'.repeat(128)}`, true],
    ['busybox', false],
    ['busybox:1@sha256', false],
    ['busybox@sha256:123', false],
    [`busybox@sha256:${digest}x`, false],
    [`busybox@sha256:${digest}:latest`, false],
    [`busybox@md5:${digest}`, false],
  ])('%s: %s', (image, expected) => {
    expect(isPinned(image)).toBe(expected);
  });
});

describe('pinContent', () => {
  const object = (more: object, uid = 'u') => ({ metadata: { uid }, ...more });

  it('does not depend on the order of keys, on labels, or on which ConfigMap it is', () => {
    const one = pinContent('ConfigMap', object({ data: { a: '1', b: '2' } }));
    const other = { data: { b: '2', a: '1' }, metadata: { uid: 'v', labels: { x: 'y' } }, immutable: true };
    expect(pinContent('ConfigMap', other)).toBe(one);
    expect(one).toMatch(/^v1:sha256:[0-9a-f]{64}$/);
  });

  it.each<[string, object]>([
    ['a value', { data: { a: '2' } }],
    ['a key', { data: { b: '1' } }],
    ['one key more', { data: { a: '1', b: '' } }],
    ['binary data', { binaryData: { a: '1' } }],
    ['no data', {}],
  ])('changes with %s', (_name, changed) => {
    for (const kind of ['ConfigMap', 'Secret'] as const)
      expect(pinContent(kind, object(changed))).not.toBe(pinContent(kind, object({ data: { a: '1' } })));
  });

  it('tells nobody who cannot read a Secret what is in it: the same contents have another digest in another Secret', () => {
    expect(pinContent('Secret', object({ data: { pin: 'MTIzNA==' } }, 'u'))).not.toBe(
      pinContent('Secret', object({ data: { pin: 'MTIzNA==' } }, 'v')),
    );
  });
});

describe('asksToPin', () => {
  it.each<[string, (boolean | undefined)[], { asSubmitted: boolean; pin?: boolean }[], boolean]>([
    ['no policy', [], [], false],
    ['none that pins', [false, undefined], [{ asSubmitted: true }], false],
    ['one that pins now', [false, true], [], true],
    ['one that pinned when the request was submitted', [false], [{ asSubmitted: true, pin: true }], true],
    ['one that pinned in between, and does no more', [false], [{ asSubmitted: false, pin: true }], false],
  ])('%s', (_name, now, recorded, expected) => {
    expect(
      asksToPin(
        now.map((pin) => ({ spec: pin === undefined ? {} : { pin } })),
        recorded,
      ),
    ).toBe(expected);
  });
});
