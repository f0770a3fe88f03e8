import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import type { Credential } from './clusterConfig.ts';
import { ChangingFile } from './fileReader.ts';
import { inClusterConfig, isInCluster } from './inCluster.ts';
import { loadClusterConfig } from './kubeconfig.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'kubeconfig-'))));
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: string | object): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : stringify(content));
  return path;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** A kubeconfig with one cluster, user and context. */
function config(user: object, cluster: object = {}, context: object = {}): object {
  return {
    'current-context': 'dev',
    clusters: [{ name: 'c', cluster: { server: 'https://k8s.example.com', ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'dev', context: { cluster: 'c', user: 'u', ...context } }],
  };
}

const load = (user: object, cluster: object = {}, options: object = {}) =>
  loadClusterConfig({ kubeconfig: write('config', config(user, cluster)), env: {}, ...options });
const credentialOf = async (user: object, options: object = {}): Promise<Credential> => load(user, {}, options).credentials.current();

describe('which kubeconfig', () => {
  it('is merged of the files in KUBECONFIG: the first to say something wins, entries are never mixed, missing files are skipped', () => {
    const first = write('first', {
      contexts: [{ name: 'a', context: { cluster: 'c', user: 'u', namespace: 'one' } }],
      users: [{ name: 'u', user: { token: 't1' } }],
    });
    const second = write('second', {
      'current-context': 'a',
      clusters: [{ name: 'c', cluster: { server: 'https://two' } }],
      users: [{ name: 'u', user: { token: 't2', username: 'mixed' } }],
      contexts: [{ name: 'a', context: { cluster: 'x' } }],
    });
    const loaded = loadClusterConfig({ env: { KUBECONFIG: `${first}:${join(folder, 'missing')}::${second}` } });
    expect(loaded).toMatchObject({ server: 'https://two', namespace: 'one', contextName: 'a', userName: 'u' });
    expect(loaded.credentials.current()).toEqual({ authorization: 'Bearer t1' });
  });

  it('is ~/.kube/config when nothing is said, and --kubeconfig alone when it is given', () => {
    mkdirSync(join(folder, '.kube'));
    write('.kube/config', config({ token: 'home' }, {}, { namespace: 'home' }));
    expect(loadClusterConfig({ env: { HOME: folder } }).namespace).toBe('home');
    const given = write('given', config({}, {}, { namespace: 'given' }));
    expect(loadClusterConfig({ kubeconfig: given, env: { HOME: folder, KUBECONFIG: '/nowhere' } }).namespace).toBe('given');
  });

  it.each([
    ['that is given but missing', () => loadClusterConfig({ kubeconfig: join(folder, 'no'), env: {} }), /kubeconfig .*\/no cannot be read/],
    ['that is not there at all', () => loadClusterConfig({ env: { HOME: folder } }), /no kubeconfig was found; set KUBECONFIG/],
    ['that is not YAML', () => loadClusterConfig({ kubeconfig: write('x', '{a: ['), env: {} }), /kubeconfig .*\/x is not YAML/],
    ['that is a list', () => loadClusterConfig({ kubeconfig: write('x', '[]'), env: {} }), /expected an object/],
    [
      'whose entry has no name',
      () => loadClusterConfig({ kubeconfig: write('x', 'users: [{}]'), env: {} }),
      /users\[0\]\.name: expected a name/,
    ],
    ['without that context', () => load({}, {}, { context: 'prod' }), /context "prod" does not exist; there are: dev/],
    ['without that user', () => load({}, {}, { user: 'root' }), /user "root" does not exist; there are: u/],
    ['whose server is no URL', () => load({}, { server: 'https://:bad' }), /cluster "c": server: expected a URL, was "https:\/\/:bad"/],
    ['whose CA file is missing', () => load({}, { 'certificate-authority': 'no.crt' }), /certificate-authority: .*no\.crt cannot be read/],
    ['with --as-group but no --as', () => load({}, {}, { asGroups: ['g'] }), /--as-group needs --as/],
    ['with a provider that client-go no longer knows', () => load({ 'auth-provider': { name: 'gcp' } }), /expected oidc, was "gcp"/],
    ['with a key but no certificate', () => load({ 'client-key-data': base64('k') }), /client-certificate: expected one/],
  ])('%s is refused in a sentence', (_what, act, message) => expect(act).toThrow(message));
});

describe('a cluster entry', () => {
  it('finds its CA beside the kubeconfig, prefers data, and drops it when verification is off', () => {
    write('ca.crt', 'PEM');
    expect(load({}, { 'certificate-authority': 'ca.crt' }).ca).toBe('PEM');
    expect(load({}, { 'certificate-authority': 'ca.crt', 'certificate-authority-data': base64('DATA') }).ca).toBe('DATA');
    expect(load({}, { 'certificate-authority': 'ca.crt', 'insecure-skip-tls-verify': true })).toMatchObject({
      ca: undefined,
      insecureSkipTlsVerify: true,
    });
  });

  it('is overridden by flags', () => {
    const options = { server: 'https://other:6443/', namespace: 'n', tlsServerName: 's', as: 'alice', asGroups: ['g'], asUid: '1' };
    expect(load({ as: 'bob', 'as-groups': ['h'] }, { 'tls-server-name': 'x' }, options)).toMatchObject({
      server: 'https://other:6443',
      namespace: 'n',
      tlsServerName: 's',
      impersonate: { user: 'alice', groups: ['g'], uid: '1' },
    });
  });
});

describe('a user', () => {
  it.each([
    [{ token: 't' }, {}, { authorization: 'Bearer t' }],
    [{ username: 'a', password: 'b' }, {}, { authorization: `Basic ${base64('a:b')}` }],
    [
      { token: 't', exec: { command: 'never-run', apiVersion: 'client.authentication.k8s.io/v1' } },
      { token: 'flag' },
      { authorization: 'Bearer flag' },
    ],
    [{ 'client-certificate-data': base64('C'), 'client-key-data': base64('K') }, {}, { cert: 'C', key: 'K' }],
    [
      { 'client-certificate-data': base64('C'), 'client-key-data': base64('K'), token: 't' },
      {},
      { cert: 'C', key: 'K', authorization: 'Bearer t' },
    ],
    [{}, {}, {}],
  ])('%o with %o proves itself by %o', async (user, options, credential) => expect(await credentialOf(user, options)).toEqual(credential));

  it('has a token file that wins over its token and is read again after the server refused it', async () => {
    write('token', 'one\n');
    const { credentials } = load({ tokenFile: 'token', token: 'older' });
    expect(await credentials.current()).toEqual({ authorization: 'Bearer one' });
    write('token', 'two!\n');
    credentials.invalidate();
    expect(await credentials.current()).toEqual({ authorization: 'Bearer two!' });
  });

  it('has a certificate that is read again when its files were rotated', async () => {
    write('crt', 'C1');
    write('key', 'K1');
    const { credentials } = load({ 'client-certificate': 'crt', 'client-key': 'key' });
    expect(await credentials.current()).toEqual({ cert: 'C1', key: 'K1' });
    write('crt', 'C2.');
    write('key', 'K2.');
    credentials.invalidate();
    expect(await credentials.current()).toEqual({ cert: 'C2.', key: 'K2.' });
  });
});

describe('a changing file', () => {
  it('is looked at now and then only, and keeps its last text while it cannot be read', () => {
    let now = 0;
    const path = write('f', 'one');
    const file = new ChangingFile(path, 'field', () => now);
    expect(file.text()).toBe('one');
    write('f', 'two!');
    utimesSync(path, 5, 5);
    expect(file.text()).toBe('one');
    now += 11_000;
    expect(file.text()).toBe('two!');
    rmSync(path);
    now += 11_000;
    expect(file.text()).toBe('two!');
  });
});

describe('a pod', () => {
  it('uses its own service account when there is no kubeconfig', () => {
    write('token', 'tok');
    write('ca.crt', 'CA');
    write('namespace', 'mine\n');
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    expect(isInCluster(env, folder)).toBe(true);
    expect(isInCluster({}, folder)).toBe(false);
    const own = inClusterConfig(env, undefined, folder);
    expect(own).toMatchObject({ server: 'https://[fd00::1]:443', ca: 'CA', namespace: 'mine' });
    expect(own.credentials.current()).toEqual({ authorization: 'Bearer tok' });
  });
});

describe('a credential plugin', () => {
  const version = 'client.authentication.k8s.io/v1';
  const plugin = (body: string): object => {
    const path = write('plugin.sh', `#!/bin/sh\necho run >> "${folder}/runs"\n${body}\n`);
    chmodSync(path, 0o755);
    return {
      exec: {
        apiVersion: version,
        command: './plugin.sh',
        args: ['x'],
        env: [{ name: 'EXTRA', value: 'e' }],
        interactiveMode: 'Never',
        provideClusterInfo: true,
      },
    };
  };
  const print = (status: object): string => `echo '${JSON.stringify({ apiVersion: version, kind: 'ExecCredential', status })}'`;
  const runs = (): number => readFileSync(join(folder, 'runs'), 'utf8').trim().split('\n').length;
  const options = { env: { PATH: process.env['PATH'] } };

  it('is run once for many requests, and again after its answer expired or was refused', async () => {
    const soon = new Date(Date.now() + 3_600_000).toISOString();
    const { credentials } = load(plugin(print({ token: 't', expirationTimestamp: soon })), {}, options);
    expect(await Promise.all([credentials.current(), credentials.current()])).toEqual([
      { authorization: 'Bearer t' },
      { authorization: 'Bearer t' },
    ]);
    expect([await credentials.current(), runs()]).toEqual([{ authorization: 'Bearer t' }, 1]);
    credentials.invalidate();
    await credentials.current();
    expect(runs()).toBe(2);
    const expired = load(plugin(print({ token: 't', expirationTimestamp: '2020-01-01T00:00:00Z' })), {}, options).credentials;
    await expired.current();
    await expired.current();
    expect(runs()).toBe(4);
  });

  it('is told of the cluster, its arguments and its environment, and may answer with a certificate', async () => {
    const body = `echo "$1 $EXTRA $KUBERNETES_EXEC_INFO" > "${folder}/told"\n${print({ clientCertificateData: 'C', clientKeyData: 'K' })}`;
    const { credentials } = load(plugin(body), { 'certificate-authority-data': base64('CA') }, options);
    expect(await credentials.current()).toEqual({ cert: 'C', key: 'K' });
    const told = readFileSync(join(folder, 'told'), 'utf8');
    expect(told).toMatch(/^x e \{/);
    expect(JSON.parse(told.slice(4))).toMatchObject({
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: 'https://k8s.example.com', 'certificate-authority-data': base64('CA') } },
    });
  });

  it.each([
    ['prints no JSON', 'echo secret-half', /printed something else/],
    ['fails', 'exit 3', /plugin\.sh ended with exit code 3/],
    [
      'answers for another version',
      `echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1beta1"}'`,
      /expected an ExecCredential of/,
    ],
    ['gives nothing', print({}), /gave neither/],
    ['gives half a certificate', print({ clientCertificateData: 'C' }), /together/],
  ])('that %s is named, and nothing it printed is repeated', async (_what, body, message) => {
    const error: unknown = await credentialOf(plugin(body), options).catch((caught: unknown) => caught);
    expect(String(error)).toMatch(message);
    expect(String(error)).not.toContain('secret-half');
  });

  it('that is not installed is named with its hint', async () => {
    const exec = { apiVersion: version, command: 'no-such-plugin', installHint: 'brew install it', interactiveMode: 'Never' };
    await expect(credentialOf({ exec }, options)).rejects.toThrow(/no-such-plugin was not found on the PATH\s+brew install it/);
  });

  it('of a version we do not speak is refused before it is run', () => {
    expect(() => load({ exec: { apiVersion: 'client.authentication.k8s.io/v1alpha1', command: 'x' } })).toThrow(
      /exec\.apiVersion: expected/,
    );
  });
});

