import type { Answer } from '../http/route.ts';
import { documentOf, html, type Html } from './html.ts';
import { stylePath } from './style.ts';
import { visible } from './text.ts';

/** Whoever is signed in while they look at a page. */
export interface Viewer {
  readonly username: string;
  /** Of their session; absent for whoever calls with a token. */
  readonly formToken?: string | undefined;
}

/** What is on a page. */
export interface Content {
  readonly title: string;
  readonly body: Html;
  readonly viewer?: Viewer | undefined;
}

const headers = {
  // Nobody else is told where people come from; our own pages are, as browsers otherwise send forms with an origin of "null".
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** A page as the answer of a route. */
export const page = (status: number, content: Content, more: Answer['headers'] = {}): Answer => ({
  status,
  contentType: 'text/html; charset=utf-8',
  body: documentOf(layout(content)),
  headers: { ...headers, ...more },
});

const layout = ({ title, body, viewer }: Content) => html`
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="robots" content="noindex, nofollow" />
      <title>${title} · Countersign</title>
      <link rel="stylesheet" href=${stylePath} />
    </head>
    <body>
      <a class="skip" href="#main">Skip to the content</a>
      <header class="bar">
        <div>
          <a class="brand" href="/">Countersign</a>
          ${viewer === undefined ? null : signedIn(viewer)}
        </div>
      </header>
      <main id="main">${body}</main>
    </body>
  </html>
`;

const signedIn = ({ username, formToken }: Viewer): Html => [
  html`<nav aria-label="Pages"><a href="/requests">To decide</a></nav>`,
  html`<span class="who">Signed in as <strong>${visible(username)}</strong></span>`,
  formToken === undefined
    ? null
    : html`<form method="post" action="/sign-out">
        <input type="hidden" name="form_token" value=${formToken} />
        <button class="quiet">Sign out</button>
      </form>`,
];

/** What is said at the top of a page, such as the outcome of what was just sent. */
export const note = (kind: 'yes' | 'no' | 'wait' | '', title: string, body: Html): Html =>
  html`<div class=${`card note ${kind}`} role=${kind === 'no' ? 'alert' : 'status'}>
    <h2>${title}</h2>
    <p>${body}</p>
  </div>`;
