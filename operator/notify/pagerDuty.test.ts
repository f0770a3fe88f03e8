import { describe, expect, it } from 'vitest';
import { noticedRequest, noticeOf } from '../../test/fixtures/notices.ts';
import type { HttpCall, Notice, NoticeStage, Reference } from './contract.ts';
import { pagerDuty } from './pagerDuty.ts';

/** The alerts as PagerDuty would have them: whom nobody is told of, once they are acknowledged. */
function service() {
  const alerts = new Map<string, 'open' | 'acknowledged'>();
  let told = 0;
  const means = {
    config: pagerDuty.config.parse({}),
    secret: { routingKey: 'key' },
    outside: {
      call: ({ body = '' }: HttpCall) => {
        const { event_action: action, dedup_key: key } = JSON.parse(body) as { event_action: string; dedup_key: string };
        const state = alerts.get(key);
        if (action === 'resolve') alerts.delete(key);
        else if (action === 'acknowledge' && state !== undefined) alerts.set(key, 'acknowledged');
        else if (action === 'trigger' && state === undefined) {
          alerts.set(key, 'open');
          told += 1;
        }
        return Promise.resolve({ answered: true, status: 202, body: '{}' });
      },
    },
    now: () => 0,
  } as unknown as Parameters<typeof pagerDuty.deliver>[1];
  const deliver = async (notice: Notice): Promise<Reference> => {
    const came = await pagerDuty.deliver(notice, means);
    if (!came.ok || came.reference === undefined) throw new Error(JSON.stringify(came));
    return came.reference;
  };
  const update = (notice: Notice, references: readonly Reference[]) =>
    Promise.all(references.map(async (reference) => pagerDuty.update?.(notice, reference, means)));
  return { deliver, update, told: () => told, alerts: () => [...alerts.values()] };
}

const [base] = noticedRequest.stages;
const stages = (...of: [name: string, state: NoticeStage['state'], approvals: number][]) => ({
  stages: of.map(([name, state, approvals]) => ({ ...base!, id: idOf(name), name, state, approvals })),
});
const idOf = (name: string, policy = 'money'): string => `ApprovalPolicy/payments/${policy}/${name}`;

describe('PagerDuty', () => {
  it('tells the people of the next stage, although the first approval acknowledged the alert of the one before', async () => {
    const { deliver, update, told, alerts } = service();
    const first = await deliver(noticeOf({ stage: 'finance', request: stages(['finance', 'Active', 0]) }));
    await update(noticeOf({ event: 'Progressed', request: stages(['finance', 'Active', 1]) }), [first]);
    expect([told(), alerts()]).toEqual([1, ['acknowledged']]);
    const then = stages(['finance', 'Satisfied', 2], ['security', 'Active', 0]);
    const second = await deliver(noticeOf({ stage: 'security', stageId: idOf('security'), request: then }));
    await update(noticeOf({ event: 'Progressed', request: then }), [first, second]);
    expect([told(), alerts()]).toEqual([2, ['open']]);
    await update(noticeOf({ event: 'Approved' }), [first, second]);
    expect([told(), alerts()]).toEqual([2, []]);
  });

  it('tells those whom a stage escalates to, although somebody acknowledged its alert', async () => {
    const { deliver, update, told, alerts } = service();
    const opened = await deliver(noticeOf({ stage: 'finance', request: stages(['finance', 'Active', 0]) }));
    await update(noticeOf({ event: 'Progressed', request: stages(['finance', 'Active', 1]) }), [opened]);
    const escalated = await deliver(noticeOf({ event: 'Escalated', stage: 'finance', request: stages(['finance', 'Escalated', 1]) }));
    expect([told(), alerts()]).toEqual([2, ['acknowledged', 'open']]);
    await update(noticeOf({ event: 'Expired' }), [opened, escalated]);
    expect(alerts()).toEqual([]);
  });

  it('tells people anew once what they are asked for has changed, and the alert of what it was is resolved with the next decision', async () => {
    const { deliver, update, told, alerts } = service();
    const before = stages(['finance', 'Active', 1]);
    const first = await deliver(noticeOf({ request: before }));
    await update(noticeOf({ event: 'Progressed', request: before }), [first]);
    const after = { ...stages(['finance', 'Active', 0]), digest: `v1:sha256:${'cd'.repeat(32)}` };
    const second = await deliver(noticeOf({ request: after }));
    expect([told(), alerts()]).toEqual([2, ['acknowledged', 'open']]);
    const then = { ...after, ...stages(['finance', 'Active', 1]) };
    await update(noticeOf({ event: 'Progressed', request: then }), [first, second]);
    expect(alerts()).toEqual(['acknowledged']);
    await update(noticeOf({ event: 'Approved', request: then }), [first, second]);
    expect(alerts()).toEqual([]);
  });

  it('has an alert for each of two stages that share a name', async () => {
    const { deliver, update, told, alerts } = service();
    const [one, other] = [idOf('finance'), idOf('finance', 'other')];
    const twice = (approvals: number) => ({
      stages: [one, other].map((id, i) => ({ ...base!, id, state: 'Active' as const, approvals: i === 0 ? approvals : 0 })),
    });
    const references = [
      await deliver(noticeOf({ stageId: one, request: twice(0) })),
      await deliver(noticeOf({ stageId: other, request: twice(0) })),
    ];
    expect(told()).toBe(2);
    await update(noticeOf({ event: 'Progressed', request: twice(1) }), references);
    expect(alerts()).toEqual(['acknowledged', 'open']);
  });

  it('ends the alert that an earlier version left, which knows its stage by name', async () => {
    const { deliver, update, alerts } = service();
    const { dedupKey = '', stage = '' } = await deliver(noticeOf({ request: stages(['finance', 'Active', 0]) }));
    await update(noticeOf({ event: 'Progressed', request: stages(['finance', 'Active', 1]) }), [{ dedupKey, stage }]);
    expect(alerts()).toEqual(['acknowledged']);
    await update(noticeOf({ event: 'Progressed', request: stages(['finance', 'Satisfied', 2]) }), [{ dedupKey, stage }]);
    expect(alerts()).toEqual([]);
  });

  it('does not take a no that settles nothing for somebody who looks after it', async () => {
    const { deliver, update, alerts } = service();
    const first = await deliver(noticeOf({ request: stages(['finance', 'Active', 0]) }));
    await update(noticeOf({ event: 'Progressed', request: stages(['finance', 'Active', 0]) }), [first]);
    expect(alerts()).toEqual(['open']);
  });

  it('is told once of what comes twice, and reminds by the alert that is there', async () => {
    const { deliver, told } = service();
    await deliver(noticeOf({ stage: 'finance' }));
    await deliver(noticeOf({ stage: 'finance' }));
    await deliver(noticeOf({ event: 'Reminder', stage: 'finance' }));
    expect(told()).toBe(1);
  });
});
