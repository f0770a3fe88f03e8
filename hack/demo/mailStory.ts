import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RealBrowser, Visitor } from '../peers/browser.ts';
import type { Cast } from './cast.ts';
import type { GotMail, Mailbox } from './mailbox.ts';
import { NotObserved, expectWords } from './notObserved.ts';
import type { Terminal } from './terminal.ts';

/** What the story about the mail takes besides its people. */
export interface Post {
  readonly mailbox: Mailbox;
  readonly browser: RealBrowser;
  /** Where pictures of pages are kept, and how that is shown to whoever reads along. */
  readonly pictures: string;
  readonly pathShown: (path: string) => string;
}

const manifests = 'hack/demo/manifests';
const job = 'payout-4713';
const reason = "The supplier's invoice 2291 is due today";
const image = 'registry.example.com/pay:3.0.1';
const answer = 'Checked against the invoice';
const timeline = `kubectl approve describe job/${job} | sed -n '/^Timeline/,/^$/p'`;

/** Tells how somebody approves who has nothing but a mailbox and a browser. @throws NotObserved */
export async function tellByMail(terminal: Terminal, cast: Cast, post: Post): Promise<void> {
  await turnOn(terminal, cast, post);
  const mail = await ask(terminal, cast, post);
  const visitor = await post.browser.person();
  const link = await look(terminal, cast, post, visitor, mail);
  await press(terminal, post, visitor);
  await complete(terminal, cast, post);
  await pressAgain(terminal, visitor, link);
  await visitor.close();
}

async function turnOn(terminal: Terminal, { admin }: Cast, { mailbox }: Post): Promise<void> {
  terminal.step('Not everybody has kubectl. The approval service mails whoever a stage asks.');
  await admin.types(`cat ${manifests}/by-mail.yaml`);
  await admin.types(`sed 's/MAIL_PORT/${mailbox.port}/' ${manifests}/by-mail.yaml | kubectl apply -f -`);
  await admin.types('kubectl wait --for=condition=Ready cnchan/mail --timeout=60s');
  const generations = "kubectl -n payments get apol finance -o jsonpath='{.metadata.generation} {.status.observedGeneration}'";
  await admin.waitsFor('the changed policy to be enforced', generations, (text) => {
    const [wanted, enforced] = text.split(' ');
    return wanted !== '' && wanted === enforced;
  });
  terminal.seen('the channel can be used, and the changed policy is enforced');
}

async function ask(terminal: Terminal, { alice }: Cast, { mailbox }: Post): Promise<GotMail> {
  terminal.step('alice applies a Job. bob gets a mail.');
  await alice.types(`kubectl apply -f ${manifests}/payout.yaml`);
  const mail = await mailbox.mailTo('bob@example.com', 'Approval wanted: payout');
  terminal.say('\n   What arrived at the mail server:');
  terminal.answer(`From: ${mail.from}\nTo: ${mail.to}\nSubject: ${mail.subject}\n\n${mail.text}`);
  expectWords(mail.text, 'Requested by: alice', reason, image, 'Approve: https://', 'Reject: https://');
  if (!mail.secure) throw new NotObserved('the mail to come over TLS', 'a mail that did not');
  terminal.seen('it came over TLS, says who wants what and why, and carries links that are for bob alone');
  return mail;
}

async function look(terminal: Terminal, { bob }: Cast, post: Post, visitor: Visitor, mail: GotMail): Promise<string> {
  terminal.step('bob follows the link in a browser. Looking decides nothing: scanners of mail follow links too.');
  const link = linkIn(mail, 'Approve');
  const shown = await follow(visitor, link, 200);
  expectWords(shown, 'alice', reason, image, 'Nothing is decided until you press the button', 'You decide as bob');
  terminal.say(`\n   The page: ${link}`);
  await picture(terminal, post, visitor, 'asked.png');
  expectWords((await bob.types(`kubectl get job ${job}`)).text, 'Suspended');
  const { text } = await bob.types(timeline);
  expectWords(text, 'requested by alice');
  if (/approved by|settled/.test(text)) throw new NotObserved('nothing to be decided yet', text);
  terminal.seen('the page shows what would run, and asks; the Job is still suspended, and nobody has decided anything');
  return link;
}

async function press(terminal: Terminal, post: Post, visitor: Visitor): Promise<void> {
  terminal.step('bob writes why, and presses the button.');
  await visitor.page.fill('#reason', answer);
  await visitor.page.click('button[value=Approve]');
  // When something else comes, that is what is shown.
  await visitor.page
    .getByRole('status')
    .waitFor()
    .catch(() => undefined);
  const shown = await shownOn(visitor);
  expectWords(shown, 'You have approved it', 'Written down as the decision of bob');
  terminal.say('\n   The page now says:');
  terminal.answer(shown);
  await picture(terminal, post, visitor, 'approved.png');
  terminal.seen('the decision is written, in the name of bob');
}

async function complete(terminal: Terminal, { alice, bob }: Cast, { mailbox }: Post): Promise<void> {
  terminal.step('The Job runs, and alice is told.');
  await alice.types(`kubectl approve wait --for=completed --timeout=60s job/${job}`);
  expectWords((await alice.types(`kubectl get job ${job}`)).text, 'Complete', '1/1');
  const { text } = await bob.types(timeline);
  expectWords(text, `approved by bob by Email: ${answer}`, 'released', 'ended: The Job ran to completion.');
  const told = [
    await mailbox.mailTo('alice@example.com', 'Approved: payout'),
    await mailbox.mailTo('alice@example.com', 'Completed: payout'),
  ];
  terminal.say('\n   Mails to alice@example.com:');
  terminal.answer(told.map(({ subject }) => subject).join('\n'));
  terminal.seen('the Job is complete, the record says by which channel bob decided, and alice has it in her mailbox');
}

async function pressAgain(terminal: Terminal, visitor: Visitor, link: string): Promise<void> {
  terminal.step('Somebody finds the mail and follows its link once more.');
  const shown = await follow(visitor, link, 410);
  expectWords(shown, 'This link was used');
  terminal.answer(shown);
  terminal.seen('a link is good once');
}

function linkIn({ text }: GotMail, label: string): string {
  const link = new RegExp(`^${label}: (https://\\S+)$`, 'm').exec(text)?.[1];
  if (link === undefined) throw new NotObserved(`a link to ${label.toLowerCase()}`, text);
  return link;
}

/** Opens a link; what the page says. @throws NotObserved when it is not answered with that status */
async function follow(visitor: Visitor, link: string, status: number): Promise<string> {
  const answered = await visitor.page.goto(link);
  const shown = await shownOn(visitor);
  if (answered?.status() !== status) throw new NotObserved(`the link to be answered with ${status}`, `${answered?.status()}: ${shown}`);
  return shown;
}

/** What is on the page to read, without what is the same on all pages. */
const shownOn = async ({ page }: Visitor): Promise<string> => (await page.locator('main').innerText()).replace(/\n+/g, '\n');

async function picture(terminal: Terminal, { pictures, pathShown }: Post, { page }: Visitor, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  const path = join(pictures, name);
  await page.screenshot({ path, fullPage: true });
  terminal.say(`Its picture: ${pathShown(path)}`);
}
