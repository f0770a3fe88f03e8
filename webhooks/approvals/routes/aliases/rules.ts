import { z } from 'zod';
import {
  approvalPolicies,
  clusterApprovalPolicies,
  group,
  policyKinds,
  type ApprovalPolicy,
  type ClusterApprovalPolicy,
} from '../../../../crds/v1alpha1/index.ts';
import { present } from '../../../../operator/core/present.ts';
import type { Caller } from '../../callers/caller.ts';
import { route, type Route } from '../../http/route.ts';
import { listable } from '../listing.ts';
import type { AliasDeps } from './deps.ts';

const Rule = z
  .object({
    id: z.string(),
    kind: z.enum(policyKinds),
    namespace: z.string().optional(),
    name: z.string(),
    enforcement: z.string(),
    match: z.array(z.unknown()).describe('Which work it governs.'),
    stages: z.array(z.unknown()).describe('Whom it asks.'),
  })
  .meta({ id: 'Rule', description: 'A policy, as the path /api/v1/rules has it.' });

/** The policies. They are written with kubectl or Git, where they are reviewed. */
export const ruleAliases = (deps: AliasDeps): Route[] => [
  route({
    method: 'get',
    path: '/api/v1/rules',
    tag: 'Compatibility',
    access: 'caller',
    summary: 'The policies that the caller may see.',
    answers: { 200: { description: 'Those of the cluster first, then by namespace and name.', schema: z.array(Rule) } },
    handle: async ({ caller }) => ({ status: 200, body: await rules(deps, caller) }),
  }),
];

async function rules(deps: AliasDeps, caller: Caller): Promise<z.infer<typeof Rule>[]> {
  const { policies, permissions } = deps;
  const found: z.infer<typeof Rule>[] = [];
  if (await permissions.may(caller, { verb: 'list', group, resource: clusterApprovalPolicies.plural })) {
    for await (const policy of policies.listAll<ClusterApprovalPolicy>(clusterApprovalPolicies))
      found.push(rule('ClusterApprovalPolicy', policy));
  }
  const isListable = listable(deps, caller, approvalPolicies);
  for await (const policy of policies.listAll<ApprovalPolicy>(approvalPolicies)) {
    if (await isListable(policy.metadata.namespace)) found.push(rule('ApprovalPolicy', policy));
  }
  return found;
}

function rule(kind: (typeof policyKinds)[number], { metadata, spec }: ApprovalPolicy | ClusterApprovalPolicy): z.infer<typeof Rule> {
  const namespace = 'namespace' in metadata ? metadata.namespace : undefined;
  const { enforcement, match, stages = [] } = spec;
  return { id: metadata.uid, kind, name: metadata.name, enforcement, match, stages, ...present({ namespace }) };
}
