import { html } from './html.ts';
import type { Content } from './page.ts';

/** Where people begin who are not signed in. */
export const landingPage = ({ canSignIn }: { readonly canSignIn: boolean }): Content => ({
  title: 'Sign in',
  body: html`
    <h1>Work that waits for your agreement</h1>
    <p class="lead">Countersign holds work in this cluster until the right people have agreed to exactly what runs.</p>
    ${
      canSignIn
        ? html`<p><a class="button" href="/sign-in">Sign in</a></p>`
        : html`<p>
            Nobody can sign in here with a browser, as no identity provider is configured. Use <code>kubectl approve</code>, or the API with
            a token.
          </p>`
    }
  `,
});

/** After a sign-out. `provider`: where the identity provider ends its own session, so that the next sign-in asks again. */
export const signedOutPage = ({ provider }: { readonly provider: string | undefined }): Content => ({
  title: 'Signed out',
  body: html`
    <h1>You are signed out</h1>
    ${
      provider === undefined
        ? html`<p class="lead">You may still be signed in at your identity provider; on a machine that others use, sign out there too.</p>`
        : html`<p class="lead">
            You are now led to your identity provider, to sign out there too. If nothing happens: <a href=${provider}>sign out there</a>.
          </p>`
    }
    <p><a href="/sign-in">Sign in again</a></p>
  `,
});
