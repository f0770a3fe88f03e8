import type { PermissionQuestions, Permissions as ApprovePermissions } from '../../../operator/core/facts.ts';
import type { Clock } from '../../../operator/core/ports.ts';
import type { Known } from '../known.ts';
import type { Permissions } from '../relay/ask.ts';
import type { Writer } from '../relay/once.ts';
import type { Waiters } from '../waiting/waiters.ts';

/** What the routes of requests and executions use. */
export interface RequestDeps {
  readonly client: Writer & Clock;
  readonly known: Pick<Known, 'requests' | 'executions' | 'delegations'>;
  readonly permissions: Pick<Permissions, 'may'>;
  /** Whose `{permission: approve}` counts. */
  readonly permissionsOf: (questions: PermissionQuestions) => Promise<ApprovePermissions>;
  readonly waiters: Waiters;
  readonly longestWaitMs: number;
}
