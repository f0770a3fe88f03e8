import { createHash } from 'node:crypto';
import { KeptAnswers } from '../../../operator/core/keptAnswers.ts';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import type { ResourceType } from '../../../operator/kube/client/types.ts';
import type { Logger } from '../../../operator/telemetry/logger.ts';
import type { Person } from './claims.ts';
import { badCredentials, cannotTell } from './unauthorized.ts';

const tokenReviews: ResourceType = {
  group: 'authentication.k8s.io',
  version: 'v1',
  plural: 'tokenreviews',
  kind: 'TokenReview',
  namespaced: false,
};

interface TokenReview {
  readonly metadata: never;
  readonly status?: {
    readonly authenticated?: boolean;
    readonly user?: { readonly username?: string; readonly groups?: readonly string[] };
    readonly audiences?: readonly string[];
    readonly error?: string;
  };
}

export interface KubernetesTokensOptions {
  readonly client: Pick<KubeClient, 'create'>;
  /** For whom a token must have been issued: one of these. Without this, whoever is sent a token for something else could use it here. */
  readonly audiences: readonly string[];
  readonly log: Logger;
  /** Milliseconds since the epoch; a test may give its own. */
  readonly now?: () => number;
}

/** How long an answer is believed: a token that is taken back is good for so much longer. */
const keepMs = 10_000;
const mostKept = 10_000;
/** Anybody may send tokens that nobody knows: so many are asked about at a time, and the API server has time for others. */
const mostUnderWay = 50;

/** Tokens that the API server knows, those of ServiceAccounts among them. It is asked once in ten seconds for each. */
export class KubernetesTokens {
  readonly #options: KubernetesTokensOptions;
  /** By the hash of the token, so that no token lies in memory for longer than its call. */
  readonly #people: KeptAnswers<Person | undefined>;

  #underWay = 0;

  constructor(options: KubernetesTokensOptions) {
    this.#options = options;
    this.#people = new KeptAnswers({ keepMs, most: mostKept, now: options.now ?? Date.now });
  }

  /** Whose token it is. @throws Problem 401 when it is nobody's or not meant for us; 503 when the API server cannot be asked, or is asked too much. */
  async personOf(token: string): Promise<Person> {
    const person = await this.#known(token);
    if (person === undefined) throw badCredentials();
    return person;
  }

  /**
   * What a token says of its own audience (`aud`) decides nothing here: only those of ServiceAccounts name ours. One of the API server's own identity provider
   * names the API server's client id, one of its webhook whatever it likes, and the API server takes both for the audiences of its `--api-audiences`.
   */
  #known(token: string): Promise<Person | undefined> {
    const key = createHash('sha256').update(token).digest('base64');
    return this.#people.to(key, () => {
      if (this.#underWay >= mostUnderWay) throw cannotTell('The API server');
      return this.#review(token);
    });
  }

  async #review(token: string): Promise<Person | undefined> {
    const { client, audiences, log } = this.#options;
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token, audiences } };
    let answer: TokenReview;
    this.#underWay += 1;
    try {
      answer = await client.create<TokenReview>(tokenReviews, undefined, review);
    } catch (error) {
      log.warn({ err: error }, 'the API server did not review a token');
      throw cannotTell('The API server');
    } finally {
      this.#underWay -= 1;
    }
    const { authenticated, user, audiences: good = [], error } = answer.status ?? {};
    const { username, groups = [] } = user ?? {};
    // A server that knows nothing of audiences answers without any; then the token was meant for the API server, and not for us.
    if (authenticated === true && username !== undefined && username !== '' && good.some((audience) => audiences.includes(audience))) {
      return { username, groups };
    }
    log.debug({ reason: error ?? 'not authenticated for our audience' }, 'a token was refused');
    return undefined;
  }
}
