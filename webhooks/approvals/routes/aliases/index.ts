import type { Route } from '../../http/route.ts';
import { approvalAliases } from './approvals.ts';
import { auditLogAliases } from './auditLogs.ts';
import type { AliasDeps } from './deps.ts';
import { executionAliases } from './executions.ts';
import { ruleAliases } from './rules.ts';
import { userAliases } from './users.ts';

/** The paths of other systems, so that clients which were written for those work: each a thin way to one of the service's own routes. */
export const aliasRoutes = (deps: AliasDeps): Route[] => [
  ...approvalAliases(deps),
  ...executionAliases(deps),
  ...auditLogAliases(deps),
  ...ruleAliases(deps),
  ...userAliases(),
];
