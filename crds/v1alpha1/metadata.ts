import { z } from 'zod';

/** Who an object belongs to, for garbage collection. */
export const OwnerReference = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().exactOptional(),
  blockOwnerDeletion: z.boolean().exactOptional(),
});
export type OwnerReference = z.infer<typeof OwnerReference>;

/** The metadata of a stored object, as far as this project reads it. What the API server always sets is required here. */
export const ObjectMeta = z.object({
  name: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.int(),
  creationTimestamp: z.string(),
  deletionTimestamp: z.string().exactOptional(),
  generateName: z.string().exactOptional(),
  labels: z.record(z.string(), z.string()).exactOptional(),
  annotations: z.record(z.string(), z.string()).exactOptional(),
  ownerReferences: z.array(OwnerReference).exactOptional(),
  finalizers: z.array(z.string()).exactOptional(),
});
export type ObjectMeta = z.infer<typeof ObjectMeta>;

/** The metadata of a stored object that lives in a namespace. */
export const NamespacedMeta = ObjectMeta.extend({ namespace: z.string() });
export type NamespacedMeta = z.infer<typeof NamespacedMeta>;

/** The metadata of an object that is yet to be created. */
export interface NewMeta {
  name?: string;
  generateName?: string;
  namespace?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  ownerReferences?: OwnerReference[];
}

/** An object as one sends it to be created: pass `z.input<typeof Kind>`, so that what has a default may be left out. */
export type Manifest<T> = Omit<T, 'metadata' | 'status'> & { metadata: NewMeta };
