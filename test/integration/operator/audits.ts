import { describe, expect, it } from 'vitest';
import {
  governedJob,
  isSuspended,
  isTrue,
  job,
  matchGovernedJobs,
  matchJobs,
  oneOf,
  resources,
  until,
  type StoredRequest,
  type TestNamespace,
} from '../../fixtures/world.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { bobOf, financeAgrees, heldJob, runsOn } from './support.ts';

const labelsOf = (object: KubeObject): Readonly<Record<string, string>> => object.metadata.labels ?? {};

/** The Events by which an object is told of what would have been asked; once there is one. */
async function told(ns: TestNamespace, about: KubeObject): Promise<string[]> {
  const find = async (): Promise<string[]> => (await ns.events(about)).filter((event) => event.startsWith('WouldHold: '));
  await until('it is told of', async () => ((await find()).length > 0 ? true : undefined));
  return find();
}

const create = async (ns: TestNamespace, object: object): Promise<KubeObject> =>
  (await ns.as('alice')).create(resources.jobs, ns.name, object);

const enforcement = (ns: TestNamespace, to: 'Hold' | 'Audit'): Promise<KubeObject> => ns.changePolicy('pay', { enforcement: to });

/** What a policy that only audits does, the same in both hold modes. */
export function auditCases(inNamespace: (run: (ns: TestNamespace) => Promise<void>) => () => Promise<void>): void {
  describe('a policy that only audits', () => {
    it(
      'lets Jobs run, and tells who would have been asked',
      inNamespace(async (ns) => {
        const policy = await ns.policy('pay', { ...financeAgrees, enforcement: 'Audit' });
        expect(isTrue(policy, 'Ready')).toBe(true);
        const made = await create(ns, job('wire'));
        expect(isSuspended(made)).toBe(false);
        expect(labelsOf(made)).toMatchObject({ 'countersign.dev/audit': 'true' });
        expect(labelsOf(made)).not.toHaveProperty(['countersign.dev/held']);
        const name = `ApprovalPolicy ${ns.name}/pay`;
        expect(await told(ns, made)).toEqual([
          `WouldHold: With enforcement Hold, ${name} would have held this and asked: finance, 1 of group finance.`,
        ]);
        await until('it completes', async () => {
          const { status } = await ns.get<KubeObject & { status?: { succeeded?: number } }>(resources.jobs, 'wire');
          return status?.succeeded === 1 ? true : undefined;
        });
        expect(await told(ns, made)).toHaveLength(1);
      }),
    );

    it(
      'tells of a rule that would have refused it, and refuses nothing',
      inNamespace(async (ns) => {
        const validations = [{ expression: 'object.spec.backoffLimit <= 3', message: 'retry at most three times' }];
        await ns.policy('pay', { ...financeAgrees, enforcement: 'Audit', validations });
        const made = await create(ns, job('wire', { spec: { backoffLimit: 4 } }));
        const [message] = await told(ns, made);
        expect(message).toContain('would have held this and refused it: retry at most three times');
      }),
    );

    it(
      'marks and tells only of what its when is true of',
      inNamespace(async (ns) => {
        const match = matchJobs.map((rule) => ({ ...rule, when: 'object.spec.parallelism > 1' }));
        await ns.policy('pay', { ...financeAgrees, match, enforcement: 'Audit' });
        expect(labelsOf(await create(ns, job('small', { spec: { parallelism: 1 } })))).not.toHaveProperty(['countersign.dev/audit']);
        const big = await create(ns, job('big', { spec: { parallelism: 2 } }));
        expect(await told(ns, big)).toHaveLength(1);
      }),
    );

    it(
      'is no policy to a GovernedJob, and tells it so',
      inNamespace(async (ns) => {
        await ns.policy('pay', { ...financeAgrees, match: matchGovernedJobs, enforcement: 'Audit' });
        const made = await (await ns.as('alice')).create(resources.governedJobs, ns.name, governedJob('nightly'));
        const [message] = await told(ns, made);
        expect(message).toContain('would have held this and asked: finance, 1 of group finance');
        const asked = await ns.requestOf(made);
        const open = await ns.request(asked.metadata.name, 'looked at', (r) => r.status?.phase !== undefined);
        expect(open.status?.policies).toEqual([]);
        expect(isTrue(open, 'Approved')).toBe(false);
      }),
    );

    it(
      'passes over a mark that somebody made up',
      inNamespace(async (ns) => {
        await ns.policy('pay', { ...financeAgrees, match: matchGovernedJobs, enforcement: 'Audit' });
        const metadata = {
          labels: { 'countersign.dev/audit': 'true' },
          annotations: { [`audit.countersign.dev/${ns.name}.other`]: 'would-hold' },
        };
        const forged = await create(ns, job('forged', { metadata }));
        // What comes after it has been told of, so it was passed over.
        await (await ns.as('alice')).create(resources.governedJobs, ns.name, governedJob('nightly'));
        await told(ns, await ns.get(resources.governedJobs, 'nightly'));
        expect(await ns.events(forged)).toEqual([]);
      }),
    );
  });

  describe('a policy that goes over', () => {
    it(
      'from Audit to Hold bites for new work, and leaves alone what runs',
      inNamespace(async (ns) => {
        await ns.policy('pay', { ...financeAgrees, enforcement: 'Audit' });
        await create(ns, job('before', runsOn));
        await enforcement(ns, 'Hold');
        const { asked } = await heldJob(ns, job('after'));
        expect(isSuspended(await ns.get(resources.jobs, 'before'))).toBe(false);
        await ns.decide(await bobOf(ns), 'Approve', [asked]);
        await ns.requestIn('Completed', asked.metadata.name);
      }),
    );

    it(
      'from Hold to Audit lets nothing go, and holds nothing new',
      inNamespace(async (ns) => {
        await ns.policy('pay', { ...financeAgrees, stages: [oneOf('finance', { group: 'finance' })] });
        const { made, asked } = await heldJob(ns, job('before'));
        await enforcement(ns, 'Audit');
        const after = await create(ns, job('after'));
        expect(isSuspended(after)).toBe(false);
        await told(ns, after);
        const open = await ns.get<StoredRequest>(resources.approvalRequests, asked.metadata.name);
        expect(isTrue(open, 'Settled')).toBe(false);
        expect(isSuspended(await ns.get(resources.jobs, made.metadata.name))).toBe(true);
        await ns.decide(await bobOf(ns), 'Approve', [asked]);
        await ns.requestIn('Completed', asked.metadata.name);
      }),
    );
  });
}
