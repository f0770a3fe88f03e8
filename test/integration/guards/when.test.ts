import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compile } from '../../../operator/guards/index.ts';
import { eventually } from './api.ts';
import { job, jobsPath } from './subjects.ts';
import { marks, whenPolicies } from './whenPolicies.ts';
import { audits, expectHeldBy, failingAudits, failingHolds, holds, refusals, refusedFor, whenFreedoms, type Row } from './whens.ts';
import { applyGuard, operatorUser, removeGuard, startWorld, withoutBindings, type World } from './world.ts';

// No process of ours runs here. The same in hold mode Webhook: ../admission/whenByWebhook.test.ts.
let world: World;
beforeAll(async () => {
  world = await startWorld('MutatingAdmissionPolicy', whenPolicies);
});
afterAll(() => world.stop());

const rows: readonly Row[] = [...holds, ...failingHolds, ...audits, ...failingAudits];

describe('policies with a when, and policies that only audit', () => {
  test.each(rows)('$name', ({ see }) => see(world));
  test.each(whenFreedoms)('$name', ({ see }) => see(world));
  test.each(refusals)('refused: $name', async (row) => {
    expect(await refusedFor(row.try(world))).toContain(row.expect);
  });
});

describe('a probe of the operator', () => {
  const probe =
    (by: 'operator' | 'alice', labels: Record<string, string>, dryRun = true) =>
    async () => {
      const ns = await world.namespace(false, labels);
      const marks = {
        labels: { 'countersign.dev/held': 'true' },
        annotations: {
          'countersign.dev/author-suspended': 'false',
          'countersign.dev/requester': by,
          'countersign.dev/requester-groups': '',
        },
      };
      const { metadata, ...rest } = job('', marks, { suspend: true, parallelism: 1 }) as { metadata: object };
      const made = { ...rest, metadata: { ...metadata, name: undefined, generateName: 'countersign-probe-' } };
      return world.as(by).create(`${jobsPath(ns)}${dryRun ? '?dryRun=All' : ''}`, made);
    };

  test('is held by a policy whose when is false of it, and marked by one that only audits', async () => {
    const held = await probe('operator', { sized: 'yes' })();
    expect(held.metadata.annotations).toHaveProperty(['policy.countersign.dev/cluster_.sized'], 'held');
    const audited = await probe('operator', { watched: 'yes' })();
    expect(audited.metadata.annotations).toHaveProperty(['audit.countersign.dev/cluster_.watching'], 'would-hold');
  });

  test('that is kept is none', async () => {
    const kept = await probe('operator', { sized: 'yes' }, false)();
    expect(kept.metadata.annotations).not.toHaveProperty(['policy.countersign.dev/cluster_.sized']);
  });
});

