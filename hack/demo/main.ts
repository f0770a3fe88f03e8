// `make demo`: starts a control plane with Countersign on it and tells the main job, step by step. Ends with 0 only when every step was observed.
// It ends what it started; with KEEP=1 it tells the story on the cluster of `make up` instead, and leaves that running.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { attachCluster, type Cluster } from '../cluster/cluster.ts';
import { clusterFolder } from '../cluster/run.ts';
import { startPlatform } from '../platform/platform.ts';
import { gatherPrograms, operatorLogFile, programsFolder } from '../platform/running.ts';
import { NotObserved } from './notObserved.ts';
import { Person } from './person.ts';
import { tell, type Cast } from './story.ts';
import { Terminal } from './terminal.ts';

const root = join(import.meta.dirname, '..', '..');

/** Where the story is told. */
interface Stage {
  readonly cluster: Cluster;
  readonly programs: string;
  readonly operatorLog: string;
  leave(): Promise<void>;
}

async function ownStage(terminal: Terminal): Promise<Stage> {
  const dir = mkdtempSync(join(tmpdir(), 'countersign-demo-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  const platform = await startPlatform({ dir, fsync: false, log: (line) => terminal.progress(line) });
  const programs = join(dir, 'bin');
  gatherPrograms(platform.cluster, programs);
  return { cluster: platform.cluster, programs, operatorLog: platform.operator.logFile, leave: () => platform.stop() };
}

async function keptStage(): Promise<Stage> {
  if ((await attachCluster(clusterFolder)) !== undefined) {
    throw new Error('KEEP=1 needs a cluster that is new, and one is running; end it first with: make down');
  }
  const { status } = spawnSync(process.execPath, ['hack/platform/main.ts', 'up'], { cwd: root, stdio: 'inherit' });
  const cluster = status === 0 ? await attachCluster(clusterFolder) : undefined;
  if (cluster === undefined) throw new Error('the cluster did not start');
  return { cluster, programs: programsFolder, operatorLog: operatorLogFile, leave: () => Promise.resolve() };
}

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

const keptHint = `   export KUBECONFIG=$PWD/.run/kubeconfig PATH=$PWD/.run/bin:$PATH     and you are its admin, until: make down`;

const nextSteps = (kept: boolean): string => `
What to try next
${kept ? keptHint : '   make up      leaves such a platform running, and says how to use it (make demo KEEP=1: with this story told on it)'}
   kubectl approve --reject job/NAME -m "why"   and the Job ends as Failed, so that whoever waits for it goes on
   kubectl approve why NAME                     which votes are missing, and who can give them
   kubectl explain approvalpolicy.spec          what a policy can say; config/samples has more of them
   docs/README.md                               the concepts, one page each`;

async function main(): Promise<void> {
  const started = Date.now();
  const terminal = new Terminal(process.stdout);
  const kept = !['', '0', undefined].includes(process.env['KEEP']);
  terminal.line('Starting a real control plane, and Countersign on it.');
  const stage = kept ? await keptStage() : await ownStage(terminal);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stage.leave().finally(() => process.exit(1)));
  try {
    await tell(terminal, await castOf(stage, terminal));
    terminal.line(nextSteps(kept));
    terminal.line(`\nEvery step was observed. (${Math.round((Date.now() - started) / 1000)} s)`);
  } catch (error) {
    const tail = readFileSync(stage.operatorLog, 'utf8').trimEnd().split('\n').slice(-10).join('\n');
    console.error(`\nThe operator's log (${relative(process.cwd(), stage.operatorLog)}) ends with:\n${tail}\n`);
    throw error;
  } finally {
    await stage.leave();
  }
}

main().catch((error: unknown) => {
  const unexpected = process.env['DEBUG'] || !(error instanceof Error);
  console.error(unexpected ? error : error instanceof NotObserved ? `The demo stopped: ${error.message}` : error.message);
  process.exitCode = 1;
});
