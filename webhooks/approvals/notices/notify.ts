import {
  approvalPolicies,
  clusterApprovalPolicies,
  type ChannelRef,
  type PolicyKind,
  type ResolvedStage,
} from '../../../crds/v1alpha1/index.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { WatchCache } from '../../../operator/kube/watchCache.ts';
import type { WatchingOptions } from '../watching.ts';

type Notify = ReadonlyMap<string, readonly ChannelRef[]>;

/** Which channels the stages of policies name. As the policies are now: where people are told is no part of what was asked of them. */
export interface StageChannels {
  of(stage: Pick<ResolvedStage, 'name' | 'policy'>): readonly ChannelRef[];
  isSynced(): boolean;
  stop(): Promise<void>;
}

/** Begins to watch the policies, and keeps of them only that. */
export function watchStageChannels(options: WatchingOptions): StageChannels {
  const caches: Record<PolicyKind, WatchCache<Notify>> = {
    ApprovalPolicy: new WatchCache({ ...options, type: approvalPolicies, project: notifyOf }),
    ClusterApprovalPolicy: new WatchCache({ ...options, type: clusterApprovalPolicies, project: notifyOf }),
  };
  const both = Object.values(caches);
  for (const cache of both) cache.start();
  return {
    of: ({ name, policy }) => {
      if (policy === undefined) return [];
      const key = policy.namespace === undefined ? policy.name : `${policy.namespace}/${policy.name}`;
      return caches[policy.kind].get(key)?.get(name) ?? [];
    },
    isSynced: () => both.every((cache) => cache.isSynced()),
    stop: async () => {
      await Promise.all(both.map((cache) => cache.stop()));
    },
  };
}

/** By the name of the stage. */
export function notifyOf({ spec }: KubeObject): Notify {
  const { stages = [] } = spec as { stages?: { name: string; notify?: ChannelRef[] }[] };
  return new Map(stages.flatMap(({ name, notify = [] }) => (notify.length === 0 ? [] : [[name, notify]])));
}
