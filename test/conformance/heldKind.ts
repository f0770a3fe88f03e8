import { describe, expect } from 'vitest';
import { annotations, labels } from '../../crds/v1alpha1/index.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { KubeObject } from '../../operator/kube/client/types.ts';
import type { Workload } from '../../operator/workloads/index.ts';
import { test } from '../fixtures/inNamespace.ts';
import { condition, isTrue, oneOf, type StoredRequest, type TestNamespace } from '../fixtures/world.ts';

/** What the suite must know of a kind that can be held, beyond what its description in operator/workloads says. */
export interface HeldKind {
  readonly workload: Workload;
  /** One that ends well as soon as it runs. */
  readonly quick: (name: string, suspendedByItsAuthor?: boolean) => object;
  /** One that runs until it is ended. */
  readonly lasting: (name: string) => object;
  /** Merge patches by which its author might let it run although it is held. */
  readonly resumes: Readonly<Record<string, object>>;
  /** Merge patches that change what would run. */
  readonly changes: Readonly<Record<string, object>>;
  /** What its author may do to it once it is released: stop it for a while, and go on. */
  readonly pauses: { readonly stop: object; readonly goOn: object };
  /** Whether it is kept from running. */
  readonly isStopped: (object: KubeObject) => boolean;
}

/** Merge patches that take our marks off or forge them, whatever the kind. */
const forgeries: Readonly<Record<string, object>> = {
  'takes the label off': { metadata: { labels: { [labels.held]: null } } },
  'names a digest it was released for': { metadata: { annotations: { [annotations.released]: `v1:sha256:${'0'.repeat(64)}` } } },
  'names another requester': { metadata: { annotations: { [annotations.requester]: 'mallory' } } },
  'takes the requester off': { metadata: { annotations: { [annotations.requester]: null } } },
  'changes what is claimed of it': { metadata: { annotations: { [annotations.reason]: 'something else' } } },
};

const says = (held: string): object => ({ metadata: { labels: { [labels.held]: held } } });
const whileHeld = { ...forgeries, 'calls it released': says('false') };
const onceReleased = { ...forgeries, 'calls it held': says('true') };

