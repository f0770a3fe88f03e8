import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Attack, GuardName, Promised } from './attack.ts';
import { Api, eventually, Refusal, type Stored } from './api.ts';
import { changedDecisions, decisionAttacks } from './attacks/decisions.ts';
import { changedDelegations, delegationAttacks } from './attacks/delegations.ts';
import { jobAttacks } from './attacks/jobs.ts';
import { jobStatusAttacks } from './attacks/jobStatuses.ts';
import { operatorAttacks } from './attacks/operator.ts';
import { cronJobAttacks, cronJobForgeries, podAttacks } from './attacks/others.ts';
import { relayAttacks } from './attacks/relay.ts';
import { requestAttacks } from './attacks/requests.ts';
import { freedoms } from './freedoms.ts';
import { childOfCronJob, expectHeld, holdPromises, stampPromises } from './holds.ts';
import { relayFreedoms, relayPromises } from './relayed.ts';
import { decision, heldJob, job, jobsPath, oursPath, quickJob, releasePatch, request } from './subjects.ts';
import { accountPath, leaderPod, nameLeader, operatorNamespace, startWorld, withoutBindings, type World } from './world.ts';

// No process of ours runs here: the API server alone says no.
let world: World;
let scheduled: Promise<Stored>;
beforeAll(async () => {
  world = await startWorld();
  const ns = await world.namespace();
  scheduled = childOfCronJob(world, ns);
  scheduled.catch(() => undefined);
});
afterAll(() => world.stop());

const attacks: readonly Attack[] = [
  ...jobAttacks,
  ...jobStatusAttacks,
  ...podAttacks,
  ...operatorAttacks,
  ...decisionAttacks,
  ...delegationAttacks,
  ...requestAttacks,
  ...relayAttacks,
  ...cronJobAttacks,
];
const promises: readonly Promised[] = [...holdPromises, ...stampPromises, ...relayPromises];
const nothing = { metadata: { name: '', uid: '', resourceVersion: '' } };

async function carryOut(attack: Omit<Attack, 'guards'>): Promise<unknown> {
  const ns = await world.namespace(attack.governed);
  const given = (await attack.given?.(world, ns)) ?? nothing;
  return attack.try(world.as(attack.as), ns, given, world);
}

const refusalOf = async (attack: Omit<Attack, 'guards'>): Promise<Refusal> => {
  const outcome = await carryOut(attack).catch((error: unknown) => error);
  expect(outcome, 'it was let through').toBeInstanceOf(Refusal);
  return outcome as Refusal;
};

const refused = (act: Promise<unknown>): Promise<true | undefined> =>
  act.then(
    () => undefined,
    (error: unknown) => (error instanceof Refusal ? true : undefined),
  );

describe('what the guards refuse', () => {
  test.each(attacks)('$name', async (attack) => {
    const refusal = await refusalOf(attack);
    expect(refusal.message).toContain(attack.expect);
    expect([403, 422]).toContain(refusal.status);
  });

  test.each([...changedDecisions, ...changedDelegations])('$name', async (attack) => {
    expect((await refusalOf(attack)).message).toContain(attack.expect);
  });
});

describe('what the guards fill in', () => {
  test.each(promises)('$name', async ({ see, governed }) => see(world, await world.namespace(governed)));

  test.each(cronJobForgeries)('corrected: $name', async (forgery) => {
    expect(forgery.stamped((await carryOut(forgery)) as Stored)).toBe(true);
  });

  test('the Job that the CronJob controller itself makes is held in the name of whoever wrote the template', async () => {
    expectHeld(await scheduled, 'alice', 'dev\nsystem:authenticated');
  });
});

describe('what the guards leave alone', () => {
  test.each([...freedoms, ...relayFreedoms])('$name', async ({ see, governed }) => see(world, await world.namespace(governed)));
});

