import { canonicalJson } from '../../core/digest.ts';
import { compiledGuardSelector, guardResources, obsolete, type GuardObject, type StoredGuard } from '../../guards/index.ts';
import { isNotFound } from '../../kube/client/apiError.ts';
import type { KubeClient } from '../../kube/client/kubeClient.ts';
import type { KubeObject, ResourceType } from '../../kube/client/types.ts';
import { WatchCache } from '../../kube/watchCache.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

interface Stored extends StoredGuard {
  readonly uid: string;
  readonly generation: number;
  /** `ApprovalPolicy payments/tiers`: whose guard it is. */
  readonly policy: string;
}

interface Applied {
  readonly content: string;
  readonly generation: number;
}

/** The guards of all policies as the API server has them, and how they are written. Somebody who edits or deletes one is noticed by the watch. */
export class GuardStore {
  readonly #client: KubeClient;
  readonly #caches: ReadonlyMap<string, WatchCache<Stored>>;
  /** What this process last wrote, so that an unchanged guard is not written again. */
  readonly #applied = new Map<string, Applied>();

  constructor({ client, log, metrics, kinds }: { client: KubeClient; log: Logger; metrics: Metrics; kinds: readonly string[] }) {
    this.#client = client;
    const cacheOf = (type: ResourceType) =>
      new WatchCache<Stored>({
        client,
        type,
        log,
        metrics,
        labelSelector: compiledGuardSelector,
        project: (raw) => stored(type.kind, raw),
      });
    this.#caches = new Map(guardResources.filter((type) => kinds.includes(type.kind)).map((type) => [type.kind, cacheOf(type)]));
  }

  async start(): Promise<void> {
    for (const cache of this.#caches.values()) cache.start();
    await Promise.all([...this.#caches.values()].map((cache) => cache.synced));
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#caches.values()].map((cache) => cache.stop()));
  }

  isSynced(): boolean {
    return [...this.#caches.values()].every((cache) => cache.isSynced());
  }

  /** Calls back with the policy (`ApprovalPolicy payments/tiers`) whose guard was changed by anybody. */
  onChange(listener: (policy: string) => void): () => void {
    const stops = [...this.#caches.values()].map((cache) =>
      cache.onChange(({ old, new: now }) => {
        const policy = (now ?? old)?.policy;
        if (policy !== undefined && policy !== '') listener(policy);
      }),
    );
    return () => {
      for (const stop of stops) stop();
    };
  }

  /** Every policy that has guards. */
  policies(): Set<string> {
    return new Set(this.#all().map((guard) => guard.policy));
  }

  /** Writes what differs, in the order given, and then removes what the same policy does not want any more. */
  async bring(wanted: readonly GuardObject[], of: string): Promise<void> {
    for (const guard of wanted) await this.#apply(guard);
    for (const { kind, name } of obsolete(wanted, this.#all(), of)) await this.#remove(kind, name);
  }

  /** Removes every guard of every policy: first what refuses, then what holds, so that nothing is refused for not having been held. */
  async clear(): Promise<void> {
    const all = this.#all().sort((a, b) => removalOrder(a.kind) - removalOrder(b.kind));
    for (const { kind, name } of all) await this.#remove(kind, name);
  }

  async #apply(guard: GuardObject): Promise<void> {
    const key = `${guard.kind}/${guard.metadata.name}`;
    const content = canonicalJson(guard);
    const known = this.#caches.get(guard.kind)?.get(guard.metadata.name);
    const applied = this.#applied.get(key);
    if (known !== undefined && applied?.content === content && applied.generation === known.generation) return;
    const ref = { name: guard.metadata.name };
    const answer = await this.#client.patch(typeOf(guard.kind), ref, guard, {
      type: 'apply',
      fieldManager: 'countersign',
      force: true,
    });
    this.#applied.set(key, { content, generation: answer.metadata.generation ?? 0 });
    this.#caches.get(guard.kind)?.observe(answer);
  }

  async #remove(kind: string, name: string): Promise<void> {
    this.#applied.delete(`${kind}/${name}`);
    try {
      await this.#client.delete(typeOf(kind), { name });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  #all(): Stored[] {
    return [...this.#caches.values()].flatMap((cache) => [...cache.values()]);
  }
}

const removalOrder = (kind: string): number => (kind.startsWith('Validating') ? 0 : 2) + (kind.endsWith('Binding') ? 0 : 1);

function typeOf(kind: string): ResourceType {
  const type = guardResources.find((t) => t.kind === kind);
  if (type === undefined) throw new RangeError(`${kind} is no kind of guard`);
  return type;
}

const stored = (kind: string, { metadata }: KubeObject): Stored => ({
  kind,
  name: metadata.name,
  uid: metadata.uid,
  labels: metadata.labels ?? {},
  generation: metadata.generation ?? 0,
  policy: metadata.annotations?.['countersign.dev/policy'] ?? '',
});