/** What every kind that can be held must do, on a real API server with the operator. */
export function describeConformance(kind: HeldKind): void {
  const { workload, isStopped } = kind;
  const { type } = workload;
  const policy = { match: [{ apiGroups: [type.group], kinds: [type.kind] }], stages: [oneOf('finance', { group: 'finance' })] };
  const seen = (object: KubeObject) => workload.project(object);

  const held = async (
    ns: TestNamespace,
    object: object,
  ): Promise<{ alice: KubeClient; bob: KubeClient; made: KubeObject; asked: StoredRequest }> => {
    await ns.policy('pay', policy);
    const [alice, bob] = [await ns.as('alice'), await ns.as('bob', ['finance'])];
    const made = await alice.create(type, ns.name, object);
    return { alice, bob, made, asked: await ns.requestOf(made) };
  };
  const now = (ns: TestNamespace): Promise<KubeObject> => ns.get(type, 'work');
  const when = (ns: TestNamespace, what: string, fits: (facts: ReturnType<typeof seen>) => boolean): Promise<KubeObject> =>
    ns.eventually(type, 'work', what, (object) => fits(seen(object)));
  const write = (who: KubeClient, ns: TestNamespace, body: object, subresource?: string): Promise<KubeObject> =>
    who.patch(type, { namespace: ns.name, name: 'work' }, body, { type: 'merge', ...(subresource === undefined ? {} : { subresource }) });
  const everybody = async (ns: TestNamespace): Promise<[string, KubeClient][]> => [
    ['its author', await ns.as('alice')],
    ['an approver', await ns.as('bob', ['finance'])],
    ['an owner of the namespace', await ns.as('olga', [], 'owners')],
    ['cluster-admin', ns.admin],
  ];

  describe.concurrent(`${type.kind}, as every kind that can be held`, () => {
    test('is held at creation, with its marks, and asked about', async ({ ns }) => {
      const { made, asked } = await held(ns, kind.quick('work'));
      expect(isStopped(made)).toBe(true);
      expect(made.metadata.finalizers).toBeUndefined();
      expect(seen(made)).toMatchObject({
        kind: type.kind,
        markedHeld: true,
        suspended: true,
        authorSuspended: false,
        requester: { username: 'alice' },
      });
      expect(seen(made).policyMarks).toEqual([`policy.countersign.dev/${ns.name}.pay`]);
      expect(asked.spec.subject.resource).toMatchObject({ kind: type.kind, name: 'work', uid: made.metadata.uid });
    });

    test('cannot be let run by anybody while it is held', async ({ ns }) => {
      const { made } = await held(ns, kind.quick('work'));
      for (const [who, client] of await everybody(ns))
        for (const [way, body] of Object.entries(kind.resumes))
          await expect(write(client, ns, body), `${who} ${way}`).rejects.toThrow(/this \w+ is held|to change/);
      expect((await now(ns))['spec']).toEqual(made['spec']);
    });

    test('cannot be unmarked, and its marks cannot be forged, by anybody, on any path', async ({ ns }) => {
      const { made } = await held(ns, kind.quick('work'));
      for (const [who, client] of await everybody(ns))
        for (const [way, body] of Object.entries(whileHeld))
          for (const path of [undefined, 'status'])
            await expect(write(client, ns, body, path), `${who} ${way} (${path ?? 'the object'})`).rejects.toThrow(/denied request/);
      const { labels: nowLabels, annotations: nowAnnotations } = (await now(ns)).metadata;
      expect([nowLabels, nowAnnotations]).toEqual([made.metadata.labels, made.metadata.annotations]);
    });

    test('cannot be changed by anybody while it is held', async ({ ns }) => {
      const { made } = await held(ns, kind.quick('work'));
      for (const [who, client] of await everybody(ns))
        for (const [way, body] of Object.entries(kind.changes)) await expect(write(client, ns, body), `${who} ${way}`).rejects.toThrow();
      expect((await now(ns))['spec']).toEqual(made['spec']);
    });

    test('has another digest for each change of what would run', async ({ ns }) => {
      const { made } = await held(ns, kind.quick('work'));
      const contents = Object.values(kind.changes).map((body) => seen(merged(made, body) as KubeObject).content);
      const all = [seen(made).content, ...contents];
      expect(new Set(all).size).toBe(all.length);
    });

    test('is released once, for the digest that was approved, and runs to its end', async ({ ns }) => {
      const { bob, asked } = await held(ns, kind.quick('work'));
      await ns.decide(bob, 'Approve', [asked]);
      const ended = await when(ns, 'over', (facts) => facts.ended !== undefined);
      expect(seen(ended)).toMatchObject({
        markedHeld: false,
        released: { digest: asked.status?.subjectDigest, request: asked.metadata.name },
        ended: { succeeded: true },
      });
      expect(condition(await ns.requestIn('Completed', asked.metadata.name), 'Completed')?.reason).toBe('Succeeded');
    });

    test('stays stopped after approval when its author had stopped it', async ({ ns }) => {
      const { alice, bob, made, asked } = await held(ns, kind.quick('work', true));
      expect(seen(made).authorSuspended).toBe(true);
      await ns.decide(bob, 'Approve', [asked]);
      expect(isStopped(await when(ns, 'released', (facts) => facts.released !== undefined))).toBe(true);
      await write(alice, ns, kind.pauses.goOn);
      await when(ns, 'over', (facts) => facts.ended?.succeeded === true);
    });

    test('is frozen from its release until it has ended, but for being stopped and going on', async ({ ns }) => {
      const { alice, bob, asked } = await held(ns, kind.lasting('work'));
      await ns.decide(bob, 'Approve', [asked]);
      await when(ns, 'released', (facts) => facts.released !== undefined);
      for (const [way, body] of Object.entries({ ...kind.changes, ...onceReleased }))
        await expect(write(alice, ns, body), way).rejects.toThrow();
      expect(isStopped(await write(alice, ns, kind.pauses.stop))).toBe(true);
      expect(isStopped(await write(alice, ns, kind.pauses.goOn))).toBe(false);
    });

    test('ends as failed when it is refused, without having run', async ({ ns }) => {
      const { bob, asked } = await held(ns, kind.quick('work'));
      await ns.decide(bob, 'Reject', [asked], { reason: 'no' });
      const ended = await when(ns, 'over', (facts) => facts.ended !== undefined);
      expect(seen(ended)).toMatchObject({ markedHeld: true, suspended: true, ended: { succeeded: false } });
      expect(seen(ended).ended?.message).toContain('Rejected by bob: no');
      expect(seen(ended).released).toBeUndefined();
    });

    test('settles its request when it is deleted', async ({ ns }) => {
      const { alice, asked } = await held(ns, kind.quick('work'));
      await alice.delete(type, { namespace: ns.name, name: 'work' }, { propagationPolicy: 'Background' });
      const settled = await ns.requestIn('Cancelled', asked.metadata.name);
      expect(condition(settled, 'Approved')).toMatchObject({ status: 'False', reason: 'SubjectGone' });
      expect(isTrue(settled, 'Settled')).toBe(true);
    });

    test('that is made anew under the same name is asked about anew', async ({ ns }) => {
      const { alice, bob, asked } = await held(ns, kind.lasting('work'));
      await ns.decide(bob, 'Approve', [asked]);
      await when(ns, 'released', (facts) => facts.released !== undefined);
      await alice.delete(type, { namespace: ns.name, name: 'work' }, { propagationPolicy: 'Background' });
      await ns.gone(type, 'work');
      const again = await alice.create(type, ns.name, kind.lasting('work'));
      const next = await ns.requestOf(again);
      expect(isStopped(again)).toBe(true);
      expect(next.status).toMatchObject({ phase: 'Reviewing', approvals: '0/1' });
      expect(next.status?.subjectDigest).not.toBe(asked.status?.subjectDigest);
    });
  });
}

/** A JSON merge patch (RFC 7386), applied. */
function merged(object: unknown, change: unknown): unknown {
  if (typeof change !== 'object' || change === null || Array.isArray(change)) return change;
  const before = typeof object === 'object' && object !== null && !Array.isArray(object) ? (object as Record<string, unknown>) : {};
  const entries = Object.entries(change as Record<string, unknown>);
  const removed = new Set(entries.filter(([, value]) => value === null).map(([key]) => key));
  const kept = Object.entries(before).filter(([key]) => !removed.has(key));
  const set = entries.filter(([key]) => !removed.has(key)).map(([key, value]) => [key, merged(before[key], value)] as const);
  return { ...Object.fromEntries(kept), ...Object.fromEntries(set) };
}