describe('while no pod is named as the leader', () => {
  beforeAll(() => nameLeader(world.as('operator'), ''));
  afterAll(async () => {
    await nameLeader(world.as('operator'), leaderPod);
    const ns = await world.namespace();
    await heldJob(world, ns);
    await eventually('the leader releases again', () => world.as('operator').patch(`${jobsPath(ns, 'work')}?dryRun=All`, releasePatch()));
  });

  test('the operator releases nothing and writes no status', async () => {
    const ns = await world.namespace();
    await heldJob(world, ns);
    await world.as('alice').create(oursPath(ns, 'approvalrequests'), request('r'));
    const status = { status: { phase: 'Reviewing', observedGeneration: 1 } };
    await eventually('a release is refused', () =>
      refused(world.as('operator').patch(`${jobsPath(ns, 'work')}?dryRun=All`, releasePatch())),
    );
    await expect(world.as('operator').patch(jobsPath(ns, 'work'), releasePatch())).rejects.toThrow('countersign-operator-fence');
    await expect(world.as('operator').patch(oursPath(ns, 'approvalrequests', 'r', 'status'), status)).rejects.toThrow(
      'countersign-operator-fence',
    );
  });

  test('others do with held Jobs what they may', async () => {
    const ns = await world.namespace();
    await heldJob(world, ns);
    await world.as('alice').patch(jobsPath(ns, 'work'), { metadata: { labels: { team: 'a' } } });
    await world.as('alice').delete(jobsPath(ns, 'work'));
  });

  test('ungoverned Jobs run and complete', async () => {
    const ns = await world.namespace(false);
    await world.as('alice').create(jobsPath(ns), quickJob('work'));
    await eventually('it completes', async () => ((await world.admin.get(jobsPath(ns, 'work'))).status.succeeded === 1 ? true : undefined));
  });

  test('people ask and decide', async () => {
    const ns = await world.namespace();
    const asked = await world.as('alice').create(oursPath(ns, 'approvalrequests'), request('r'));
    await world.as('bob').create(oursPath(ns, 'approvaldecisions'), decision(asked));
  });
});

test("a token of the operator's service account that belongs to no pod releases nothing", async () => {
  const secrets = `/api/v1/namespaces/${operatorNamespace}/secrets`;
  const annotations = { 'kubernetes.io/service-account.name': 'countersign' };
  await world.admin.create(secrets, { metadata: { name: 'for-ever', annotations }, type: 'kubernetes.io/service-account-token' });
  const token = await eventually('the token is made', async () => {
    const { data } = (await world.admin.get(`${secrets}/for-ever`)) as Stored & { data?: { token?: string } };
    return data?.token && Buffer.from(data.token, 'base64').toString();
  });
  const ns = await world.namespace();
  await heldJob(world, ns);
  const borrowed = Api.withCredential(world.cluster.url, { ca: readFileSync(world.cluster.caFile, 'utf8'), token });
  const outcome = await borrowed.patch(jobsPath(ns, 'work'), releasePatch()).catch((error: unknown) => error);
  await borrowed.close();
  expect(outcome).toMatchObject({ status: 403 });
});

const policyNames: Partial<Record<GuardName, string>> = {
  hold: 'countersign-hold.cluster.gate',
  backstop: 'countersign-held.cluster.gate',
};

const without = (names: readonly GuardName[], probe: () => Promise<unknown>, body: () => Promise<void>): Promise<void> =>
  withoutBindings(world, new Set(names.map((name) => policyNames[name] ?? name)), probe, body);

const grouped = <Row extends { readonly guards: readonly GuardName[] }>(rows: readonly Row[]): [string, Row[]][] => [
  ...Map.groupBy(
    rows.filter((row) => row.guards.length > 0),
    (row) => row.guards.join(' and '),
  ),
];

