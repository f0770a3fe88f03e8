import { expect } from 'vitest';
import { condition, job, resources, isSuspended, type StoredRequest, type TestNamespace } from '../../fixtures/world.ts';
import { decidesInVain } from '../operator/support.ts';
import { agreesTo, aliceOf, asks, counts, create, governs, holds, policy, refusal, stagesOf, violates, type Check } from './support.ts';

const manager = ['mona@corp', 'managers'] as const;
const cfo = ['cfo@corp'] as const;
const ceo = ['ceo@corp'] as const;
const board = ['berta@corp', 'board'] as const;

const wire = async (ns: TestNamespace, amount: number) =>
  (await governs(ns, `wire-${amount}`, { operation: 'wire-transfer', parameters: { amount } })).asked;

const inVain = async (ns: TestNamespace, [name, ...groups]: readonly string[], asked: StoredRequest) =>
  decidesInVain(ns, await ns.as(name ?? '', groups), 'Approve', asked, 'NotQualified');

const tiers: Check = async (ns, file) => {
  await policy(ns, file);
  const small = await ns.requestIn('Completed', (await wire(ns, 1000)).metadata.name);
  expect(condition(small, 'Approved')).toMatchObject({ status: 'True', reason: 'AutoApproved' });

  const medium = await wire(ns, 10_000);
  expect(stagesOf(medium)).toEqual(['manager Active']);
  await inVain(ns, cfo, medium);
  await agreesTo(ns, manager, medium, 'Completed');

  const large = await wire(ns, 100_000);
  expect(stagesOf(large)).toEqual(['cfo Active']);
  await inVain(ns, manager, large);
  await agreesTo(ns, cfo, large, 'Completed');

  const huge = await wire(ns, 100_001);
  expect(stagesOf(huge)).toEqual(['all-three Active']);
  await inVain(ns, manager, huge);
  await counts(ns, cfo, huge, '1/3');
  await counts(ns, board, huge, '2/3');
  expect(isSuspended(await jobOf(ns, huge))).toBe(true);
  await agreesTo(ns, ceo, huge, 'Completed');
  expect(isSuspended(await jobOf(ns, huge))).toBe(false);

  const negative = governs(ns, 'negative', { operation: 'wire-transfer', parameters: { amount: -1 } });
  await violates(ns, 'negative', negative, 'the amount must not be below 0');
  const { asked: silent } = await governs(ns, 'silent', { operation: 'wire-transfer' });
  expect(condition(silent, 'Approved')?.status).not.toBe('True');
  expect(isSuspended(await jobOf(ns, silent))).toBe(true);
};

async function jobOf(ns: TestNamespace, { metadata }: StoredRequest) {
  const { items } = await ns.admin.list(resources.jobs, { namespace: ns.name });
  const found = items.find(
    (j) => j.metadata.annotations?.['countersign.dev/request'] === metadata.name || metadata.name.startsWith(ownerOf(j)),
  );
  if (found === undefined) throw new Error(`no Job of ${metadata.name}`);
  return found;
}
const ownerOf = (j: { metadata: { ownerReferences?: { name: string }[] } }): string => `${j.metadata.ownerReferences?.[0]?.name ?? '?'}-`;

const when: Check = async (ns, file) => {
  await policy(ns, file);
  const alice = await aliceOf(ns);
  const apply = async (name: string, spec: object, labels: object = {}) =>
    create(ns, alice, { ...job(name, { spec, metadata: { labels } }) });
  expect(isSuspended(await apply('ten', { parallelism: 10 }))).toBe(false);
  expect(isSuspended(await apply('other', {}, { data: 'weather' }))).toBe(false);
  for (const made of [await apply('eleven', { parallelism: 11 }), await apply('customers', {}, { data: 'customers' })]) {
    expect(isSuspended(made)).toBe(true);
    await agreesTo(ns, ['pia@corp', 'platform'], await ns.requestOf(made), 'Completed');
  }
};