describe('an OIDC user', () => {
  const idToken = (expiresIn: number): string =>
    `h.${Buffer.from(JSON.stringify({ exp: Math.floor(Date.now() / 1000) + expiresIn })).toString('base64url')}.s`;
  const user = (issuer: string, token: string): object => ({
    'auth-provider': {
      name: 'oidc',
      config: { 'idp-issuer-url': issuer, 'client-id': 'id', 'client-secret': 's', 'id-token': token, 'refresh-token': 'r1' },
    },
  });

  it('sends its token while it is good', async () => {
    const token = idToken(3600);
    expect(await credentialOf(user('http://127.0.0.1:1', token))).toEqual({ authorization: `Bearer ${token}` });
  });

  it('refreshes an expired token once, and keeps the new ones in the kubeconfig, comments and links kept', async () => {
    const fresh = idToken(3600);
    const asked: string[] = [];
    const issuer = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        asked.push(`${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`);
        const url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}`;
        response.end(
          JSON.stringify(request.method === 'GET' ? { token_endpoint: `${url}/token` } : { id_token: fresh, refresh_token: 'r2' }),
        );
      });
    });
    await new Promise<void>((resolve) => issuer.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(issuer.address() as AddressInfo).port}/`;
    const real = write('real', `# keep me\n${stringify(config(user(url, idToken(-10))))}`);
    const link = join(folder, 'link');
    symlinkSync(real, link);
    const { credentials } = loadClusterConfig({ kubeconfig: link, env: {} });
    const both = await Promise.all([credentials.current(), credentials.current()]);
    expect(both).toEqual([{ authorization: `Bearer ${fresh}` }, { authorization: `Bearer ${fresh}` }]);
    expect(asked).toEqual(['GET /.well-known/openid-configuration ', 'POST /token grant_type=refresh_token&refresh_token=r1']);
    const kept = readFileSync(real, 'utf8');
    expect(kept).toContain('# keep me');
    expect(kept).toContain('refresh-token: r2');
    expect(loadClusterConfig({ kubeconfig: link, env: {} }).credentials.current()).toEqual({ authorization: `Bearer ${fresh}` });
    await new Promise((resolve) => issuer.close(resolve));
  });

  it('with nothing to refresh from is told to sign in again', async () => {
    const expired = user('http://127.0.0.1:1', idToken(-10)) as { 'auth-provider': { config: Record<string, string> } };
    expired['auth-provider'].config['refresh-token'] = '';
    await expect(credentialOf(expired)).rejects.toThrow(/user "u": auth-provider\.config\.refresh-token: .*sign in again/);
  });
});
