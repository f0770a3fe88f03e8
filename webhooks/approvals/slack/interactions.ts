import { setTimeout as sleep } from 'node:timers/promises';
import type { KubeClient } from '../../../operator/kube/client/kubeClient.ts';
import { slackApi, slackHosts } from '../../../operator/notify/slackApi.ts';
import { escaped } from '../../../operator/notify/slackBlocks.ts';
import { shortened } from '../../../operator/notify/wording.ts';
import type { Caller } from '../callers/caller.ts';
import type { ApproverDirectory } from '../callers/directory.ts';
import { Problem } from '../http/problem.ts';
import type { Known } from '../known.ts';
import { relayDecision } from '../routes/deciding.ts';
import { SlackApps, type SlackApp, type SlackAppsOptions } from './apps.ts';
import { modalFor, refusedInModal } from './modal.ts';
import { personIn } from './people.ts';
import type { Interaction } from './payload.ts';
import type { Signed } from './signature.ts';

export interface SlackDeps extends SlackAppsOptions {
  readonly directory: Pick<ApproverDirectory, 'bySlackId' | 'byMail'>;
  readonly known: Pick<Known, 'requests'>;
  readonly client: Pick<KubeClient, 'create' | 'get' | 'patch' | 'now'>;
  /** How long this caller has to wait before they may decide; 0 for not at all. */
  readonly takeDecision: (caller: Caller) => Promise<number>;
  /** How long Slack is kept waiting for what became of a submission; it gives up after three seconds. */
  readonly patienceMs?: number;
}

const patienceMs = 2_000;

const unknownPerson =
  'Countersign does not know who you are: nothing was decided. Ask your administrator for an Approver object with your Slack id or your mail address.';

/** What happens when somebody clicks in Slack. */
export class SlackInteractions {
  readonly #deps: SlackDeps;
  readonly #apps: SlackApps;
  readonly #working = new Set<Promise<unknown>>();

  constructor(deps: SlackDeps) {
    this.#deps = deps;
    this.#apps = new SlackApps(deps);
  }

  /** The app whose signing secret the call is signed with. @throws Problem 503 */
  appOf(signed: Signed): Promise<SlackApp | undefined> {
    return this.#apps.signerOf(signed);
  }

  /** Answers at once; what takes longer goes on afterwards. Gives what Slack is told, if anything. */
  async on(interaction: Interaction, app: SlackApp): Promise<Readonly<Record<string, unknown>> | undefined> {
    if (interaction.kind === 'click') {
      this.#goOn(this.#open(interaction, app));
      return undefined;
    }
    const decided = this.#decide(interaction, app);
    const late = sleep(this.#deps.patienceMs ?? patienceMs, 'late' as const);
    const first = await Promise.race([decided, late]);
    if (first !== 'late') return first === undefined ? undefined : refusedInModal(first);
    // The modal closes; should it come to nothing, they are told so.
    this.#goOn(decided.then((refusal) => (refusal === undefined ? undefined : this.#whisper(interaction, app, refusal))));
    return undefined;
  }

  /** Once everything that goes on is done. */
  async settled(): Promise<void> {
    await Promise.all(this.#working);
  }

  #goOn(work: Promise<unknown>): void {
    const watched = work
      .catch((error: unknown) => this.#deps.log.warn({ err: error }, 'what somebody did in Slack came to nothing'))
      .finally(() => this.#working.delete(watched));
    this.#working.add(watched);
  }

  async #open({ by, triggerId, asked, ...rest }: Extract<Interaction, { kind: 'click' }>, app: SlackApp): Promise<void> {
    const caller = await personIn(this.#deps.directory, by, app);
    if (caller === undefined) return this.#whisper({ ...rest, asked }, app, unknownPerson);
    const came = await slackApi('views.open', { trigger_id: triggerId, view: modalFor(asked, caller.username) }, app);
    if (!came.ok) await this.#whisper({ ...rest, asked }, app, `The form could not be opened; click again. (${came.message})`);
  }

  /** Decides as whoever submitted, whoever clicked before. Gives why not. */
  async #decide(submission: Extract<Interaction, { kind: 'submission' }>, app: SlackApp): Promise<string | undefined> {
    const { by, viewId, asked, reason, ticket } = submission;
    try {
      const caller = await personIn(this.#deps.directory, by, app);
      if (caller === undefined) return unknownPerson;
      const request = this.#deps.known.requests.byUid(asked.uid);
      if (request === undefined) return 'The request does not exist any more.';
      if ((await this.#deps.takeDecision(caller)) > 0) return 'You decide faster than this service takes: try again in a second.';
      // The view is submitted once, however often Slack may say so.
      const said = { verdict: asked.verdict, reason, ticket, key: `slack:${viewId}` };
      await relayDecision(this.#deps, caller, [{ request, digest: asked.digest }], said);
      return undefined;
    } catch (error) {
      if (error instanceof Problem && error.status < 500) return error.message;
      this.#deps.log.warn({ err: error }, 'a decision from Slack could not be written');
      return 'Nothing was decided, because something is down just now: try again, or use kubectl approve.';
    }
  }

  /** Tells them alone. */
  async #whisper({ asked: { responseUrl } }: Pick<Interaction, 'asked'>, { outside }: SlackApp, sentence: string): Promise<void> {
    if (responseUrl === undefined) return;
    await outside.call({
      method: 'POST',
      url: responseUrl,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ response_type: 'ephemeral', replace_original: false, text: escaped(shortened(sentence, 1_000)) }),
      known: slackHosts,
    });
  }
}
