import type { ApprovalPolicySpec, Escalation, Stage } from '../../crds/v1alpha1/index.ts';
import { RefusedError } from '../errors.ts';
import type { Manifest } from './manifests.ts';

const kinds = ['ApprovalPolicy', 'ClusterApprovalPolicy'] as const;
export type PolicyKindName = (typeof kinds)[number];

/** The kind of a policy's manifest. @throws RefusedError when it is none. */
export function policyKindOf({ apiVersion, kind, source }: Manifest): PolicyKindName {
  const found = kinds.find((k) => k === kind);
  if (found !== undefined && apiVersion === 'countersign.dev/v1alpha1') return found;
  throw new RefusedError(
    `${source}: is ${apiVersion} ${kind}; --policy takes an ApprovalPolicy or a ClusterApprovalPolicy of countersign.dev/v1alpha1.`,
  );
}

/** What the API server would fill in, for where it cannot be asked. */
export function withDefaults(written: Readonly<Record<string, unknown>>): ApprovalPolicySpec {
  const spec = written as Partial<ApprovalPolicySpec>;
  const zoned = <T extends { timeZone?: string }>(windows: readonly T[]): (T & { timeZone: string })[] =>
    windows.map((w) => ({ timeZone: 'Etc/UTC', ...w }));
  return {
    ...spec,
    enforcement: spec.enforcement ?? 'Hold',
    match: spec.match ?? [],
    separation: { requesterMayApprove: false, distinctAcrossStages: true, ...spec.separation },
    onRefusal: spec.onRefusal ?? 'Fail',
    pin: spec.pin ?? false,
    unpinnedImages: spec.unpinnedImages ?? 'Note',
    ...(spec.stages === undefined ? {} : { stages: spec.stages.map(stage) }),
    ...(spec.risk === undefined
      ? {}
      : { risk: { ...spec.risk, weights: { ...weights, ...(spec.risk.weights as Partial<typeof weights> | undefined) } } }),
    ...(spec.freeze === undefined ? {} : { freeze: zoned(spec.freeze) }),
    ...(spec.releaseWindows === undefined ? {} : { releaseWindows: zoned(spec.releaseWindows) }),
    ...(spec.businessHours === undefined ? {} : { businessHours: zoned([spec.businessHours])[0] ?? spec.businessHours }),
  };
}

const weights = { criticality: 0.4, magnitude: 0.3, blastRadius: 0.2, historicalFailureRate: 0.1 };

function stage(written: Partial<Stage>): Stage {
  const escalation = written.escalation as (Omit<Escalation, 'count'> & Partial<Escalation>) | undefined;
  return {
    ...written,
    name: written.name ?? '',
    require: written.require ?? [],
    rejections: written.rejections ?? 1,
    onTimeout: written.onTimeout ?? 'Expire',
    ...(escalation === undefined ? {} : { escalation: { ...escalation, count: escalation.count ?? 1 } }),
  };
}
