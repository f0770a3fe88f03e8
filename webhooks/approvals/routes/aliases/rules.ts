import { z } from 'zod';
import {
  approvalPolicies,
  clusterApprovalPolicies,
  group,
  policyKinds,
  type ApprovalPolicy,
  type ClusterApprovalPolicy,
} from '../../../../crds/v1alpha1/index.ts';
import { DnsLabel } from '../../../../crds/v1alpha1/values.ts';
import { present } from '../../../../operator/core/present.ts';
import type { Caller } from '../../callers/caller.ts';
import { linkToNext } from '../../http/nextPage.ts';
import { route, type Route } from '../../http/route.ts';
import { firstOf, listable } from '../listing.ts';
import { digitsUpTo } from '../requestList.ts';
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
type Rule = z.infer<typeof Rule>;

const mostRules = 500;

/** The policies. They are written with kubectl or Git, where they are reviewed. */
export const ruleAliases = (deps: AliasDeps): Route[] => [
  route({
    method: 'get',
    path: '/api/v1/rules',
    tag: 'Compatibility',
    access: 'caller',
    summary: 'The policies that the caller may see.',
    description: 'The header Link leads to the next page.',
    query: z.strictObject({
      namespace: DnsLabel.optional().describe('Only those that may govern work of this namespace: its own, and those of the cluster.'),
      limit: digitsUpTo(mostRules).optional().describe(`How many at most; ${mostRules} when left out.`),
      after: z
        .string()
        .max(512)
        .regex(
          /^[^/]*\/[^/]+$/,
          'expected the namespace, / and the name of the last policy of the page before; of a policy of the cluster, / and the name',
        )
        .optional(),
    }),
    answers: { 200: { description: 'Those of the cluster first, then by namespace and name.', schema: z.array(Rule) } },
    handle: ({ caller, query: { limit = mostRules, ...from } }) => page(deps, caller, limit, from),
  }),
];

async function page(deps: AliasDeps, caller: Caller, limit: number, from: From) {
  const { page: body, isLast } = await firstOf(rules(deps, caller, from), limit);
  const last = body.at(-1);
  const next = isLast || last === undefined ? undefined : { namespace: from.namespace, limit, after: placeOf(last) };
  return { status: 200, body, headers: linkToNext('/api/v1/rules', next) } as const;
}

/** From where on, and where, rules are listed. */
interface From {
  readonly namespace?: string | undefined;
  readonly after?: string | undefined;
}

async function* rules(deps: AliasDeps, caller: Caller, { namespace, after = '' }: From): AsyncGenerator<Rule> {
  const { policies, permissions } = deps;
  const comesAfter = (rule: Rule): boolean => placeOf(rule) > after;
  const isPastThoseOfTheCluster = after !== '' && !after.startsWith('/');
  if (!isPastThoseOfTheCluster && (await permissions.may(caller, { verb: 'list', group, resource: clusterApprovalPolicies.plural }))) {
    for await (const policy of policies.listAll<ClusterApprovalPolicy>(clusterApprovalPolicies)) {
      const found = rule('ClusterApprovalPolicy', policy);
      if (comesAfter(found)) yield found;
    }
  }
  let some: (Rule & { readonly namespace: string })[] = [];
  for await (const policy of policies.listAll<ApprovalPolicy>(approvalPolicies, { namespace })) {
    const found = { ...rule('ApprovalPolicy', policy), namespace: policy.metadata.namespace };
    if (!comesAfter(found)) continue;
    if (some.push(found) < mostRules) continue;
    yield* listable(deps, caller, approvalPolicies, some);
    some = [];
  }
  yield* listable(deps, caller, approvalPolicies, some);
}

/** By which the API server lists them: those of the cluster, which have no namespace, first. */
const placeOf = ({ namespace = '', name }: Rule): string => `${namespace}/${name}`;

function rule(kind: (typeof policyKinds)[number], { metadata, spec }: ApprovalPolicy | ClusterApprovalPolicy): Rule {
  const namespace = 'namespace' in metadata ? metadata.namespace : undefined;
  const { enforcement, match, stages = [] } = spec;
  return { id: metadata.uid, kind, name: metadata.name, enforcement, match, stages, ...present({ namespace }) };
}
