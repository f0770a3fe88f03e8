import { expect } from 'vitest';
import { condition, hasEnded, isSuspended, job, resources, type StoredRequest, type TestNamespace } from '../../fixtures/world.ts';
import { agrees, agreesTo, asks, holds, policy, stagesOf, type Check } from './support.ts';

const hour = 3_600_000;

const waits = (r: StoredRequest, stage: number): number => {
  const { deadline = '', activeSince = '' } = r.status?.stages[stage] ?? {};
  return Date.parse(deadline) - Date.parse(activeSince);
};

const escalation: Check = async (ns, file) => {
  await policy(ns, file);
  const slow = await asks(ns, 'slow', 'payout');
  expect(waits(slow, 0)).toBe(4 * hour);
  // The same with seconds in place of hours.
  const { spec } = await ns.get<{ spec: { stages: object[] } } & StoredRequest>(resources.approvalPolicies, 'payouts');
  const stages = (spec.stages as object[]).map((stage) => ({ ...stage, timeout: '3s' }));
  await ns.changePolicy('payouts', { stages });
  const asked = await asks(ns, 'quick', 'payout');
  const late = await ns.request('quick', 'escalated', (r) => r.status?.stages[0]?.state === 'Escalated');
  expect(waits(late, 0)).toBeGreaterThanOrEqual(3_000);
  await agrees(ns, ['ole@corp', 'on-call'], asked, 'past finance', (r) => stagesOf(r)[0] === 'finance Satisfied');
  const refused = await ns.requestIn('Rejected', 'quick');
  expect(stagesOf(refused)).toEqual(['finance Satisfied', 'audit Expired']);
  expect(condition(refused, 'Approved')?.message).toMatch(/audit/);
};

/** Whether the clocks of Berlin show an hour from 9 to 17, Monday to Friday. */
function officeIsOpen(at: number): boolean {
  const shown = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', weekday: 'short', hour: '2-digit', hourCycle: 'h23' });
  const of = (type: string) => shown.formatToParts(at).find((part) => part.type === type)?.value ?? '';
  return !['Sat', 'Sun'].includes(of('weekday')) && Number(of('hour')) >= 9 && Number(of('hour')) < 17;
}

const businessHours: Check = async (ns, file) => {
  await policy(ns, file);
  const asked = await asks(ns, 'supplier', 'new-supplier');
  const { deadline = '', activeSince = '' } = asked.status?.stages[0] ?? {};
  const minutes = Math.round((Date.parse(deadline) - Date.parse(activeSince)) / 60_000);
  const open = Array.from({ length: minutes }, (_, i) => Date.parse(activeSince) + i * 60_000).filter(officeIsOpen).length;
  expect(Math.abs(open - 8 * 60)).toBeLessThanOrEqual(1);
};

/** What the clocks of a zone show so many minutes from now, as a schedule of every day. */
function daily(timeZone: string, minutesFromNow: number): string {
  const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  const parts = clock.formatToParts(Date.now() + minutesFromNow * 60_000);
  const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  return `${of('minute')} ${of('hour')} * * *`;
}

const labelled = (name: string, label: string) => job(name, { metadata: { labels: { [`payments.example.com/${label}`]: 'true' } } });

/** The sample says days and hours; the test says the same of an hour ago, and of an hour to come. */
const freeze: Check = async (ns, file) => {
  const releaseManager = ['rosa@corp', 'release-managers'] as const;
  const moved = (minutes: number) => ({ schedule: daily('Europe/Berlin', minutes), duration: '3h' });
  await policy(ns, file, (spec) => void Object.assign(spec.freeze[0], moved(-60)));
  const { asked } = await holds(ns, labelled('frozen', 'deploys'));
  const approved = await agreesTo(ns, releaseManager, asked, 'Approved');
  expect(condition(approved, 'Released')).toMatchObject({ status: 'False', reason: 'Frozen', message: expect.stringContaining('weekend') });
  const { spec } = await ns.get<StoredRequest>(resources.approvalPolicies, 'quiet-weekends');
  const [window] = (spec as unknown as { freeze: object[] }).freeze;
  await ns.changePolicy('quiet-weekends', { freeze: [{ ...window, ...moved(60) }] });
  const next = await holds(ns, labelled('next', 'deploys'));
  await agreesTo(ns, releaseManager, next.asked, 'Completed');
  expect(isSuspended(await ns.get(resources.jobs, 'frozen'))).toBe(true);
};

const releaseWindows: Check = async (ns, file) => {
  const zone = 'America/New_York';
  await policy(ns, file, (spec) => {
    Object.assign(spec.releaseWindows[0], { schedule: daily(zone, 60), duration: '3h' });
    spec.approvalValidFor = '3s';
  });
  const operator = ['oli@corp', 'operations'] as const;
  const { asked } = await holds(ns, labelled('early', 'maintenance'));
  const approved = await agreesTo(ns, operator, asked, 'Approved');
  expect(condition(approved, 'Released')?.status).toBe('False');
  const unused = await ns.requestIn('Expired', asked.metadata.name);
  expect(condition(unused, 'Released')?.status).toBe('False');
  await ns.eventually(resources.jobs, 'early', 'failed', hasEnded);
  await ns.changePolicy('nightly-maintenance', {
    releaseWindows: [{ name: 'nights', schedule: daily(zone, -60), duration: '3h', timeZone: zone }],
  });
  const { asked: inTime } = await holds(ns, labelled('in-time', 'maintenance'));
  await agreesTo(ns, operator, inTime, 'Completed');
};

/** The samples as they stand are taken, whatever the time is. */
const asWritten =
  (check: Check): Check =>
  async (ns: TestNamespace, file: string) => {
    const { metadata } = await policy(ns, file);
    await ns.admin.delete(resources.approvalPolicies, { namespace: ns.name, name: metadata.name });
    await ns.gone(resources.approvalPolicies, metadata.name);
    await check(ns, file);
  };

/** Until when people may take their time, and when work may be let go. */
export const times: Readonly<Record<string, Check>> = {
  'policy-escalation.yaml': escalation,
  'policy-business-hours.yaml': businessHours,
  'policy-freeze.yaml': asWritten(freeze),
  'policy-release-windows.yaml': asWritten(releaseWindows),
};
