import { saidAnywhere } from '../../../operator/core/saidBefore.ts';
import { isOpen } from '../../../operator/core/stageStates.ts';
import { isSettled, type KnownRequest } from '../requests.ts';
import { decideForm } from './decideForm.ts';
import { html, type Html } from './html.ts';
import { note, type Content, type Viewer } from './page.ts';
import { obstacleToApproval } from './subject.ts';
import { details, heading, stateBadge, titleOf, type Shown } from './request.ts';
import { moment, visible } from './text.ts';

export interface ListShown {
  readonly requests: readonly KnownRequest[];
  readonly viewer: Viewer;
  readonly now: number;
  readonly more: boolean;
}

/** What waits for whoever looks. */
export const listPage = ({ requests, viewer, now, more }: ListShown): Content => ({
  title: 'To decide',
  viewer,
  body: html`
    <h1>What waits for you</h1>
    ${
      requests.length === 0
        ? html`<p class="lead">Nothing waits for your decision.</p>`
        : html`<div class="card">
            <table>
              <thead>
                <tr>
                  <th scope="col">What</th>
                  <th scope="col">Asked by</th>
                  <th scope="col">Namespace</th>
                  <th scope="col">Since</th>
                  <th scope="col">Expires</th>
                </tr>
              </thead>
              <tbody>
                ${requests.map((request) => listRow(request, now))}
              </tbody>
            </table>
          </div>`
    }
    ${more ? html`<p class="soft">There are more; these are the newest.</p>` : null}
  `,
});

const listRow = (request: KnownRequest, now: number): Html => {
  const { spec, status, requester } = request;
  return html`<tr>
    <td>
      <a href=${`/requests/${request.uid}`}>${titleOf(request)}</a>
      ${spec.reason === undefined ? null : html`<br /><span class="soft">${visible(clip(spec.reason))}</span>`}
    </td>
    <td data-label="Asked by">${visible(requester.username)}</td>
    <td data-label="Namespace">${visible(request.namespace)}</td>
    <td data-label="Since">${moment(request.createdAt, now)}</td>
    <td data-label="Expires">${status?.expiresAt === undefined ? '' : moment(status.expiresAt, now)}</td>
  </tr>`;
};

const clip = (text: string): string => (text.length <= 120 ? text : `${Array.from(text).slice(0, 120).join('')}…`);

export interface RequestShown extends Shown {
  readonly viewer: Viewer;
  /** Whether a stage that is open waits for them, or for somebody in whose stead they may decide. */
  readonly isAsked: boolean;
  /** What they have just decided. */
  readonly decided?: 'Approve' | 'Reject' | undefined;
  /** Why what they have just sent was not taken, and what they had typed. */
  readonly refused?: { readonly sentence: string; readonly said: Readonly<Record<string, string | undefined>> } | undefined;
  /** Of this showing of the form: sent twice, it is one decision. */
  readonly formId: string;
}

/** A request, and the form to decide it where it is open. */
export function requestPage(shown: RequestShown): Content {
  const { request, viewer, decided, refused } = shown;
  return {
    title: `${request.spec.operation} in ${request.namespace}`,
    viewer,
    body: [
      refused === undefined ? null : note('no', 'That was not taken', visible(refused.sentence)),
      decided === undefined ? null : decidedNote(decided, request),
      heading(shown),
      details(shown),
      isSettled(request) ? settledNote(request) : decided === undefined ? decideSection(shown) : null,
    ],
  };
}

const decidedNote = (decided: 'Approve' | 'Reject', request: KnownRequest): Html =>
  decided === 'Approve'
    ? note(
        'yes',
        'You have approved it',
        isSettled(request)
          ? 'Everybody who was asked has agreed.'
          : 'Your approval is written down; whether others are needed too is said below.',
      )
    : note('yes', 'You have rejected it', 'Your rejection is written down.');

const settledNote = (request: KnownRequest): Html =>
  html`<section class="card">
    <h2>Decided</h2>
    <p>${stateBadge(request)} ${visible(request.status?.conditions.find(({ type }) => type === 'Approved')?.message ?? '')}</p>
  </section>`;

/** Why no open stage waits for whoever looks, nor for anybody in whose stead they may decide, and what becomes of what they say all the same. */
function whyUnasked({ requester, status }: KnownRequest, { username }: Viewer): string {
  const vote = saidAnywhere(username, status ?? {}, (status?.stages ?? []).filter(isOpen));
  if (vote !== undefined) {
    const verdict = vote.verdict === 'Approve' ? 'approved' : 'rejected';
    return vote.counted
      ? `You have ${verdict} this already, and need not say it again. Your last word counts.`
      : `You have ${verdict} this already. That does not count, for the reason that is given above, and to say it again changes nothing.`;
  }
  const onlyNo = 'no open stage takes your approval, and your rejection counts where a stage asks you.';
  if (requester.username === '') return `It is not known who asked for this, so it may have been you: ${onlyNo}`;
  if (requester.username === username || requester.submittedBy === username) return `You asked for this yourself: ${onlyNo}`;
  return 'No open stage asks you, nor anybody in whose stead you may decide. Unless a later stage does, what you say will be refused.';
}

function decideSection({ request, subject, viewer, isAsked, refused, formId }: RequestShown): Html {
  const obstacle = obstacleToApproval(subject);
  const digest = request.status?.subjectDigest;
  const open = digest !== undefined && !request.spec.draft && viewer.formToken !== undefined;
  return html`<section class="card note wait" aria-labelledby="decide">
    <h2 id="decide">Your decision</h2>
    ${
      open
        ? [
            isAsked ? null : html`<p>${whyUnasked(request, viewer)}</p>`,
            obstacle === undefined ? null : html`<p><strong>${visible(obstacle)}</strong></p>`,
            html`<p>You decide on exactly what is shown above. If it changes meanwhile, your decision does not count.</p>`,
            decideForm({
              action: `/requests/${request.uid}/decision`,
              hidden: { form_token: viewer.formToken, digest, form_id: formId },
              verdicts: obstacle === undefined ? ['Approve', 'Reject'] : ['Reject'],
              rules: (request.status?.policies ?? []).map(({ decision }) => decision),
              questions: request.spec.questions ?? [],
              said: refused?.said,
            }),
          ]
        : html`<p>
            It cannot be decided
            here${digest === undefined ? ' yet: the operator has not looked at it' : request.spec.draft ? ': it is a draft' : ' with a token: sign in with a browser'}.
          </p>`
    }
  </section>`;
}
