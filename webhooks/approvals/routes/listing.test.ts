import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { governedJobs } from '../../../crds/v1alpha1/index.ts';
import type { Access } from '../../../operator/kube/accessReview.ts';
import type { Caller } from '../callers/caller.ts';
import { filtered, listable } from './listing.ts';

const bob: Caller = { username: 'bob@corp', groups: [], via: 'Web', proof: 'BearerToken' };

/** Objects in as many namespaces, two in each, and an authorizer that keeps book of what it was asked, and of how much at once. */
class Cluster {
  readonly objects: { readonly namespace: string; readonly name: string }[];
  readonly asked: (string | undefined)[] = [];
  mostAtOnce = 0;
  readonly #mayListIn: (namespace: string | undefined) => boolean;
  #atOnce = 0;

  constructor(namespaces: number, mayListIn: (namespace: string | undefined) => boolean) {
    this.#mayListIn = mayListIn;
    const all = Array.from({ length: namespaces }, (_, n) => `team-${n}`);
    this.objects = ['first', 'second'].flatMap((name) => all.map((namespace) => ({ namespace, name })));
  }

  async may(_who: unknown, { namespace }: Access): Promise<boolean> {
    this.asked.push(namespace);
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce);
    await new Promise((resolve) => setImmediate(resolve));
    this.#atOnce -= 1;
    return this.#mayListIn(namespace);
  }

  /** As many as are taken of what bob may list. */
  async taken(most: number): Promise<string[]> {
    const names: string[] = [];
    for await (const { namespace, name } of listable({ permissions: this }, bob, governedJobs, this.objects)) {
      if (names.push(`${namespace}/${name}`) === most) break;
    }
    return names;
  }
}

describe('What somebody may list', () => {
  it('is all of it, in its order, for whoever may list in all namespaces, after one question', async () => {
    const cluster = new Cluster(50, (namespace) => namespace === undefined);
    expect(await cluster.taken(500)).toEqual(cluster.objects.map(({ namespace, name }) => `${namespace}/${name}`));
    expect(cluster.asked).toEqual([undefined]);
  });

  it('is that of the namespaces in which they may, each asked about once and twenty at a time', async () => {
    const cluster = new Cluster(50, (namespace) => namespace === 'team-7' || namespace === 'team-45');
    expect(await cluster.taken(500)).toEqual(['team-7/first', 'team-45/first', 'team-7/second', 'team-45/second']);
    expect(cluster.asked).toHaveLength(51);
    expect(cluster.mostAtOnce).toBe(20);
  });

  it('asks no further ahead than is taken', async () => {
    const cluster = new Cluster(50, (namespace) => namespace !== undefined);
    expect(await cluster.taken(3)).toEqual(['team-0/first', 'team-1/first', 'team-2/first']);
    expect(cluster.asked).toHaveLength(21);
  });

  it('is nothing at all where the authorizer does not answer', async () => {
    const cluster = new Cluster(50, (namespace) => {
      if (namespace === 'team-30') throw new Error('the API server is away');
      return namespace !== undefined;
    });
    await expect(cluster.taken(500)).rejects.toThrow('the API server is away');
  });
});

describe('What of it is wanted', () => {
  /** The numbers below that, and what was asked about them. */
  async function evenBelow(many: number, most = Infinity) {
    let [asked, atOnce, mostAtOnce] = [0, 0, 0];
    const isEven = async (n: number): Promise<boolean> => {
      asked += 1;
      mostAtOnce = Math.max(mostAtOnce, ++atOnce);
      // Answers come in another order than the questions.
      for (let turns = n % 3; turns >= 0; turns--) await new Promise((resolve) => setImmediate(resolve));
      atOnce -= 1;
      return n % 2 === 0;
    };
    const found: number[] = [];
    for await (const n of filtered(Readable.from(Array.from({ length: many }, (_, n) => n)), isEven)) if (found.push(n) === most) break;
    return { found, asked, mostAtOnce };
  }

  it('is found in its order, twenty questions at a time', async () => {
    const { found, asked, mostAtOnce } = await evenBelow(50);
    expect(found).toEqual(Array.from({ length: 25 }, (_, n) => 2 * n));
    expect([asked, mostAtOnce]).toEqual([50, 20]);
  });

  it('asks no further ahead than is taken', async () => {
    expect(await evenBelow(500, 3)).toEqual({ found: [0, 2, 4], asked: 20, mostAtOnce: 20 });
  });
});
