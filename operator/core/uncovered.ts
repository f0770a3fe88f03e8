import type { ApprovalRequestSpec, Pin } from '../../crds/v1alpha1/index.ts';
import { actionImages, isPinned, referencesOfPod, unpinnedImages, type Runs } from './pins.ts';
import { containersOf, podSpecOf, type PodSpec } from './podSpec.ts';

export { podSpecOf } from './podSpec.ts';

/** An image, and whether its name says exactly which bytes it is. */
export interface Image {
  readonly container: string;
  readonly image: string;
  readonly pinned: boolean;
}

/** The images that would run, init containers first. */
export const images = (pod: PodSpec): Image[] =>
  containersOf(pod).map(({ name, image = '' }) => ({ container: name, image, pinned: isPinned(image) }));

/**
 * What may still change between approval and run although the digest stays the same, one sentence each. `pins`: what the digest covers besides. `runs`:
 * what a GovernedJob runs beside its own Job. Of pre-actions the images alone are listed: they have run by the time anybody is asked.
 */
export function uncovered(jobSpec: unknown, pins: readonly Pin[] = [], runs: Runs = {}): string[] {
  const { postActions = [], rollback } = runs;
  const later = [...postActions, ...(rollback === undefined ? [] : [rollback])].flatMap(({ jobTemplate }) => jobTemplate?.spec ?? []);
  const pods = [jobSpec, ...later].map(podSpecOf);
  const volumes = pods.flatMap((pod) => pod.volumes ?? []);
  const references = pods.map(referencesOfPod);
  const pulling = pods.flatMap((pod) => pod.imagePullSecrets ?? []);
  const byTag = [...pods.flatMap(unpinnedImages), ...actionImages(runs)];
  const configMaps = references.flatMap((r) => r.configMaps);
  const secrets = [...references.flatMap((r) => r.secrets), ...pulling];
  const open = (kind: Pin['kind'], all: readonly { readonly name?: string }[]): string[] =>
    present(all.map((one) => one.name)).filter((name) => !isCovered({ kind, name }, pins));
  return [
    ...listed(byTag, (image) => `image ${image}: the tag may be moved to another image; pin it with @sha256:…`),
    ...listed(open('ConfigMap', configMaps), (name) => `ConfigMap ${name}: its contents`),
    ...listed(open('Secret', secrets), (name) => `Secret ${name}: its contents${unreadable(name, pins)}`),
    ...listed(present(volumes.map((v) => v.persistentVolumeClaim?.claimName)), (name) => `PersistentVolumeClaim ${name}: the data on it`),
    ...listed(present(volumes.map((v) => v.hostPath?.path)), (path) => `hostPath ${path}: the files on the node`),
    ...listed(present(volumes.map((v) => v.csi?.driver)), (driver) => `volume of CSI driver ${driver}: the data on it`),
    ...listed(
      pods.map((pod) => pod.serviceAccountName ?? 'default'),
      (name) => `ServiceAccount ${name}: the rights it has`,
    ),
  ];
}

/** The work of a request, as far as it may be seen. */
export interface SeenWork {
  /** Absent where it may not be read, and where nothing of the cluster runs. */
  readonly jobSpec?: unknown;
  readonly runs?: Runs;
}

/** Both: what may still change although the digest stays the same, and what the request says besides. */
export const notCovered = (
  { spec, pins }: { readonly spec: ApprovalRequestSpec; readonly pins: readonly Pin[] | undefined },
  { jobSpec, runs }: SeenWork,
): string[] => [...(jobSpec === undefined ? [] : uncovered(jobSpec, pins, runs)), ...uncoveredInRequest(spec)];

/** What a request says that the digest does not cover, one sentence each. It never changes, but people agree to what runs, not to that. */
export const uncoveredInRequest = ({ callback, checkpoint }: Pick<ApprovalRequestSpec, 'callback' | 'checkpoint'>): string[] => [
  ...(callback === undefined ? [] : [`callback to ${originOf(callback.url)}: who is told of the outcome`]),
  ...(checkpoint === undefined
    ? []
    : [`checkpoint ${checkpoint.checkpointId} of ${checkpoint.workflowId}: where whoever asked goes on with that`]),
];

// The rest of an address may be all that it takes to call it.
const originOf = (url: string): string => (URL.canParse(url) ? new URL(url).origin : 'an address that is none');

/** What the digest covers besides the manifest, one sentence each. */
export const covered = (pins: readonly Pin[] = []): string[] =>
  pins
    .filter((pin) => pin.state !== 'NotCovered')
    .map(({ kind, name, state }) => `${kind} ${name}: ${state === 'Absent' ? 'that it does not exist' : 'its contents'}`);

const isCovered = ({ kind, name }: Pick<Pin, 'kind' | 'name'>, pins: readonly Pin[]): boolean =>
  pins.some((pin) => pin.kind === kind && pin.name === name && pin.state !== 'NotCovered');

const unreadable = (name: string, pins: readonly Pin[]): string =>
  pins.some((pin) => pin.kind === 'Secret' && pin.name === name) ? '; a policy pins them, but the operator may not read them here' : '';

const listed = (names: readonly string[], say: (name: string) => string): string[] => [...new Set(names)].sort().map(say);

const present = (names: readonly (string | undefined)[]): string[] => names.filter((name) => name !== undefined);
