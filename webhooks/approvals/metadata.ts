import { annotations } from '../../crds/v1alpha1/index.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';

/** What the service knows of every object by which somebody asks for something. */
export interface KnownMetadata {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly createdAt: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The channel by which it was asked for; absent when it was written with kubectl or by the operator. */
  readonly via?: string;
}

export function knownMetadata({ metadata }: KubeObject): KnownMetadata {
  const { uid, namespace = '', name, creationTimestamp: createdAt, labels = {} } = metadata;
  const via = metadata.annotations?.[annotations.via];
  return { uid, namespace, name, createdAt, labels, ...(via === undefined ? {} : { via }) };
}
