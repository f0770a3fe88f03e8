import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import type { Issued } from './pki.ts';

export interface Server {
  name: string;
  url: string;
  caFile: string;
}

type Credential = { 'client-certificate-data': string; 'client-key-data': string } | { tokenFile: string };

/** A kubeconfig that needs no other file, so that it can be handed to somebody. */
export function certificateKubeconfig(server: Server, user: string, { certificate, key }: Issued): string {
  return render(server, user, { 'client-certificate-data': base64(certificate), 'client-key-data': base64(key) });
}

/** A kubeconfig whose token is read from a file at each use, as in a pod, so that it can be renewed beneath a running process. */
export function tokenKubeconfig(server: Server, user: string, tokenFile: string): string {
  return render(server, user, { tokenFile });
}

export function writeSecret(file: string, content: string): string {
  writeFileSync(file, content, { mode: 0o600 });
  return file;
}

function render({ name, url, caFile }: Server, user: string, credential: Credential): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { server: url, 'certificate-authority-data': base64(readFileSync(caFile, 'utf8')) } }],
    users: [{ name: user, user: credential }],
    contexts: [{ name: `${user}@${name}`, context: { cluster: name, user } }],
    'current-context': `${user}@${name}`,
  });
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Whose cluster kubectl asks. What it learns of an API server it keeps beside the kubeconfig: a later cluster may have the same port. */
export const kubectlFlags = (kubeconfig: string): string[] => [
  '--kubeconfig',
  kubeconfig,
  '--cache-dir',
  join(dirname(kubeconfig), 'cache'),
];
