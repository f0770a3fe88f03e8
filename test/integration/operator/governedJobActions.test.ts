import { createPublicKey, verify } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { annotations, type ActionStatus } from '../../../crds/v1alpha1/index.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { HttpsPeer, type Received } from '../../fixtures/httpsPeer.ts';
import { ownPlatform } from '../../fixtures/ownPlatform.ts';
import {
  always,
  condition,
  governedJob,
  isSuspended,
  isTrue,
  matchGovernedJobs,
  matchJobs,
  oneOf,
  resources,
  statusOf,
  until,
  type StoredRequest,
  type TestNamespace,
} from '../../fixtures/world.ts';
import { bobOf, patch, runsOn } from './support.ts';

const peer = await HttpsPeer.start();
const { inNamespace } = ownPlatform({ env: { COUNTERSIGN_HTTP_ALLOW: peer.host, COUNTERSIGN_HTTP_CA: peer.ca } });
afterAll(() => peer.stop());

const asks = { match: matchGovernedJobs, stages: [oneOf('finance', { group: 'finance' })] };
const fails = { podAnnotations: { 'kwok.countersign.dev/outcome': 'fail' } };
const says = (message: object) => ({ podAnnotations: { 'kwok.countersign.dev/termination-message': JSON.stringify(message) } });
const templateOf = (more: Parameters<typeof governedJob>[2] = {}, labels: Record<string, string> = {}): object => ({
  metadata: { labels },
  spec: (governedJob('', {}, more) as { spec: { jobTemplate: { spec: object } } }).spec.jobTemplate.spec,
});
/** The path tells one test's calls from another's. */
const pathIn = (ns: TestNamespace, name: string): string => `/${ns.name}/${name}`;
const callIn = (ns: TestNamespace, name: string, more: object = {}): object => ({
  name,
  http: { url: peer.url(pathIn(ns, name)), ...more },
});
const callsOf = (ns: TestNamespace, name: string): Received[] => peer.calls.filter((call) => call.path === pathIn(ns, name));
const knownOf = ({ body }: Received) => (JSON.parse(body) as { governedJob: Record<string, unknown> }).governedJob;

async function created(ns: TestNamespace, object: object): Promise<KubeObject> {
  return (await ns.as('alice', ['dev'])).create(resources.governedJobs, ns.name, object);
}

const phase = (ns: TestNamespace, which: string, name = 'nightly') => ns.phase(resources.governedJobs, name, which);
const actionsIn = (object: KubeObject): ActionStatus[] => (statusOf(object)?.['actions'] ?? []) as ActionStatus[];
const states = (object: KubeObject): string[] => actionsIn(object).map((a) => `${a.stage} ${a.name} ${a.state}`);

/** The GovernedJob once one of its actions has a Job. */
async function actionJob(ns: TestNamespace, name: string): Promise<KubeObject> {
  const find = (g: KubeObject) => actionsIn(g).find((a) => a.name === name && a.job !== undefined)?.job;
  const found = find(await ns.eventually(resources.governedJobs, 'nightly', `running ${name}`, (g) => find(g) !== undefined));
  if (found === undefined) throw new Error(`${name} has no Job`);
  return ns.get(resources.jobs, found.name);
}

async function approved(ns: TestNamespace, made: KubeObject): Promise<StoredRequest> {
  await phase(ns, 'AwaitingApproval');
  const asked = await ns.requestOf(made);
  await ns.decide(await bobOf(ns), 'Approve', [asked]);
  return asked;
}

const jobsOf = async (ns: TestNamespace): Promise<KubeObject[]> => (await ns.admin.list(resources.jobs, { namespace: ns.name })).items;

