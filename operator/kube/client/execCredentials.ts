import { spawn } from 'node:child_process';
import type { Credential, CredentialSource } from './clusterConfig.ts';
import { KubeconfigError } from './kubeconfigFile.ts';
import type { ClusterFacts, ExecEntry } from './kubeconfigFile.ts';

const versions = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
/** A token is asked for anew so long before it runs out, so that it does not run out on the way. */
const earlyMs = 10_000;

interface Answer {
  readonly credential: Credential;
  readonly expiresAt: number;
}

/** Asks a credential plugin, as client-go does, and keeps its answer until it expires or the server refuses it. */
export class ExecCredentials implements CredentialSource {
  readonly #user: string;
  readonly #exec: ExecEntry;
  readonly #cluster: ClusterFacts;
  readonly #env: Readonly<Record<string, string | undefined>>;
  #known: Answer | undefined;
  #asking: Promise<Answer> | undefined;

  constructor(user: string, exec: ExecEntry, cluster: ClusterFacts, env: Readonly<Record<string, string | undefined>>) {
    this.#user = user;
    this.#exec = exec;
    this.#cluster = cluster;
    this.#env = env;
    if (exec.command === undefined || exec.command === '') throw this.#error('command', 'expected a command, was empty');
    if (!versions.includes(exec.apiVersion ?? '')) {
      throw this.#error('apiVersion', `expected ${versions.join(' or ')}, was "${exec.apiVersion ?? ''}"`);
    }
    if (!['Never', 'IfAvailable', 'Always', undefined].includes(exec.interactiveMode)) {
      throw this.#error('interactiveMode', `expected Never, IfAvailable or Always, was "${exec.interactiveMode ?? ''}"`);
    }
  }

  current(): Credential | Promise<Credential> {
    if (this.#known !== undefined && Date.now() < this.#known.expiresAt) return this.#known.credential;
    // Many requests may find it expired at once; the plugin is run once.
    this.#asking ??= this.#ask().finally(() => (this.#asking = undefined));
    return this.#asking.then((answer) => (this.#known = answer).credential);
  }

  invalidate(): void {
    this.#known = undefined;
  }

  async #ask(): Promise<Answer> {
    const interactive = this.#isInteractive();
    const output = await this.#run(interactive);
    let parsed: unknown;
    try {
      parsed = JSON.parse(output);
    } catch {
      // Not quoted: it may hold half a token.
      throw this.#error('command', 'expected the plugin to print an ExecCredential as JSON; it printed something else');
    }
    return this.#read(parsed as ExecCredential);
  }

  #isInteractive(): boolean {
    if (this.#exec.interactiveMode === 'Never') return false;
    if (process.stdin.isTTY) return true;
    if (this.#exec.interactiveMode === 'Always') throw this.#error('interactiveMode', 'the plugin needs a terminal and there is none');
    return false;
  }

  #run(interactive: boolean): Promise<string> {
    const { command = '', args = [], env = [] } = this.#exec;
    const added = Object.fromEntries(env.map(({ name, value }) => [name, value]));
    return new Promise((resolve, reject) => {
      const child = spawn(command, args, {
        env: { ...this.#env, ...added, KUBERNETES_EXEC_INFO: JSON.stringify(this.#info(interactive)) },
        stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
      });
      const chunks: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
      child.on('error', (error: NodeJS.ErrnoException) => reject(this.#notRun(error)));
      child.on('close', (code, signal) => {
        if (code === 0) resolve(Buffer.concat(chunks).toString('utf8'));
        else
          reject(
            this.#error(
              'command',
              `${command} ended with ${code === null ? String(signal) : `exit code ${code}`}; run it by hand to see why`,
            ),
          );
      });
    });
  }

  #notRun(error: NodeJS.ErrnoException): KubeconfigError {
    const hint = this.#exec.installHint;
    const found = error.code === 'ENOENT' ? 'was not found on the PATH' : `could not be run: ${error.message}`;
    return this.#error('command', `${this.#exec.command ?? ''} ${found}${hint === undefined ? '' : `\n\n${hint}`}`);
  }

  #info(interactive: boolean): object {
    return {
      kind: 'ExecCredential',
      apiVersion: this.#exec.apiVersion,
      spec: { interactive, ...(this.#exec.provideClusterInfo === true ? { cluster: clusterInfo(this.#cluster) } : {}) },
    };
  }

  #read(answer: ExecCredential): Answer {
    if (answer.kind !== 'ExecCredential' || answer.apiVersion !== this.#exec.apiVersion) {
      const was = `${answer.kind ?? 'nothing'} of ${answer.apiVersion ?? 'no version'}`;
      throw this.#error('command', `expected an ExecCredential of ${this.#exec.apiVersion ?? ''}, the plugin printed ${was}`);
    }
    const { token, clientCertificateData, clientKeyData, expirationTimestamp } = answer.status ?? {};
    if (token === undefined && clientCertificateData === undefined) {
      throw this.#error('command', 'expected status.token or status.clientCertificateData; the plugin gave neither');
    }
    if ((clientCertificateData === undefined) !== (clientKeyData === undefined)) {
      throw this.#error('command', 'expected status.clientCertificateData and status.clientKeyData together');
    }
    const expiresAt = expirationTimestamp === undefined ? Infinity : Date.parse(expirationTimestamp) - earlyMs;
    if (Number.isNaN(expiresAt)) throw this.#error('command', 'status.expirationTimestamp: expected an RFC 3339 time');
    const credential: Credential = {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(clientCertificateData === undefined || clientKeyData === undefined ? {} : { cert: clientCertificateData, key: clientKeyData }),
    };
    return { credential, expiresAt };
  }

  #error(field: string, what: string): KubeconfigError {
    return new KubeconfigError(`user "${this.#user}": exec.${field}: ${what}`);
  }
}

interface ExecCredential {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly status?: {
    readonly token?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
    readonly expirationTimestamp?: string;
  };
}

function clusterInfo({ cluster, server, ca, insecure }: ClusterFacts): object {
  const config = cluster.extensions?.find(({ name }) => name === 'client.authentication.k8s.io/exec')?.extension;
  return {
    server,
    'tls-server-name': cluster['tls-server-name'],
    'insecure-skip-tls-verify': insecure ? true : undefined,
    'certificate-authority-data': ca === undefined ? undefined : Buffer.from(ca).toString('base64'),
    'proxy-url': cluster['proxy-url'],
    config,
  };
}
