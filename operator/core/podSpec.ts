/** What would run, as far as anything here reads it. */
export interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly imagePullSecrets?: readonly { readonly name?: string }[];
  readonly serviceAccountName?: string;
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly env?: readonly { readonly valueFrom?: { readonly configMapKeyRef?: Named; readonly secretKeyRef?: Named } }[];
  readonly envFrom?: readonly { readonly configMapRef?: Named; readonly secretRef?: Named }[];
}

/** A reference to an object by its name. */
export interface Named {
  readonly name?: string;
  readonly optional?: boolean;
}

export interface Volume {
  readonly name: string;
  readonly configMap?: Named;
  readonly secret?: { readonly secretName?: string; readonly optional?: boolean };
  readonly persistentVolumeClaim?: { readonly claimName?: string };
  readonly hostPath?: { readonly path?: string };
  readonly projected?: { readonly sources?: readonly { readonly configMap?: Named; readonly secret?: Named }[] };
  readonly csi?: { readonly driver?: string };
  readonly image?: { readonly reference?: string };
}

/** The pod spec of a Job's spec, whatever that is: lists are lists of objects, and what is none is left out. */
export function podSpecOf(jobSpec: unknown): PodSpec {
  const pod = fields(fields(fields(jobSpec)['template'])['spec']);
  return {
    ...pod,
    containers: objects(pod['containers']).map(container),
    initContainers: objects(pod['initContainers']).map(container),
    volumes: objects(pod['volumes']).map(volume),
    imagePullSecrets: objects(pod['imagePullSecrets']),
  };
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

const fields = (value: unknown): Fields => (isObject(value) ? value : {});

const objects = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isObject) : []);

const container = (of: Fields): Container => ({
  ...(of as unknown as Container),
  env: objects(of['env']),
  envFrom: objects(of['envFrom']),
});

function volume(of: Fields): Volume {
  const seen = of as unknown as Volume;
  return isObject(of['projected']) ? { ...seen, projected: { sources: objects(of['projected']['sources']) } } : seen;
}

/** All containers of a pod, init containers first. */
export const containersOf = (pod: PodSpec): Container[] => [...(pod.initContainers ?? []), ...(pod.containers ?? [])];
