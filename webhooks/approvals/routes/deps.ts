import type { Person } from '../../../operator/core/eligibility.ts';
import type { Permissions as ApprovePermissions, PolicyId } from '../../../operator/core/facts.ts';
import type { Clock } from '../../../operator/core/ports.ts';
import type { Known } from '../known.ts';
import type { Permissions } from '../relay/ask.ts';
import type { Writer } from '../relay/once.ts';
import type { Waiters } from '../waiting/waiters.ts';

/** Who may `approve` under which policies. */
export interface ApproveQuestions {
  readonly namespace: string;
  readonly people: readonly Person[];
  readonly policies: readonly PolicyId[];
}

/** What the routes of requests and executions use. */
export interface RequestDeps {
  readonly client: Writer & Clock;
  readonly known: Pick<Known, 'requests' | 'executions'>;
  readonly permissions: Pick<Permissions, 'may'>;
  /** Whose `{permission: approve}` counts. */
  readonly permissionsOf: (questions: ApproveQuestions) => Promise<ApprovePermissions>;
  readonly waiters: Waiters;
  readonly longestWaitMs: number;
}