const validations: Check = async (ns, file) => {
  await policy(ns, file);
  const said = { operation: 'refund', reason: 'Wrong parcel', ticket: 'CHG-7' };
  const account = 'DE89370400440532013000';
  const refund = (name: string, spec: object) => asks(ns, name, 'refund', { ...said, ...spec });
  const context = { amount: 100, account };
  const wrong = (name: string, spec: object, words: string) => violates(ns, name, refund(name, spec), words);
  await wrong('much', { context: { amount: 50_001, account } }, 'a refund is 50000 at most; split it');
  await wrong('abroad', { context: { amount: 100, account: 'FR7630006000011234567890189' } }, 'account must be a German IBAN');
  await wrong('why', { context, reason: undefined }, 'reason');
  await wrong('ticket', { context, ticket: 'REQ-7' }, 'ticket');
  const asked = await refund('fine', { context });
  const bob = await ns.as('bob@corp', ['finance']);
  expect(await refusal(ns.decide(bob, 'Approve', [asked]))).toMatch(/reason/);
  await ns.decide(bob, 'Approve', [asked], { reason: 'Seen the parcel' });
  await ns.requestIn('Approved', 'fine');
};

const risk: Check = async (ns, file) => {
  await policy(ns, file);
  const migrate = async (name: string, parameters: object) => (await governs(ns, name, { operation: 'db-migration', parameters })).asked;
  const factors = (r: StoredRequest) => ({ score: r.status?.risk?.score, ...r.status?.risk?.factors });
  const small = await ns.requestIn('Completed', (await migrate('small', { table: 'logs', rows: 10_000 })).metadata.name);
  expect(factors(small)).toEqual({ score: 15.3, criticality: 20, magnitude: 1, blastRadius: 10, historicalFailureRate: 50 });
  expect(condition(small, 'Approved')).toMatchObject({ reason: 'AutoApproved' });
  const medium = await migrate('medium', { table: 'invoices', rows: 300_000 });
  // One run, and it went well: (0 + 1) / (1 + 2) of them are expected to fail.
  expect(factors(medium)).toMatchObject({
    criticality: 90,
    magnitude: 30,
    blastRadius: 10,
    historicalFailureRate: expect.closeTo(33.3, 0),
  });
  expect(stagesOf(medium)).toEqual(['dba Active']);
  await agreesTo(ns, ['dina@corp', 'dba'], medium, 'Completed');
  const large = await migrate('large', { table: 'invoices', rows: 2_000_000, locks: 'table' });
  expect(stagesOf(large)).toEqual(['dba Active', 'security Waiting']);
};

const twoLines: Check = async (ns, file) => {
  await policy(ns, file);
  const { asked } = await holds(ns, job('any'));
  await agreesTo(ns, ['bob@corp', 'finance'], asked, 'Completed');
};

const autoApprove: Check = async (ns, file) => {
  await policy(ns, file);
  const labels = { 'app.kubernetes.io/component': 'report' };
  const { asked } = await holds(ns, job('report', { metadata: { labels } }));
  expect(condition(await ns.requestIn('Completed', asked.metadata.name), 'Approved')).toMatchObject({ reason: 'AutoApproved' });
  expect(isSuspended(await create(ns, await aliceOf(ns), { ...job('other') }))).toBe(false);
};

const audit: Check = async (ns, file) => {
  await policy(ns, file);
  const made = await create(ns, await aliceOf(ns), { ...job('any') });
  expect(isSuspended(made)).toBe(false);
  expect(made.metadata.labels).toMatchObject({ 'countersign.dev/audit': 'true' });
  await ns.eventually(resources.jobs, 'any', 'told of', () => true);
  expect(await ns.requestsOf(made)).toEqual([]);
};

/** Which work is governed, what is refused, what passes on its own, and whom an amount or a risk calls for. */
export const amounts: Readonly<Record<string, Check>> = {
  'policy-tiers.yaml': tiers,
  'policy-when.yaml': when,
  'policy-validations.yaml': validations,
  'policy-risk.yaml': risk,
  'policy-two-lines.yaml': twoLines,
  'policy-auto-approve.yaml': autoApprove,
  'policy-audit.yaml': audit,
};
