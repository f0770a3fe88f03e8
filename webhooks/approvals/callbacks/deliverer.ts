import { createHash } from 'node:crypto';
import type { Outside, Refused } from '../../../operator/notify/contract.ts';
import { sharedSignatures, signatureHeaders, type SignedMessage } from '../../../operator/notify/signature.ts';
import type { ChannelSecrets } from '../channels/secrets.ts';
import { delayAmong, type Came, type Deliverer } from '../deliveries/deliverer.ts';
import type { Known } from '../known.ts';
import type { Permissions } from '../relay/ask.ts';
import type { Delivery } from '../store/outbox.ts';
import { CallbackPayload } from './payload.ts';

export interface CallbackDelivererDeps {
  readonly outside: Pick<Outside, 'call' | 'key'>;
  readonly secrets: Pick<ChannelSecrets, 'read'>;
  readonly permissions: Pick<Permissions, 'may'>;
  readonly known: { readonly requests: Pick<Known['requests'], 'byUid'> };
  readonly now?: () => number;
}

/** At once, three within seconds, and then a long tail. */
const delaysMs = [1, 2, 4, 15, 60, 300, 1_800, 3_600, 7_200].map((seconds) => seconds * 1_000);
const gone = 410;

/** Tells the outcome of a request to whoever asked to be called: Standard Webhooks. */
export class CallbackDeliverer implements Deliverer {
  readonly #deps: CallbackDelivererDeps;

  constructor(deps: CallbackDelivererDeps) {
    this.#deps = deps;
  }

  delayMs(attempts: number): number {
    return delayAmong(delaysMs, attempts);
  }

  labelOf(): string {
    return 'Callback';
  }

  async deliver(delivery: Delivery): Promise<Came> {
    const payload = CallbackPayload.parse(delivery.payload);
    const { outside, now = Date.now } = this.#deps;
    const message: SignedMessage = { id: messageId(delivery.key), at: now(), body: payload.body };
    const shared = await this.#secretOf(delivery, payload);
    if ('refused' in shared) return { what: 'refused', refused: shared.refused };
    const own = signatureHeaders(await outside.key(), message);
    const answer = await outside.call({
      method: 'POST',
      url: payload.url,
      headers: { 'content-type': 'application/json', ...own, ...besides(own, shared.secret, message) },
      body: payload.body,
      // Anything public over 443; what is inside, or on another port, only where the administrator says so.
      known: URL.canParse(payload.url) ? [new URL(payload.url).hostname] : [],
    });
    if (!answer.answered) return { what: 'refused', refused: answer };
    const { status, retryAfterMs } = answer;
    if (status >= 200 && status < 300) return { what: 'taken', message: `It answered ${status}.` };
    const why = status === gone ? ', which asks for no more' : status >= 300 && status < 400 ? '; redirects are not followed' : '';
    const refused = { final: status === gone, message: `It answered ${status}, expected 2xx${why}.` };
    return { what: 'refused', refused: retryAfterMs === undefined ? refused : { ...refused, retryAfterMs } };
  }

  /** The Secret, where whoever wrote the request could have read it themselves; that somebody in whose name they asked could is not enough. */
  async #secretOf(
    { namespace, requestUid }: Pick<Delivery, 'namespace' | 'requestUid'>,
    payload: CallbackPayload,
  ): Promise<{ readonly secret: string | undefined } | { readonly refused: Pick<Refused, 'final' | 'message'> }> {
    if (payload.secretRef === undefined) return { secret: undefined };
    const { name, key } = payload.secretRef;
    const no = (final: boolean, sentence: string) => ({ refused: { final, message: `Not called: spec.callback.secretRef: ${sentence}` } });
    const { permissions, secrets, known } = this.#deps;
    // What an earlier version of the service put down does not say who it was; the request may.
    const author = payload.author ?? known.requests.byUid(requestUid)?.author;
    if (author === undefined) return no(false, `nobody knows who wrote the request, so nothing is signed with Secret ${name} for them.`);
    if (!(await permissions.may(author, { verb: 'get', group: '', resource: 'secrets', namespace, name })))
      return no(true, `${author.username}, who wrote the request, may not get Secret ${name}, so nothing is signed with it for them.`);
    const found = await secrets.read(namespace, name);
    if ('fault' in found) {
      const why =
        found.reason === 'SecretMissing'
          ? 'does not exist'
          : 'may not be read by the approval service; see config/samples/rbac/callback-secret.yaml';
      return no(false, `Secret ${name} ${why}.`);
    }
    const secret = found.data[key]?.trim() ?? '';
    return secret === '' ? no(false, `Secret ${name} has nothing under the key ${key}.`) : { secret };
  }
}

/** The same for every attempt. A key of the outbox has characters that no header may have, and a dot would blur what is signed. */
export const messageId = (key: string): string => `msg_${createHash('sha256').update(key).digest('hex')}`;

function besides(own: Readonly<Record<string, string>>, secret: string | undefined, message: SignedMessage): Record<string, string> {
  if (secret === undefined) return {};
  const { v1, ofBody } = sharedSignatures(secret, message);
  return { 'webhook-signature': `${v1} ${own['webhook-signature'] ?? ''}`, 'x-webhook-signature': ofBody };
}