// Last in this file, because it takes the guards away: each test above must be seen to fail without its guard.
describe('with its guard removed', () => {
  /** Whether it has its effect: neither refused nor corrected. What else goes wrong is no refusal, and is thrown. */
  const goesThrough = async (row: Attack | (typeof cronJobForgeries)[number]): Promise<boolean> => {
    try {
      const outcome = await carryOut(row);
      return !('stamped' in row && row.stamped(outcome as Stored));
    } catch (error) {
      if (error instanceof Refusal && error.message.includes('AdmissionPolicy')) return false;
      throw error;
    }
  };

  test.each(grouped<Attack | (typeof cronJobForgeries)[number]>([...attacks, ...cronJobForgeries]))(
    '%s: every attack goes through',
    async (_names, rows) => {
      const [first] = rows as [Attack];
      await without(
        first.guards,
        () => goesThrough(first),
        async () => {
          for (const row of rows) expect(await goesThrough(row), row.name).toBe(true);
        },
      );
      await eventually('the guards bite again', async () => ((await goesThrough(first)) ? undefined : true));
    },
  );

  const seen = async (promise: Promised): Promise<boolean> =>
    promise.see(world, await world.namespace(promise.governed)).then(
      () => true,
      () => false,
    );
  test.each(grouped(promises))('%s: nothing is filled in', async (_names, rows) => {
    await without(
      rows[0]!.guards,
      async () => !(await seen(rows[0]!)),
      async () => {
        for (const row of rows) expect(await seen(row), row.name).toBe(false);
      },
    );
    await eventually('it is filled in again', async () => ((await seen(rows[0]!)) ? true : undefined));
  });

  test('hold and backstop: what a policy has put on hold stays there when the policy is gone', async () => {
    const ns = await world.namespace();
    await heldJob(world, ns);
    const create = async (): Promise<Stored> => world.as('alice').create(jobsPath(await world.namespace()), job('work'));
    await without(
      ['hold', 'backstop'],
      async () => (await create()).spec.suspend === false,
      async () => {
        await expect(world.as('alice').patch(jobsPath(ns, 'work'), { spec: { suspend: false } })).rejects.toThrow(
          'only the operator may resume',
        );
      },
    );
    await eventually('governed Jobs are held again', async () => ((await create()).spec.suspend === true ? true : undefined));
  });

  test('hold: the backstop refuses what did not arrive held, and without both the Job runs', async () => {
    const create = async (): Promise<Stored> => world.as('alice').create(jobsPath(await world.namespace()), job('work'));
    const resume = async (): Promise<Stored> => {
      const ns = await world.namespace(false);
      await world.as('alice').create(jobsPath(ns), job('work', {}, { suspend: true }));
      return world.as('alice').patch(jobsPath(ns, 'work'), { metadata: { labels: { tier: 'prod' } }, spec: { suspend: false } });
    };
    const notHeld = (act: () => Promise<Stored>) => async (): Promise<boolean> =>
      act().then(
        () => false,
        (error: unknown) => error instanceof Refusal && error.message.includes('did not arrive held'),
      );
    await without(['hold'], notHeld(create), async () => {
      expect(await notHeld(create)()).toBe(true);
      expect(await notHeld(resume)()).toBe(true);
    });
    await without(
      ['hold', 'backstop'],
      async () => (await create()).spec.suspend === false,
      async () => {
        expect((await create()).spec.suspend).toBe(false);
        expect((await resume()).spec.suspend).toBe(false);
      },
    );
  });
});

// The very last: whoever the operator was cannot come back.
describe("once the operator's account is gone", () => {
  beforeAll(async () => {
    // The tests before this one took the hold away.
    const path = jobsPath(await world.namespace());
    await eventually('Jobs are held', async () =>
      (await world.as('alice').create(`${path}?dryRun=All`, job('work'))).spec.suspend === true ? true : undefined,
    );
    await world.admin.delete(`${accountPath}/countersign`);
  });

  // The API server looks for the parameter before it looks at who asks. So the fence is bound to held Jobs alone, and only they wait.
  test('held Jobs stay as they are, also for others, and can be deleted', async () => {
    const ns = await world.namespace();
    await heldJob(world, ns);
    const labelled = () => world.as('alice').patch(`${jobsPath(ns, 'work')}?dryRun=All`, { metadata: { labels: { team: 'a' } } });
    await eventually('a change is refused', () => refused(labelled()));
    await expect(labelled()).rejects.toThrow('countersign-operator-fence');
    await world.as('alice').delete(jobsPath(ns, 'work'));
  });

  test('ungoverned Jobs run and complete', async () => {
    const ns = await world.namespace(false);
    await world.as('alice').create(jobsPath(ns), quickJob('work'));
    await eventually('it completes', async () => ((await world.admin.get(jobsPath(ns, 'work'))).status.succeeded === 1 ? true : undefined));
  });
});
