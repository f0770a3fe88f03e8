import { html } from 'htm/preact';
import { renderToStaticMarkup } from 'preact-render-to-string';
import { oneLine } from '../core/printable.ts';
import type { Links, Notice, Recipient } from './contract.ts';
import { asks, factsOf, runsOf, shortened, titleOf, type Fact } from './wording.ts';

/** A mail as it is written for one person. */
export interface Mail {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

const mostSubject = 160;

/** What the mail says. Everything that others wrote is escaped in the HTML, and indented in the text, so that no line of it passes for one of ours. */
export function mailOf(notice: Notice, recipient: Recipient): Mail {
  const parts: Parts = {
    title: titleOf(notice),
    facts: factsOf(notice),
    runs: runsOf(notice.request),
    links: linksFor(notice, recipient),
    note: noteFor(notice, recipient),
  };
  return { subject: shortened(parts.title, mostSubject), text: textOf(parts), html: htmlOf(parts) };
}

interface Link {
  readonly label: string;
  readonly url: string;
  readonly colour: string;
}

interface Parts {
  readonly title: string;
  readonly facts: readonly Fact[];
  readonly runs: readonly string[];
  readonly links: readonly Link[];
  readonly note: string;
}

function linksFor(notice: Notice, { links = {} }: Recipient): Link[] {
  const deciding: Links = asks(notice) ? links : {};
  const all: [string, string | undefined, string][] = [
    ['Approve', deciding.approve, '#1a7f37'],
    ['Reject', deciding.reject, '#b42318'],
    ['The request', links.view ?? notice.request.url, '#344054'],
  ];
  return all.flatMap(([label, url, colour]) => (url?.startsWith('https://') === true ? [{ label, url, colour }] : []));
}

function noteFor(notice: Notice, { username, links }: Recipient): string {
  const who = oneLine(username);
  if (!asks(notice)) return `This mail is for ${who}.`;
  return links?.approve === undefined && links?.reject === undefined
    ? `This mail is for ${who}. Open the request to decide; you will be asked to sign in.`
    : `These links are for ${who} alone: do not forward this mail. Opening one shows what would run and asks; nothing is decided before you confirm.`;
}

function textOf({ title, facts, runs, links, note }: Parts): string {
  const indented = (value: string): string => value.split('\n').join('\n      ');
  return [
    title,
    '',
    ...facts.map(({ name, value }) => `  ${name}: ${indented(value)}`),
    ...(runs.length === 0 ? [] : ['', 'What would run:', ...runs.map((line) => `      ${line}`)]),
    '',
    ...links.map(({ label, url }) => `${label}: ${url}`),
    '',
    note,
    '',
  ].join('\n');
}

const cell = 'padding:4px 12px 4px 0;vertical-align:top;text-align:left;';

function htmlOf({ title, facts, runs, links, note }: Parts): string {
  const body = html`<html lang="en">
    <head>
      <meta charset="utf-8" />
      <title>${title}</title>
    </head>
    <body style="font-family:sans-serif;color:#101828;max-width:44em">
      <h1 style="font-size:1.2em">${title}</h1>
      <table role="presentation" style="border-collapse:collapse">
        ${facts.map(
          ({ name, value }) =>
            html`<tr>
              <th scope="row" style="${cell}color:#475467;font-weight:normal;white-space:nowrap">${name}</th>
              <td style="${cell}white-space:pre-wrap;word-break:break-word">${value}</td>
            </tr>`,
        )}
      </table>
      ${runs.length === 0 ? null : html`<h2 style="font-size:1em">What would run</h2>`}
      ${runs.length === 0 ? null : html`<pre style="background:#f2f4f7;padding:8px;white-space:pre-wrap;word-break:break-word">${runs.join('\n')}</pre>`}
      <p>
        ${links.map(
          ({ label, url, colour }) =>
            html`<a
              href="${url}"
              style="display:inline-block;margin:0 8px 8px 0;padding:8px 16px;border-radius:6px;color:#ffffff;background:${colour};text-decoration:none"
              >${label}</a
            >`,
        )}
      </p>
      <p style="color:#475467">${note}</p>
    </body>
  </html>`;
  return `<!doctype html>${renderToStaticMarkup(body)}`;
}
