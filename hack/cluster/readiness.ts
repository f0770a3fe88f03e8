import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient } from './api.ts';
import { url } from './components.ts';
import type { ComponentName } from './contract.ts';
import type { Supervision } from './supervision.ts';

interface Plane {
  client: ApiClient;
  supervision: Supervision;
  nodeName: string;
  patienceMs?: number | undefined;
}

// Generous, because several clusters may start at once on two cores that also compile.
const defaultPatienceMs = 120_000;

/** Ready includes the built-in roles: before those exist, controllers are refused and give up. */
export async function waitForApiServer(plane: Plane): Promise<void> {
  await waitUntil('the API server is ready', plane, ['etcd', 'kube-apiserver'], () => isOk(plane, '/readyz'));
}

/** Until a pod that is created now would run: controllers and scheduler work, and the node takes pods. */
export async function waitForCluster(plane: Plane): Promise<void> {
  const { port } = plane.supervision.greeting;
  await Promise.all([
    waitUntil('the controller manager is healthy', plane, ['kube-controller-manager'], async () => {
      const healthy = await isOk(plane, '/healthz', url(port, 'controllerManager'));
      return healthy && (await isOk(plane, '/api/v1/namespaces/default/serviceaccounts/default'));
    }),
    waitUntil('the scheduler is healthy', plane, ['kube-scheduler'], () => isOk(plane, '/healthz', url(port, 'scheduler'))),
    waitUntil('the node takes pods', plane, ['kwok', 'kube-controller-manager'], () => nodeTakesPods(plane)),
  ]);
}

async function isOk({ client }: Plane, path: string, server?: string): Promise<boolean> {
  return (await client.get(path, server)).ok;
}

interface Node {
  spec: { taints?: unknown[] };
  status: { conditions?: { type: string; status: string }[] };
}

async function nodeTakesPods({ client, nodeName }: Plane): Promise<boolean> {
  const { spec, status } = (await client.get(`/api/v1/nodes/${nodeName}`)).object() as Node;
  const ready = (status.conditions ?? []).some(({ type, status: value }) => type === 'Ready' && value === 'True');
  return ready && (spec.taints ?? []).length === 0;
}

async function waitUntil(what: string, plane: Plane, needed: readonly ComponentName[], check: () => Promise<boolean>): Promise<void> {
  const { supervision, patienceMs = defaultPatienceMs } = plane;
  const deadline = Date.now() + patienceMs;
  let last: unknown;
  for (;;) {
    try {
      if (await check()) return;
      last = undefined;
    } catch (error) {
      last = error;
    }
    const ended = needed.find((name) => supervision.pid(name) === undefined);
    if (ended !== undefined) throw new Error(`${ended} ended while waiting until ${what}:\n${logTail(supervision.folder, ended)}`);
    if (Date.now() > deadline) throw new Error(`gave up waiting until ${what}`, { cause: last });
    await sleep(25);
  }
}

function logTail(folder: string, name: string): string {
  const file = join(folder, 'logs', `${name}.log`);
  return `${readFileSync(file, 'utf8').split('\n').slice(-15).join('\n')}\n(all of it in ${file})`;
}