// Last in this file, because it takes the guards away: each test above must be seen to fail without its guard.
describe('with its guard removed', () => {
  const policiesOf = (by: RegExp): Set<string> =>
    new Set(
      world.guards.flatMap(({ spec }) => {
        const { policyName } = (spec ?? {}) as { policyName?: string };
        return policyName !== undefined && by.test(policyName) ? [policyName] : [];
      }),
    );
  const byGuard = <T extends { readonly by: RegExp }>(all: readonly T[]): [string, T[]][] => [...Map.groupBy(all, ({ by }) => by.source)];
  const isSeen = (row: Row): Promise<boolean> =>
    row.see(world).then(
      () => true,
      () => false,
    );

  /** Several policies are taken away, and the API server notices one after the other. */
  const all = async <T>(of: readonly T[], is: (row: T) => Promise<boolean>, expected: boolean): Promise<boolean> =>
    (await Promise.all(of.map(is))).every((found) => found === expected);

  test.each(byGuard(rows))('%s: nothing is seen of it', async (_by, those) => {
    await withoutBindings(
      world,
      policiesOf(those[0]!.by),
      () => all(those, isSeen, false),
      async () => {
        for (const row of those) expect(await isSeen(row), row.name).toBe(false);
      },
    );
    await eventually('it is seen again', async () => ((await all(those, isSeen, true)) ? true : undefined));
  });

  const isLetThrough = (row: (typeof refusals)[number]): Promise<boolean> =>
    row.try(world).then(
      () => true,
      (error: unknown) => {
        if (error instanceof Error && error.message.includes(row.expect)) return false;
        throw error;
      },
    );

  test.each(byGuard(refusals))('%s: everything is let through', async (_by, those) => {
    await withoutBindings(
      world,
      policiesOf(those[0]!.by),
      () => all(those, isLetThrough, true),
      async () => {
        for (const row of those) expect(await isLetThrough(row), row.name).toBe(true);
      },
    );
    await eventually('it is refused again', async () => ((await all(those, isLetThrough, false)) ? true : undefined));
  });

  test('what did not arrive held is refused, where when is true and where it fails; without the backstop it runs', async () => {
    const create = async (labels: Record<string, string>, parallelism: number) =>
      world.as('alice').create(jobsPath(await world.namespace(false, labels)), job('work', {}, { parallelism }));
    const hold = policiesOf(/^countersign-hold-.*\.cluster\.sized$/);
    const backstop = policiesOf(/^countersign-held-.*\.cluster\.sized$/);
    const isRefused = (act: Promise<unknown>): Promise<boolean> =>
      refusedFor(act).then(
        (message) => message.includes('countersign-held-'),
        () => false,
      );
    // Each `when` has guards of its own, and the API server may notice that they are gone one after the other.
    await withoutBindings(
      world,
      hold,
      async () => (await isRefused(create({ sized: 'yes' }, 11))) && (await isRefused(create({ levelled: 'yes' }, 1))),
      async () => {
        expect(await refusedFor(create({ sized: 'yes' }, 11))).toContain('did not arrive held');
        expect(await refusedFor(create({ levelled: 'yes' }, 1))).toContain('no such key');
        expect((await create({ sized: 'yes' }, 10)).spec.suspend).toBe(false);
      },
    );
    await withoutBindings(
      world,
      new Set([...hold, ...backstop]),
      async () => [await create({ sized: 'yes' }, 11), await create({ levelled: 'yes' }, 1)].every((made) => made.spec.suspend === false),
      async () => expect((await create({ levelled: 'yes' }, 1)).spec.suspend).toBe(false),
    );
  });

  test('a policy that goes over from holding to auditing lets nothing go, and holds again when it goes back', async () => {
    const [sized] = whenPolicies;
    const ns = await world.namespace(false, { sized: 'yes' });
    const how = { holdMode: 'MutatingAdmissionPolicy', operatorUser } as const;
    const [holding, auditing] = [compile(sized!, how), compile({ ...sized!, enforcement: 'Audit' }, how)];
    const create = (name: string) => world.as('alice').create(jobsPath(ns), job(name, {}, { parallelism: 11 }));
    await eventually('it holds', async () => ((await create(`a-${Math.random().toString(36).slice(2)}`)).spec.suspend ? true : undefined));
    await create('before');
    for (const guard of auditing) await applyGuard(world.admin, guard);
    for (const guard of holding) if (!guard.metadata.name.includes('pods')) await removeGuard(world.admin, guard);
    await eventually('it audits', async () => {
      const seen = await create(`b-${Math.random().toString(36).slice(2)}`);
      return seen.spec.suspend === false && seen.metadata.labels?.['countersign.dev/audit'] === 'true' ? true : undefined;
    });
    expectHeldBy(await world.admin.get(jobsPath(ns, 'before')), marks.sized);
    expect(await refusedFor(world.as('alice').patch(jobsPath(ns, 'before'), { spec: { suspend: false } }))).toContain(
      'only the operator may resume it',
    );
    for (const guard of holding) await applyGuard(world.admin, guard);
    for (const guard of auditing) await removeGuard(world.admin, guard);
    await eventually('it holds again', async () =>
      (await create(`c-${Math.random().toString(36).slice(2)}`)).spec.suspend ? true : undefined,
    );
  });
});