describe.concurrent('pre-actions', () => {
  it(
    'are done one after the other before anybody is asked, and post-actions when the Job has ended',
    inNamespace(async (ns) => {
      await ns.policy('asks', asks);
      const spec = {
        parameters: { amount: 5 },
        preActions: [
          { name: 'backup', jobTemplate: templateOf() },
          callIn(ns, 'announce', { body: { channel: 'ops', governedJob: 'forged' } }),
        ],
        postActions: [callIn(ns, 'report')],
      };
      const made = await created(ns, governedJob('nightly', spec, says({ transaction_id: 'TXN-0002' })));
      const asked = await approved(ns, made);
      const backup = await actionJob(ns, 'backup');
      expect(backup.metadata.creationTimestamp <= asked.metadata.creationTimestamp).toBe(true);
      expect(backup.metadata.annotations).toMatchObject({ [annotations.requester]: 'alice' });
      expect(JSON.stringify(backup['spec'])).toContain('COUNTERSIGN_PARAMETERS');
      const [announced] = callsOf(ns, 'announce');
      expect(JSON.parse(announced!.body)).toMatchObject({
        channel: 'ops',
        governedJob: { name: 'nightly', requester: 'alice', parameters: { amount: 5 } },
      });
      expect(knownOf(announced!)['result']).toBeUndefined();
      const done = await phase(ns, 'Succeeded');
      expect(states(done)).toEqual(['Pre backup Succeeded', 'Pre announce Succeeded', 'Post report Succeeded']);
      expect(statusOf(done)?.['outputs']).toEqual({ transaction_id: 'TXN-0002' });
      const reports = callsOf(ns, 'report').map(knownOf);
      expect(reports).toMatchObject([
        { result: { succeeded: true }, outputs: { transaction_id: 'TXN-0002' }, approvalRequest: asked.metadata.name },
      ]);
      expect(await ns.requestsOf(backup)).toEqual([]);
    }),
  );

  it(
    'that are Jobs are governed like any other: held by a policy on Jobs, they have a request of their own',
    inNamespace(async (ns) => {
      await ns.policy('asks', asks);
      await ns.policy('jobs', { match: matchJobs, stages: [oneOf('security', { group: 'security' })] });
      const made = await created(ns, governedJob('nightly', { preActions: [{ name: 'backup', jobTemplate: templateOf() }] }));
      const backup = await actionJob(ns, 'backup');
      const first = await ns.requestOf(backup);
      expect(first.status).toMatchObject({ requester: { username: 'alice' }, policies: [{ name: 'jobs' }] });
      expect(isSuspended(backup)).toBe(true);
      expect(await ns.requestsOf(made)).toEqual([]);
      await phase(ns, 'Validating');
      const sam = await ns.as('sam', ['security']);
      await ns.decide(sam, 'Approve', [first]);
      const asked = await approved(ns, made);
      await ns.decide(sam, 'Approve', [asked]);
      await phase(ns, 'Succeeded');
    }),
  );

  it(
    'that are refused by policies are not tried again: the GovernedJob has failed, its Job is gone, nobody is asked',
    inNamespace(async (ns) => {
      await ns.policy('asks', asks);
      await ns.policy('jobs', { match: matchJobs, stages: [oneOf('security', { group: 'security' })] });
      const made = await created(ns, governedJob('nightly', { preActions: [{ name: 'backup', retries: 3, jobTemplate: templateOf() }] }));
      const backup = await actionJob(ns, 'backup');
      await ns.decide(await ns.as('sam', ['security']), 'Reject', [await ns.requestOf(backup)]);
      const failed = await phase(ns, 'Failed');
      expect(actionsIn(failed)).toMatchObject([{ state: 'Failed', attempts: 1 }]);
      await ns.gone(resources.jobs, (statusOf(failed)?.['job'] as { name: string }).name);
      expect((await jobsOf(ns)).map((j) => j.metadata.name)).toEqual([backup.metadata.name]);
      expect(await ns.requestsOf(made)).toEqual([]);
    }),
  );

  it(
    'that fail are made anew as often as they may; then the GovernedJob has failed',
    inNamespace(async (ns) => {
      await ns.policy('asks', asks);
      const made = await created(
        ns,
        governedJob('nightly', { preActions: [{ name: 'backup', retries: 1, jobTemplate: templateOf(fails) }] }),
      );
      const failed = await phase(ns, 'Failed');
      expect(actionsIn(failed)).toMatchObject([{ stage: 'Pre', state: 'Failed', attempts: 2 }]);
      expect(condition(failed, 'Completed')?.message).toMatch(/^Its pre-action backup failed: /);
      await until('the Job to be removed', async () => ((await jobsOf(ns)).length === 2 ? true : undefined));
      expect(await ns.requestsOf(made)).toEqual([]);
    }),
  );

  it(
    'wait for a policy: what nobody could agree to is not begun',
    inNamespace(async (ns) => {
      const made = await created(ns, governedJob('nightly', { preActions: [callIn(ns, 'announce')] }));
      const waiting = await ns.eventually(resources.governedJobs, 'nightly', 'waiting', (g) =>
        /No policy/.test(condition(g, 'Reconciling')?.message ?? ''),
      );
      expect([statusOf(waiting)?.['phase'], callsOf(ns, 'announce').length]).toEqual(['Validating', 0]);
      await ns.policy('asks', asks);
      await phase(ns, 'AwaitingApproval');
      expect([callsOf(ns, 'announce').length, (await ns.requestsOf(made)).length]).toEqual([1, 1]);
    }),
  );

  it(
    'end with the GovernedJob that is cancelled',
    inNamespace(async (ns) => {
      await ns.policy('asks', asks);
      await created(ns, governedJob('nightly', { preActions: [{ name: 'backup', jobTemplate: templateOf(runsOn) }] }));
      await actionJob(ns, 'backup');
      await patch(ns, await ns.as('alice', ['dev']), resources.governedJobs, 'nightly', { spec: { cancelled: true } });
      await phase(ns, 'Cancelled');
      await until('no Job to be left', async () => ((await jobsOf(ns)).length === 0 ? true : undefined));
    }),
  );

  it(
    'that an edit adds are done before anybody is asked again, and the edit voids what was decided',
    inNamespace(async (ns) => {
      await ns.policy('asks', { ...asks, stages: [{ name: 'finance', require: [{ count: 2, from: [{ group: 'finance' }] }] }] });
      const made = await created(ns, governedJob('nightly'));
      const before = await approved(ns, made);
      await ns.request(before.metadata.name, 'half approved', (r) => r.status?.approvals === '1/2');
      const preActions = [{ name: 'backup', jobTemplate: templateOf({ podAnnotations: { 'kwok.countersign.dev/delay': '3s' } }) }];
      await patch(ns, await ns.as('alice', ['dev']), resources.governedJobs, 'nightly', { spec: { preActions } });
      await actionJob(ns, 'backup');
      const meanwhile = await ns.request(before.metadata.name, 'without a Job', (r) => condition(r, 'Valid')?.status === 'False');
      expect(meanwhile.status?.approvals).toBe('0/2');
      const again = await ns.request(
        before.metadata.name,
        'asked again',
        (r) => r.status?.phase === 'Reviewing' && r.status.subjectDigest !== before.status?.subjectDigest,
      );
      expect(again.status).toMatchObject({ approvals: '0/2', decisions: [{ counted: false, ignoredBecause: 'DigestChanged' }] });
      expect(states(await phase(ns, 'AwaitingApproval'))).toEqual(['Pre backup Succeeded']);
    }),
  );
});

