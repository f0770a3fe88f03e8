import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { annotations } from '../../../crds/v1alpha1/index.ts';
import { controllerPods } from '../../../hack/platform/chart.ts';
import { freePort } from '../../../hack/cluster/ports.ts';
import { startOperator } from '../../../hack/platform/operator.ts';
import { summary, writesOf } from '../../fixtures/audit.ts';
import { ownPlatform } from '../../fixtures/ownPlatform.ts';
import {
  always,
  governedJob,
  job,
  matchGovernedJobs,
  matchJobs,
  matchRequests,
  request,
  resources,
  TestNamespace,
  until,
} from '../../fixtures/world.ts';
import { bobOf, decidesInVain, financeAgrees, heldJob } from './support.ts';

// Of its own, because what is counted here must not be mixed with what other tests do.
const { inNamespace, platform } = ownPlatform({});

const operator = 'system:serviceaccount:countersign-system:countersign';
const auto = { match: matchJobs, autoApprove: always };

/** Other work goes through all the same queues, after whatever was still to be written. */
async function othersPass(): Promise<void> {
  const ns = await TestNamespace.on(platform().cluster, 'other');
  await ns.policy('small', auto);
  const { made, asked } = await heldJob(ns, job('later'));
  await ns.requestIn('Completed', asked.metadata.name);
  await until('its Event', async () => ((await ns.events(made)).length > 0 ? true : undefined));
  await ns.close();
}

/** What the operator has written in a namespace by now for the work in it: objects, and Events. */
async function written(ns: TestNamespace): Promise<{ writes: string[]; events: string[] }> {
  await othersPass();
  const all = writesOf(platform().cluster, operator, ns.name).map(summary);
  const isEvent = (write: string): boolean => write.endsWith(' events');
  return { writes: all.filter((w) => !isEvent(w) && !w.includes(' approvalpolicies')), events: all.filter(isEvent) };
}

describe('the operator writes to the API', () => {
  it(
    'at most 5 times for a plain Job that is approved on its own, with at most 2 Events',
    inNamespace(async (ns) => {
      await ns.policy('small', auto);
      const { asked } = await heldJob(ns, job('wire'));
      await ns.requestIn('Completed', asked.metadata.name);
      const { writes, events } = await written(ns);
      expect(writes.slice(0, 3)).toEqual(['create approvalrequests', 'update approvalrequests/status', 'patch jobs']);
      expect(writes.length, writes.join(', ')).toBeLessThanOrEqual(5);
      expect(events.length).toBeLessThanOrEqual(2);
    }),
  );

  it(
    'at most 6 times for a plain Job that somebody decided on, with at most 2 Events',
    inNamespace(async (ns) => {
      await ns.policy('pay', financeAgrees);
      const { asked } = await heldJob(ns, job('wire'));
      await ns.decide(await bobOf(ns), 'Approve', [asked]);
      await ns.requestIn('Completed', asked.metadata.name);
      const { writes, events } = await written(ns);
      expect(writes).toContain('patch jobs');
      expect(writes.length, writes.join(', ')).toBeLessThanOrEqual(6);
      expect(events.length).toBeLessThanOrEqual(2);
    }),
  );

  it(
    'at most 9 times for a GovernedJob, with at most 2 Events',
    inNamespace(async (ns) => {
      await ns.policy('asks', { ...financeAgrees, match: matchGovernedJobs });
      const made = await (await ns.as('alice')).create(resources.governedJobs, ns.name, governedJob('nightly'));
      const asked = await ns.requestOf(made);
      await ns.decide(await bobOf(ns), 'Approve', [asked]);
      await ns.phase(resources.governedJobs, 'nightly', 'Succeeded');
      await ns.requestIn('Completed', asked.metadata.name);
      const { writes, events } = await written(ns);
      expect(writes).toEqual(
        expect.arrayContaining(['create jobs', 'create approvalrequests', 'patch jobs', 'update governedjobs/status']),
      );
      expect(writes.length, writes.join(', ')).toBeLessThanOrEqual(9);
      expect(events.length).toBeLessThanOrEqual(2);
    }),
  );

  it(
    'nothing for a Job that nobody governs',
    inNamespace(async (ns) => {
      await (await ns.as('alice')).create(resources.jobs, ns.name, job('free'));
      expect(await written(ns)).toEqual({ writes: [], events: [] });
    }),
  );
});

interface Scraped {
  readonly text: string;
  /** The value of a sample whose name and labels are just these; 0 when there is none yet. */
  value(name: string, labels?: Readonly<Record<string, string>>): number;
}

async function scrape(): Promise<Scraped> {
  const answer = await fetch(`${platform().operator.healthUrl}/metrics`);
  expect(answer.status).toBe(200);
  const text = await answer.text();
  const value = (name: string, labels: Readonly<Record<string, string>> = {}): number => {
    const said = Object.entries(labels).map(([key, of]) => `${key}="${of}"`);
    const line = text.split('\n').find((l) => {
      const [, found, inner = ''] = /^([a-z_]+)(?:\{(.*)\})? /.exec(l) ?? [];
      return (
        found === name &&
        inner
          .split(',')
          .filter((part) => part !== '')
          .sort()
          .join() === said.sort().join()
      );
    });
    return line === undefined ? 0 : Number(line.split(' ').at(-1));
  };
  return { text, value };
}

