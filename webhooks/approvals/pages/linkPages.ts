import { decideForm } from './decideForm.ts';
import { html, type Html } from './html.ts';
import { note, type Content } from './page.ts';
import { obstacleToApproval } from './subject.ts';
import { details, heading, titleOf, type Shown } from './request.ts';
import { visible } from './text.ts';

export interface LinkShown extends Shown {
  readonly token: string;
  readonly approver: string;
  readonly verdict: 'Approve' | 'Reject';
  /** Of a session that this browser has besides. */
  readonly formToken?: string | undefined;
  /** Whether there is an identity provider by which anybody signs in. */
  readonly canSignIn: boolean;
  /** They would approve, and every stage that asks wants to know more surely who they are than a mail can tell. */
  readonly mustSignIn: boolean;
  readonly refused?: { readonly sentence: string; readonly said: Readonly<Record<string, string | undefined>> } | undefined;
}

/** What a link from a mail shows: what would run, and a form. Nothing is decided by looking. */
export function linkPage(shown: LinkShown): Content {
  const { subject, refused, verdict } = shown;
  const obstacle = verdict === 'Approve' ? obstacleToApproval(subject) : undefined;
  return {
    title: verdict === 'Approve' ? 'Approve?' : 'Reject?',
    body: [
      refused === undefined ? null : note('no', 'That was not taken', visible(refused.sentence)),
      heading(shown),
      details(shown),
      shown.mustSignIn
        ? surerSection(shown)
        : obstacle === undefined
          ? confirmSection(shown)
          : note('no', 'You cannot approve it', visible(obstacle)),
    ],
  };
}

function confirmSection({ request, token, approver, verdict, formToken, canSignIn, refused }: LinkShown): Html {
  const asks = verdict === 'Approve' ? 'Do you approve exactly what is shown above?' : 'Do you reject it?';
  return html`<section class="card note wait" aria-labelledby="decide">
    <h2 id="decide">${asks}</h2>
    <p>
      Nothing is decided until you press the button. You decide as <strong>${visible(approver)}</strong>; this link was sent to you alone
      and is good once.
    </p>
    ${decideForm({
      action: `/l/${token}`,
      hidden: { form_token: formToken },
      verdicts: [verdict],
      rules: (request.status?.policies ?? []).map(({ decision }) => decision),
      questions: request.spec.questions ?? [],
      said: refused?.said,
    })}
    ${canSignIn ? html`<p class="soft">Or <a href=${signInFor(request.uid)}>sign in</a> to see all that waits for you.</p>` : null}
  </section>`;
}

const signInFor = (uid: string): string => `/sign-in?return_to=/requests/${uid}`;

const surerSection = ({ canSignIn, request }: LinkShown): Html => (canSignIn ? signInSection(request.uid) : kubectlSection(request));

const signInSection = (uid: string): Html =>
  html`<section class="card note wait" aria-labelledby="decide">
    <h2 id="decide">Please sign in to decide this</h2>
    <p>
      A mail alone does not say surely enough who approves here: the policy asks for a stronger channel. Sign in, and you are led to this
      request.
    </p>
    <p><a class="button" href=${signInFor(uid)}>Sign in and decide</a></p>
  </section>`;

const kubectlSection = ({ namespace, name }: Shown['request']): Html =>
  html`<section class="card note wait" aria-labelledby="decide">
    <h2 id="decide">Please approve this with kubectl</h2>
    <p>
      A mail alone does not say surely enough who approves here: the policy asks for a stronger channel. Nobody can sign in here with a
      browser, as no identity provider is configured.
    </p>
    <p><code>kubectl approve ${name} -n ${namespace}</code></p>
  </section>`;

/** After a decision by a link. */
export const decidedByLinkPage = ({
  verdict,
  request,
  approver,
  canSignIn,
}: Pick<LinkShown, 'verdict' | 'request' | 'approver' | 'canSignIn'>): Content => ({
  title: verdict === 'Approve' ? 'Approved' : 'Rejected',
  body: html`
    <h1>${verdict === 'Approve' ? 'You have approved it' : 'You have rejected it'}</h1>
    <div class="card note yes" role="status">
      <p><strong>${titleOf(request)}</strong> in the namespace <strong>${visible(request.namespace)}</strong></p>
      <p>Written down as the decision of <strong>${visible(approver)}</strong>. You can close this page${canSignIn ? html`, or <a href=${signInFor(request.uid)}>sign in</a> to see what comes of it` : null}.</p>
    </div>
  `,
});