describe.concurrent('a rollback', () => {
  it(
    'runs when the Job failed, approved along with it, though a policy on Jobs holds both; then come the post-actions',
    inNamespace(async (ns) => {
      await ns.policy('jobs', { ...asks, match: [...matchJobs, ...matchGovernedJobs] });
      const spec = { rollback: { jobTemplate: templateOf() }, postActions: [callIn(ns, 'report')] };
      const made = await created(ns, governedJob('nightly', spec, fails));
      const asked = await approved(ns, made);
      const done = await phase(ns, 'RolledBack');
      expect(states(done)).toEqual(['Rollback rollback Succeeded', 'Post report Succeeded']);
      expect(condition(done, 'Completed')).toMatchObject({ status: 'True', reason: 'Failed' });
      expect([isTrue(done, 'Stalled'), isTrue(done, 'Reconciling')]).toEqual([true, false]);
      const rollback = await actionJob(ns, 'rollback');
      expect(rollback.metadata.annotations).toMatchObject({
        [annotations.released]: asked.status?.subjectDigest,
        [annotations.request]: asked.metadata.name,
        [annotations.requester]: 'alice',
      });
      expect(await ns.requestsOf(rollback)).toEqual([]);
      expect(callsOf(ns, 'report').map(knownOf)).toMatchObject([{ result: { succeeded: false }, rollback: 'Succeeded' }]);
    }),
  );

  it(
    'does not run when the Job succeeded',
    inNamespace(async (ns) => {
      await ns.policy('asks', asks);
      await approved(ns, await created(ns, governedJob('nightly', { rollback: { jobTemplate: templateOf() } })));
      expect(states(await phase(ns, 'Succeeded'))).toEqual([]);
      expect(await jobsOf(ns)).toHaveLength(1);
    }),
  );

  it(
    'that fails leaves the GovernedJob failed',
    inNamespace(async (ns) => {
      await ns.policy('asks', asks);
      await approved(ns, await created(ns, governedJob('nightly', { rollback: { jobTemplate: templateOf(fails) } }, fails)));
      expect(condition(await phase(ns, 'Failed'), 'Stalled')?.message).toMatch(/Its rollback failed: /);
    }),
  );

  it(
    'that was written in after the approval does not run',
    inNamespace(async (ns) => {
      await ns.policy('asks', asks);
      const slow = { podAnnotations: { ...fails.podAnnotations, 'kwok.countersign.dev/delay': '4s' } };
      await approved(ns, await created(ns, governedJob('nightly', { rollback: { jobTemplate: templateOf() } }, slow)));
      await phase(ns, 'Running');
      const rollback = { jobTemplate: templateOf({ image: 'registry.example/evil:1' }) };
      await patch(ns, await ns.as('alice', ['dev']), resources.governedJobs, 'nightly', { spec: { rollback } });
      expect(condition(await phase(ns, 'Failed'), 'Stalled')?.message).toMatch(/It was changed after it had been approved/);
      expect(JSON.stringify(await jobsOf(ns))).not.toContain('registry.example/evil:1');
    }),
  );

  it.each([
    ['falls under a policy that had no say', { match: [{ ...matchJobs[0], objectSelector: { matchLabels: { tier: 'prod' } } }] }, asks],
    ['was approved by a rule alone', { match: matchJobs }, { match: matchGovernedJobs, autoApprove: always }],
  ])('that %s is asked about like any Job', (_why, jobs, governs) =>
    inNamespace(async (ns) => {
      await ns.policy('asks', governs);
      const isAuto = governs !== asks;
      await ns.policy('prod', isAuto ? { ...jobs, autoApprove: always } : { ...jobs, stages: [oneOf('security', { group: 'security' })] });
      const made = await created(ns, governedJob('nightly', { rollback: { jobTemplate: templateOf(runsOn, { tier: 'prod' }) } }, fails));
      if (!isAuto) await approved(ns, made);
      const rollback = await actionJob(ns, 'rollback');
      const own = await ns.requestOf(rollback);
      expect(own.status?.policies.map((p) => p.name)).toEqual(['prod']);
      if (isAuto) return;
      expect(isSuspended(await ns.get(resources.jobs, rollback.metadata.name))).toBe(true);
      await ns.decide(await ns.as('sam', ['security']), 'Approve', [own]);
      await ns.eventually(resources.jobs, rollback.metadata.name, 'let go', (j) => !isSuspended(j));
    })(),
  );
});

