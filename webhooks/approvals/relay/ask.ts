import { KeptAnswers } from '../../../operator/core/keptAnswers.ts';
import { isAllowed, type Access } from '../../../operator/kube/accessReview.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { Caller } from '../callers/caller.ts';
import { relayedGroups } from './person.ts';

/** How long an answer is believed: a right that is taken away is good for so much longer. Writes are asked about again, by admission. */
const keepMs = 10_000;
const mostKept = 20_000;

/** What callers may, as the cluster's RBAC has it. */
export class Permissions {
  readonly #client: Pick<KubeClient, 'create'>;
  readonly #answers: KeptAnswers<boolean>;

  constructor(client: Pick<KubeClient, 'create'>, now: () => number = Date.now) {
    this.#client = client;
    this.#answers = new KeptAnswers({ keepMs, most: mostKept, now });
  }

  /** Asks the API server whether this caller may do that. An error is thrown, never read as a yes. */
  may(caller: Pick<Caller, 'username' | 'groups'>, access: Access): Promise<boolean> {
    const groups = relayedGroups(caller);
    const { verb, group, resource, namespace = '', name = '' } = access;
    const key = JSON.stringify([caller.username, groups, verb, group, resource, namespace, name]);
    return this.#answers.to(key, () => isAllowed(this.#client, { username: caller.username, groups }, access));
  }
}
