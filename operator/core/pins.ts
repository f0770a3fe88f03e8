import type { GovernedJobSpec, Pin } from '../../crds/v1alpha1/index.ts';
import { contentDigest } from './digest.ts';
import { containersOf, podSpecOf, type Container, type Named, type PodSpec, type Volume } from './podSpec.ts';
import { compare } from './order.ts';

/** How often what an open request has pinned is looked at again: nobody tells us when a ConfigMap changes. */
export const pinRecheckMs = 60_000;

/** As many objects as one request may pin. */
export const mostPins = 64;

/** A ConfigMap or Secret that the pods of a Job read, from their own namespace. */
export interface Reference {
  readonly name: string;
  /** The pods start without it. */
  readonly optional: boolean;
}

/** What a Job refers to that may change while its own spec stays the same. Every name is listed once, in order. */
export interface References {
  readonly configMaps: readonly Reference[];
  readonly secrets: readonly Reference[];
  /** Images that are named by a tag alone. */
  readonly unpinnedImages: readonly string[];
}

/**
 * What the pod template of a Job's spec refers to: ConfigMaps and Secrets in volumes (projected ones too) and in the environment of all containers, and
 * images without a digest. What only pulls images or mounts a volume (imagePullSecrets, credentials of drivers) is not what the containers read.
 * Never throws: whatever is not of the expected shape refers to nothing.
 */
export const referencesOf = (jobSpec: unknown): References => referencesOfPod(podSpecOf(jobSpec));

/** The same of a pod spec. */
export function referencesOfPod(pod: PodSpec): References {
  const containers = containersOf(pod);
  const volumes = pod.volumes ?? [];
  return {
    configMaps: distinct([...containers.flatMap(configMapsOfContainer), ...volumes.flatMap(configMapsOfVolume)]),
    secrets: distinct([...containers.flatMap(secretsOfContainer), ...volumes.flatMap(secretsOfVolume)]),
    unpinnedImages: unpinnedImages(pod),
  };
}

/** What several refer to, each name once: it is needed if any of them needs it. */
const joined = (all: readonly References[]): References => ({
  configMaps: distinct(all.flatMap((r) => r.configMaps)),
  secrets: distinct(all.flatMap((r) => r.secrets)),
  unpinnedImages: inOrder(all.flatMap((r) => r.unpinnedImages)),
});

/** The fields of a GovernedJob's spec by which Jobs are run beside its own. */
export type Runs = Partial<Pick<GovernedJobSpec, 'preActions' | 'postActions' | 'rollback'>>;

/**
 * What a GovernedJob refers to: `job`, which is of its own Job as it is stored, and by their templates the Jobs of its actions and its rollback. Of
 * pre-actions the images alone: by the time anybody is asked they have run, and nobody can change any more what they have read.
 */
export const governedJobReferences = (runs: Runs, job: References | undefined): References =>
  joined([
    ...(job === undefined ? [] : [job]),
    ...jobsOf(runs.postActions ?? []),
    ...jobsOf(runs.rollback === undefined ? [] : [runs.rollback]),
    ...jobsOf(runs.preActions ?? []).map(({ unpinnedImages: images }) => ({ configMaps: [], secrets: [], unpinnedImages: images })),
  ]);

/** The images that are named by a tag alone in what a GovernedJob runs beside its own Job. */
export const actionImages = (runs: Runs): readonly string[] => governedJobReferences(runs, undefined).unpinnedImages;

const jobsOf = (all: readonly { readonly jobTemplate?: { readonly spec: unknown } | undefined }[]): References[] =>
  all.flatMap(({ jobTemplate }) => (jobTemplate === undefined ? [] : [referencesOf(jobTemplate.spec)]));

/** Whether there is anything in them; what has none need not be kept. */
export const refersToAnything = ({ configMaps, secrets, unpinnedImages }: References): boolean =>
  configMaps.length + secrets.length + unpinnedImages.length > 0;

const reference = (named: Named | undefined): Reference[] =>
  typeof named?.name === 'string' ? [{ name: named.name, optional: named.optional === true }] : [];

const configMapsOfContainer = ({ env = [], envFrom = [] }: Container): Reference[] => [
  ...env.flatMap((e) => reference(e.valueFrom?.configMapKeyRef)),
  ...envFrom.flatMap((e) => reference(e.configMapRef)),
];

const secretsOfContainer = ({ env = [], envFrom = [] }: Container): Reference[] => [
  ...env.flatMap((e) => reference(e.valueFrom?.secretKeyRef)),
  ...envFrom.flatMap((e) => reference(e.secretRef)),
];

const configMapsOfVolume = ({ configMap, projected }: Volume): Reference[] => [
  ...reference(configMap),
  ...(projected?.sources ?? []).flatMap((source) => reference(source.configMap)),
];

const secretsOfVolume = ({ secret, projected }: Volume): Reference[] => [
  ...reference(secret?.secretName === undefined ? undefined : { name: secret.secretName, optional: secret.optional === true }),
  ...(projected?.sources ?? []).flatMap((source) => reference(source.secret)),
];

/** One entry a name. It is needed if any place needs it; a name that no object can have refers to nothing, now and for ever. */
function distinct(references: readonly Reference[]): Reference[] {
  const optional = new Map<string, boolean>();
  for (const r of references) if (objectName.test(r.name)) optional.set(r.name, r.optional && (optional.get(r.name) ?? true));
  return [...optional].map(([name, is]) => ({ name, optional: is })).sort((a, b) => compare(a.name, b.name));
}

const objectName = /^(?=.{1,253}$)[a-z0-9]([-.a-z0-9]*[a-z0-9])?$/;

/** Whether the name of an image says exactly which bytes it is. */
export const isPinned = (image: string): boolean => /@sha(256:[0-9a-f]{64}|384:[0-9a-f]{96}|512:[0-9a-f]{128})$/.test(image);

/** The images of a pod that are named by a tag alone, those that are mounted as volumes included. */
export function unpinnedImages(pod: PodSpec): string[] {
  const images: unknown[] = [...containersOf(pod).map((c) => c.image), ...(pod.volumes ?? []).map((v) => v.image?.reference)];
  const named = images.filter((image): image is string => typeof image === 'string' && image !== '');
  return inOrder(named.filter((image) => !isPinned(image)));
}

const inOrder = (names: readonly string[]): string[] => [...new Set(names)].sort(compare);

/** Whether there is anything to pin. */
export const refersToContents = (references: References | undefined): boolean =>
  references !== undefined && references.configMaps.length + references.secrets.length > 0;

/** What pods read of a ConfigMap or Secret. */
export interface Content {
  readonly metadata: { readonly uid: string };
  readonly data?: unknown;
  readonly binaryData?: unknown;
}

/**
 * The digest of what pods read of a ConfigMap or Secret. That of a Secret covers its uid too: only who may read the Secret knows that, so nobody
 * else can find out by guessing what is in it. @throws CountersignError `Undigestible`.
 */
export function pinContent(kind: Pin['kind'], { metadata, data = {}, binaryData = {} }: Content): string {
  return contentDigest(kind === 'Secret' ? { uid: metadata.uid, data } : { data, binaryData });
}

/** Whether any policy, as it was at submission or as it is now, wants the contents of what work refers to pinned. */
export const asksToPin = (
  now: readonly { readonly spec: { readonly pin?: boolean | undefined } }[],
  recorded: readonly { readonly asSubmitted: boolean; readonly pin?: boolean | undefined }[] = [],
): boolean => now.some((policy) => policy.spec.pin === true) || recorded.some((record) => record.asSubmitted && record.pin === true);