describe.concurrent('a call', () => {
  it(
    'is signed, so that whoever has the public key of the installation knows it for the operator’s',
    inNamespace(async (ns) => {
      await ns.policy('asks', { match: matchGovernedJobs, autoApprove: always });
      await created(ns, governedJob('nightly', { postActions: [callIn(ns, 'report')] }));
      await phase(ns, 'Succeeded');
      const [call] = callsOf(ns, 'report');
      const secrets = { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true };
      const secret = await ns.admin.get<KubeObject & { data: Record<string, string> }>(secrets, {
        namespace: 'countersign-system',
        name: 'countersign-signing',
      });
      const text = Buffer.from(secret.data['signing.pub']!, 'base64').toString();
      const x = Buffer.from(text.replace('whpk_', ''), 'base64').toString('base64url');
      const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
      const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = call!.headers;
      const signed = Buffer.from(`${String(id)}.${String(at)}.${call!.body}`);
      expect(verify(null, signed, key, Buffer.from(String(signature).replace('v1a,', ''), 'base64'))).toBe(true);
    }),
  );

  it(
    'that fails is tried again under the same id, and what it came to is shown',
    inNamespace(async (ns) => {
      await ns.policy('asks', { match: matchGovernedJobs, autoApprove: always });
      peer.answers((call, response) => {
        const isFlaky = call.path.endsWith('/flaky') && peer.calls.filter((c) => c.path === call.path).length < 3;
        response.writeHead(isFlaky ? 503 : 200).end();
      });
      await created(ns, governedJob('nightly', { preActions: [{ ...callIn(ns, 'flaky'), retries: 2 }] }));
      expect(actionsIn(await phase(ns, 'Succeeded'))).toMatchObject([{ state: 'Succeeded', attempts: 3, message: 'It answered 200.' }]);
      const calls = callsOf(ns, 'flaky');
      expect(new Set(calls.map((c) => c.headers['webhook-id'])).size).toBe(1);
      expect(calls.map((c) => (knownOf(c)['action'] as { attempt: number }).attempt)).toEqual([1, 2, 3]);
    }),
  );
});

