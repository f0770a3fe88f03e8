import type { Problem } from '../http/problem.ts';
import type { Answer } from '../http/route.ts';
import { html } from './html.ts';
import { page } from './page.ts';
import { visible } from './text.ts';

const titles: Readonly<Record<number, string>> = {
  401: 'You are not signed in',
  403: 'That is not allowed',
  404: 'That is not there',
  409: 'Not now',
  410: 'That is over',
  422: 'Something in it is wrong',
  429: 'Too much at once',
  503: 'Not at the moment',
};

/** A problem as a browser is told of it. */
export interface Told {
  /** In the log as well. */
  readonly id: string;
  readonly method: string;
  /** With its query. */
  readonly path: string;
}

/** What a problem is to people: the same sentence that programs get, on a page. Whoever only has to sign in is led there. */
export const problemPages =
  ({ canSignIn }: { readonly canSignIn: boolean }) =>
  (problem: Problem, { id, method, path }: Told): Answer => {
    if (problem.code === 'unauthenticated' && method === 'GET' && canSignIn) {
      return { status: 303, headers: { location: `/sign-in?return_to=${encodeURIComponent(path)}` } };
    }
    const title = titles[problem.status] ?? 'That did not work';
    const body = html`
      <h1>${title}</h1>
      <p class="lead">${visible(problem.message)}</p>
      ${(problem.status === 401 || problem.status === 410) && canSignIn ? html`<p><a class="button" href="/sign-in">Sign in</a></p>` : html`<p><a href="/">To the start</a></p>`}
      ${problem.status >= 500 ? html`<p class="soft">The log of the service says more, under <code>${id}</code>.</p>` : null}
    `;
    return page(problem.status, { title, body }, problem.details.headers);
  };
