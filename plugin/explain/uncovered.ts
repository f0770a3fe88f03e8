/** What would run, as far as this file reads it. */
interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly imagePullSecrets?: readonly { readonly name?: string }[];
  readonly serviceAccountName?: string;
}

interface Container {
  readonly name: string;
  readonly image?: string;
  readonly env?: readonly { readonly valueFrom?: { readonly configMapKeyRef?: Named; readonly secretKeyRef?: Named } }[];
  readonly envFrom?: readonly { readonly configMapRef?: Named; readonly secretRef?: Named }[];
}

interface Named {
  readonly name?: string;
}

interface Volume {
  readonly name: string;
  readonly configMap?: Named;
  readonly secret?: { readonly secretName?: string };
  readonly persistentVolumeClaim?: { readonly claimName?: string };
  readonly hostPath?: { readonly path?: string };
  readonly projected?: { readonly sources?: readonly { readonly configMap?: Named; readonly secret?: Named }[] };
  readonly csi?: { readonly driver?: string };
  readonly image?: { readonly reference?: string };
}

/** An image, and whether its name says exactly which bytes it is. */
export interface Image {
  readonly container: string;
  readonly image: string;
  readonly pinned: boolean;
}

const isPinned = (image: string): boolean => /@sha(256|384|512):[0-9a-f]{64,}$/.test(image);

/** The pod spec of a Job's spec; an empty one if there is none. */
export function podSpecOf(jobSpec: unknown): PodSpec {
  const template = (jobSpec as { template?: { spec?: PodSpec } } | undefined)?.template;
  return template?.spec ?? {};
}

/** The images that would run, init containers first. */
export function images(pod: PodSpec): Image[] {
  return [...(pod.initContainers ?? []), ...(pod.containers ?? [])].map(({ name, image = '' }) => ({
    container: name,
    image,
    pinned: isPinned(image),
  }));
}

/** What may still change between approval and run although the digest stays the same, one sentence each. */
export function uncovered(pod: PodSpec): string[] {
  const containers = [...(pod.initContainers ?? []), ...(pod.containers ?? [])];
  const volumes = pod.volumes ?? [];
  const mutable = [
    ...containers.map((c) => c.image ?? ''),
    ...volumes.flatMap((v) => (v.image?.reference === undefined ? [] : [v.image.reference])),
  ].filter((image) => image !== '' && !isPinned(image));
  return [
    ...listed(mutable, (image) => `image ${image}: the tag may be moved to another image; pin it with @sha256:…`),
    ...listed(configMaps(containers, volumes), (name) => `ConfigMap ${name}: its contents`),
    ...listed(secrets(containers, volumes, pod), (name) => `Secret ${name}: its contents`),
    ...listed(present(volumes.map((v) => v.persistentVolumeClaim?.claimName)), (name) => `PersistentVolumeClaim ${name}: the data on it`),
    ...listed(present(volumes.map((v) => v.hostPath?.path)), (path) => `hostPath ${path}: the files on the node`),
    ...listed(present(volumes.map((v) => v.csi?.driver)), (driver) => `volume of CSI driver ${driver}: the data on it`),
    `ServiceAccount ${pod.serviceAccountName ?? 'default'}: the rights it has`,
  ];
}

const listed = (names: readonly string[], say: (name: string) => string): string[] => [...new Set(names)].sort().map(say);

const present = (names: readonly (string | undefined)[]): string[] => names.filter((name) => name !== undefined);

const configMaps = (containers: readonly Container[], volumes: readonly Volume[]): string[] =>
  present([
    ...containers.flatMap((c) => (c.env ?? []).map((e) => e.valueFrom?.configMapKeyRef?.name)),
    ...containers.flatMap((c) => (c.envFrom ?? []).map((e) => e.configMapRef?.name)),
    ...volumes.map((v) => v.configMap?.name),
    ...volumes.flatMap((v) => (v.projected?.sources ?? []).map((s) => s.configMap?.name)),
  ]);

const secrets = (containers: readonly Container[], volumes: readonly Volume[], pod: PodSpec): string[] =>
  present([
    ...containers.flatMap((c) => (c.env ?? []).map((e) => e.valueFrom?.secretKeyRef?.name)),
    ...containers.flatMap((c) => (c.envFrom ?? []).map((e) => e.secretRef?.name)),
    ...volumes.map((v) => v.secret?.secretName),
    ...volumes.flatMap((v) => (v.projected?.sources ?? []).map((s) => s.secret?.name)),
    ...(pod.imagePullSecrets ?? []).map((s) => s.name),
  ]);