describe.concurrent('a GovernedJob that cannot be', () => {
  const refused: [string, (ns: TestNamespace) => object, RegExp][] = [
    [
      'because it calls where nobody may',
      () => ({ postActions: [{ name: 'x', http: { url: 'https://169.254.169.254/latest' } }] }),
      /spec\.postActions\[0\]\.http\.url: 169\.254\.169\.254 may not be called: .*COUNTERSIGN_HTTP_ALLOW/,
    ],
    [
      'because the template of its rollback is wrong',
      () => ({ rollback: { jobTemplate: { spec: { template: { spec: { containers: [] } } } } } }),
      /spec\.rollback\.jobTemplate: the API server would refuse this Job: .*containers: Required value/,
    ],
    [
      'because the template of an action is wrong',
      (ns) => ({ preActions: [callIn(ns, 'a'), { name: 'b', jobTemplate: { spec: { template: { spec: { containers: [] } } } } }] }),
      /spec\.preActions\[1\]\.jobTemplate: /,
    ],
    [
      'because an action does two things',
      (ns) => ({ preActions: [{ ...callIn(ns, 'a'), jobTemplate: templateOf() }] }),
      /exactly one of jobTemplate and http/,
    ],
    ['because an action does nothing', () => ({ preActions: [{ name: 'a' }] }), /exactly one of jobTemplate and http/],
    [
      'because a number cannot be kept as it is',
      () => ({ parameters: { n: 2 ** 60 } }),
      /parameters\.n: 115292150460684\d+ is beyond 2\^53/,
    ],
    [
      'because its parameters are too large',
      () => ({ parameters: { text: 'x'.repeat(65_536) } }),
      /spec\.parameters: has 65547 bytes of JSON; expected at most 65536/,
    ],
  ];
  it.each(refused)('%s is refused at once', (_why, spec, message) =>
    inNamespace(async (ns) => {
      await ns.policy('asks', asks);
      await expect(created(ns, governedJob('nightly', spec(ns)))).rejects.toThrow(message);
      await expect(created(ns, governedJob('nightly', spec(ns)))).rejects.toMatchObject({ status: 422 });
    })(),
  );
});
