import { createHash } from 'node:crypto';

/** The one stylesheet. Colours keep a contrast of 4.5 to 1 and more in both schemes; nothing is said by colour alone. */
export const stylesheet = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --text: #1b2330; --soft: #566072; --line: #d5dae2; --code: #f1f3f6;
  --link: #0b57b7; --yes: #146c34; --yes-page: #e5f4ea; --no: #a8201a; --no-page: #fbe9e7; --wait: #7a4d00; --wait-page: #fdf3dc;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161d; --card: #1a2029; --text: #e6e9ee; --soft: #a2adbd; --line: #333c4a; --code: #11151b;
    --link: #8ab8ff; --yes: #7fd89a; --yes-page: #15301f; --no: #ff9d95; --no-page: #3a1a19; --wait: #f2c665; --wait-page: #33290f;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -100vw; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; z-index: 1; }
.bar { background: var(--card); border-bottom: 1px solid var(--line); }
.bar > div { max-width: 62rem; margin: 0 auto; padding: .6rem 1.2rem; display: flex; gap: .5rem 1.2rem; align-items: center; flex-wrap: wrap; }
.bar .brand { font-weight: 650; text-decoration: none; color: inherit; letter-spacing: .01em; }
.bar .who { margin-left: auto; color: var(--soft); }
.bar form { margin: 0; }
main { max-width: 62rem; margin: 0 auto; padding: 1.2rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .4rem 0; }
h2 { font-size: 1.05rem; margin: 0 0 .7rem; }
h3 { font-size: 1rem; margin: 0 0 .3rem; }
.lead { font-size: 1.1rem; margin: .2rem 0 1.2rem; }
.soft { color: var(--soft); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: 1rem 1.2rem; margin: 0 0 1rem; }
.card > :first-child { margin-top: 0; }
.card > :last-child { margin-bottom: 0; }
dl.facts { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: .35rem 1.2rem; margin: 0; }
dl.facts dt { color: var(--soft); }
dl.facts dd { margin: 0; white-space: pre-wrap; }
pre, code { font: .9em/1.45 ui-monospace, "DejaVu Sans Mono", monospace; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .8rem; margin: .4rem 0; white-space: pre-wrap; max-height: 30rem; overflow: auto; }
pre.diff ins, pre.diff del, pre.diff span { display: block; text-decoration: none; padding: 0 .3rem 0 1.5rem; text-indent: -1.2rem; min-height: 1.45em; }
pre.diff ins { color: var(--yes); background: var(--yes-page); }
pre.diff del { color: var(--no); background: var(--no-page); }
.badge { display: inline-block; border: 1px solid currentcolor; border-radius: 1rem; padding: 0 .6rem; font-size: .85rem; white-space: nowrap; }
.badge.yes { color: var(--yes); background: var(--yes-page); }
.badge.no { color: var(--no); background: var(--no-page); }
.badge.wait { color: var(--wait); background: var(--wait-page); }
.note { border-left: .3rem solid var(--link); }
.note.yes { border-color: var(--yes); }
.note.no { border-color: var(--no); }
.note.wait { border-color: var(--wait); }
.container + .container { border-top: 1px solid var(--line); margin-top: .9rem; padding-top: .9rem; }
ul, ol { padding-left: 1.3rem; margin: .3rem 0; }
li + li { margin-top: .3rem; }
summary { cursor: pointer; color: var(--link); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .5rem .8rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { color: var(--soft); font-weight: 500; }
tr:last-child td { border-bottom: 0; }
mark.hidden-char { background: var(--no-page); color: var(--no); border: 1px solid var(--no); border-radius: .2rem; padding: 0 .15rem; font: .85em ui-monospace, "DejaVu Sans Mono", monospace; }
form.decide label, form.decide legend { display: block; font-weight: 600; margin: .9rem 0 .25rem; }
form.decide .hint { font-weight: 400; color: var(--soft); }
form.decide fieldset { border: 0; padding: 0; margin: 0; }
form.decide fieldset label { font-weight: 400; margin: .2rem 0; }
input:not([type=radio]), textarea, select { width: 100%; max-width: 40rem; font: inherit; color: inherit; background: var(--page); border: 1px solid var(--soft); border-radius: .4rem; padding: .45rem .6rem; }
.buttons { display: flex; flex-wrap: wrap; gap: .8rem; margin-top: 1.2rem; }
button, .button { font: inherit; font-weight: 600; cursor: pointer; border-radius: .4rem; padding: .55rem 1.3rem; border: 1px solid var(--link); background: var(--card); color: var(--link); text-decoration: none; display: inline-block; }
button.yes { background: var(--yes); border-color: var(--yes); color: var(--card); }
button.no { border-color: var(--no); color: var(--no); }
button.quiet { border: 0; padding: 0; background: none; font-weight: 400; text-decoration: underline; }
@media (max-width: 40rem) {
  dl.facts { grid-template-columns: 1fr; gap: 0; }
  dl.facts dd { margin-bottom: .5rem; }
  .bar .who { margin-left: 0; }
  thead { display: none; }
  tr, td { display: block; }
  tr { border-bottom: 1px solid var(--line); padding: .5rem 0; }
  td { border: 0; padding: .1rem 0; }
  td[data-label]:not(:empty)::before { content: attr(data-label) ": "; color: var(--soft); }
}
`;

/** Its address changes with it, so that browsers keep it for good. */
export const stylePath = `/assets/countersign-${createHash('sha256').update(stylesheet).digest('hex').slice(0, 12)}.css`;
