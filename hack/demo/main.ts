// `make demo`: starts a control plane with Countersign on it and tells the main job, step by step. Ends with 0 only when every step was observed.
// It ends what it started; with KEEP=1 it tells the story on the cluster of `make up` instead, and leaves that running.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runFolder } from '../cluster/run.ts';
import { RealBrowser } from '../peers/browser.ts';
import { onInterruption } from '../platform/interruption.ts';
import type { Cast } from './cast.ts';
import { Mailbox } from './mailbox.ts';
import { NotObserved } from './notObserved.ts';
import { Person } from './person.ts';
import { keptStage, ownStage, type Stage } from './stage.ts';
import { tell } from './story.ts';
import { Terminal } from './terminal.ts';

const root = join(import.meta.dirname, '..', '..');
const shown = (path: string): string => relative(process.cwd(), path);

async function castOf({ cluster, programs }: Stage, terminal: Terminal): Promise<Cast> {
  const person = (name: string, kubeconfig: string): Person => new Person(name, { kubeconfig, programs, folder: root, terminal });
  const cast = {
    admin: person('admin', cluster.adminKubeconfig),
    alice: person('alice', await cluster.userKubeconfig('alice', ['developers'])),
    bob: person('bob', await cluster.userKubeconfig('bob', ['finance'])),
  };
  for (const who of [cast.alice, cast.bob]) await who.run('kubectl config set-context --current --namespace payments');
  return cast;
}

const keptHint = `   export KUBECONFIG=$PWD/.run/kubeconfig PATH=$PWD/.run/bin:$PATH     and you are its admin, until: make down
   The mail server ended with the story; the channel says so once it has something to send: kubectl get cnchan`;

const nextSteps = (kept: boolean, pictures: string): string => `
What to look at, and to try next
   ${`${shown(pictures)}/*.png`.padEnd(44)} the pages that bob saw
${kept ? keptHint : '   make up      leaves such a platform running, and says how to use it (make demo KEEP=1: with this story told on it)'}
   kubectl approve --reject job/NAME -m "why"   and the Job ends as Failed, so that whoever waits for it goes on
   kubectl approve why NAME                     which votes are missing, and who can give them
   kubectl explain approvalpolicy.spec          what a policy can say; config/samples has more of them
   docs/guides/approving-over-http.md           asking, waiting and deciding by HTTP, with curl
   docs/README.md                               the concepts, one page each`;

function endOf(log: string): string {
  const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-10).join('\n');
  return `\n${shown(log)} ends with:\n${tail}\n`;
}

async function main(): Promise<void> {
  const started = Date.now();
  const terminal = new Terminal(process.stdout);
  const kept = !['', '0', undefined].includes(process.env['KEEP']);
  const pictures = join(runFolder, 'demo');
  const opened: (() => Promise<void>)[] = [];
  const leave = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  onInterruption(leave);
  try {
    // First, so that whoever has no browser is told at once.
    const browser = await RealBrowser.start({ ownSignals: false });
    opened.push(() => browser.stop());
    const mailbox = await Mailbox.open();
    opened.push(() => mailbox.close());
    terminal.line('Starting a real control plane, and Countersign on it.');
    const stage = kept ? await keptStage(mailbox.settings) : await ownStage(mailbox.settings, (line) => terminal.progress(line));
    opened.push(() => stage.leave());
    await tell(terminal, await castOf(stage, terminal), { mailbox, browser, pictures, pathShown: shown }).catch((error: unknown) => {
      console.error(stage.logs.map(endOf).join(''));
      throw error;
    });
    terminal.line(nextSteps(kept, pictures));
    terminal.line(`\nEvery step was observed. (${Math.round((Date.now() - started) / 1000)} s)`);
  } finally {
    await leave();
  }
}

main().catch((error: unknown) => {
  const unexpected = process.env['DEBUG'] || !(error instanceof Error);
  console.error(unexpected ? error : error instanceof NotObserved ? `The demo stopped: ${error.message}` : error.message);
  process.exitCode = 1;
});