describe('/metrics', () => {
  const doing = (operation: string, more: Parameters<typeof job>[1] = {}): object =>
    job(operation, { ...more, metadata: { annotations: { [annotations.operation]: operation } } });

  it(
    'counts by operation how work ended, how long people took, and what a policy refused',
    inNamespace(async (ns) => {
      await ns.policy('pay', financeAgrees);
      const bob = await bobOf(ns);
      const before = await scrape();
      const good = await heldJob(ns, doing('pay-well'));
      await decidesInVain(ns, await ns.as('dave'), 'Approve', good.asked, 'NotQualified');
      const bad = await heldJob(ns, doing('pay-badly', { podAnnotations: { 'kwok.countersign.dev/outcome': 'fail' } }));
      await ns.decide(bob, 'Approve', [good.asked, bad.asked]);
      const no = await heldJob(ns, doing('pay-never'));
      await ns.decide(bob, 'Reject', [no.asked]);
      await ns.requestIn('Completed', good.asked.metadata.name);
      await ns.requestIn('Completed', bad.asked.metadata.name);
      await ns.requestIn('Rejected', no.asked.metadata.name);
      await othersPass();
      const after = await scrape();
      const ended = (function_name: string, status: string) => after.value('governance_executions_total', { function_name, status });
      expect([ended('pay-well', 'completed'), ended('pay-badly', 'failed'), ended('pay-never', 'rejected')]).toEqual([1, 1, 1]);
      for (const function_name of ['pay-well', 'pay-badly', 'pay-never'])
        expect(after.value('approval_duration_seconds_count', { function_name })).toBe(1);
      expect(after.text).toMatch(/^policy_violations_total\{.*function_name="pay-well".*\} 1$/m);
      const released = 'countersign_released_total';
      expect(after.value(released) - before.value(released)).toBe(3);
      expect(after.value('countersign_decision_to_release_seconds_count')).toBeGreaterThanOrEqual(2);
    }),
  );

  it(
    'counts what breaks a rule, whether that is refused as it is applied or by the operator',
    inNamespace(async (ns) => {
      const validations = [{ expression: 'context.amount <= 10', message: 'not so much' }];
      await ns.policy('limit', { ...financeAgrees, match: [...matchJobs, ...matchRequests], validations });
      const alice = await ns.as('alice');
      const asked = request('much', { operation: 'ask-much', context: { amount: 11 } });
      await expect(alice.create(resources.approvalRequests, ns.name, asked)).rejects.toThrow('ApprovalPolicy limit: not so much');
      const said = { [annotations.operation]: 'run-much', [annotations.context]: '{"amount": 11}' };
      const made = await alice.create(resources.jobs, ns.name, job('much', { metadata: { annotations: said } }));
      await ns.requestIn('Rejected', (await ns.requestOf(made)).metadata.name);
      const metrics = await scrape();
      for (const function_name of ['ask-much', 'run-much'])
        expect(metrics.value('policy_violations_total', { policy_type: 'validation', function_name })).toBe(1);
    }),
  );

  it(
    'tells what is held now, and who leads',
    inNamespace(async (ns) => {
      await ns.policy('pay', financeAgrees);
      const before = (await scrape()).value('countersign_held_work');
      const { asked } = await heldJob(ns, job('wire'));
      const during = await scrape();
      expect(during.value('countersign_held_work')).toBe(before + 1);
      expect(during.value('countersign_leader')).toBe(1);
      await ns.decide(await bobOf(ns), 'Approve', [asked]);
      await ns.requestIn('Completed', asked.metadata.name);
      expect((await scrape()).value('countersign_held_work')).toBe(before);
    }),
  );

  it("names no request and no namespace: a label's values are bounded", async () => {
    const { text } = await scrape();
    expect(text).toContain('countersign_reconcile_total');
    expect(text.match(/[a-z]+-[0-9a-f]{8}\b/g)).toBeNull();
  });
});

describe('/ready and /health', () => {
  const ask = async (url: string): Promise<[number, unknown]> => {
    const answer = await fetch(url);
    return [answer.status, await answer.json()];
  };

  it('answer 200 once caches are in sync and guards are proven to bite', async () => {
    const { healthUrl } = platform().operator;
    expect(await ask(`${healthUrl}/ready`)).toEqual([200, { status: 'ok' }]);
    expect(await ask(`${healthUrl}/health`)).toEqual([200, { status: 'ok' }]);
  });

  it('answer 503 with what is missing, and 200 all the same, while the API server cannot be reached', async () => {
    const { cluster, admissionPort } = platform();
    const nowhere = (kubeconfig: string): string => {
      writeFileSync(kubeconfig, readFileSync(kubeconfig, 'utf8').replaceAll(cluster.url, `https://127.0.0.1:${admissionPort + 1}`), {
        mode: 0o600,
      });
      return kubeconfig;
    };
    const [pod] = await controllerPods(cluster, 1);
    const lost = await startOperator(cluster, {
      dir: join(cluster.dir, 'lost'),
      pod: pod ?? '',
      admissionPort: await freePort(),
      reroute: nowhere,
    });
    try {
      await until('an answer', () => fetch(`${lost.healthUrl}/health`).catch(() => undefined));
      expect(await ask(`${lost.healthUrl}/ready`)).toEqual([503, { status: 'unavailable', missing: ['start'] }]);
      expect(await ask(`${lost.healthUrl}/health`)).toEqual([200, { status: 'ok' }]);
    } finally {
      await lost.kill();
    }
  });
});
