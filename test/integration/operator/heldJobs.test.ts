import { describe, expect } from 'vitest';
import { annotations, labels, policyMark } from '../../../crds/v1alpha1/index.ts';
import { test } from '../../fixtures/inNamespace.ts';
import { condition, hasEnded, isSuspended, job, matchJobs, oneOf, request, resources, until } from '../../fixtures/world.ts';

const ask = { match: matchJobs, stages: [oneOf('finance', { group: 'finance' })] };
const unmatched = { match: [{ ...matchJobs[0], objectSelector: { matchLabels: { tier: 'prod' } } }], stages: ask.stages };

describe.concurrent('a plain Job', () => {
  test('that a policy matches is held at creation, in the name of its author, with a mark of each policy that holds it', async ({ ns }) => {
    await Promise.all([ns.policy('one', ask), ns.policy('two', ask)]);
    const alice = await ns.as('alice', ['dev']);
    const made = await alice.create(resources.jobs, ns.name, job('wire'));
    expect(isSuspended(made)).toBe(true);
    expect(made.metadata.labels?.[labels.held]).toBe('true');
    expect(made.metadata.annotations).toMatchObject({
      [annotations.authorSuspended]: 'false',
      [annotations.requester]: 'alice',
      [annotations.requesterGroups]: [`${ns.name}:staff`, 'dev', 'system:authenticated'].join('\n'),
      [policyMark({ kind: 'ApprovalPolicy', namespace: ns.name, name: 'one' })]: 'held',
      [policyMark({ kind: 'ApprovalPolicy', namespace: ns.name, name: 'two' })]: 'held',
    });
  });

  test('that no policy matches is not touched, is asked about by nobody, and runs', async ({ ns }) => {
    await ns.policy('prod', unmatched);
    const alice = await ns.as('alice');
    const made = await alice.create(resources.jobs, ns.name, job('free'));
    expect(isSuspended(made)).toBe(false);
    const ended = await ns.eventually(resources.jobs, 'free', 'over', hasEnded);
    const ours = Object.keys({ ...ended.metadata.labels, ...ended.metadata.annotations }).filter((key) => key.includes('countersign'));
    expect(ours).toEqual([]);
    expect((await ns.admin.list(resources.approvalRequests, { namespace: ns.name })).items).toEqual([]);
  });

  test('gets one ApprovalRequest, named JOB-UID8, labelled with its uid, owned by nobody, in the name of its author', async ({ ns }) => {
    await ns.policy('pay', ask);
    const made = await (await ns.as('alice', ['dev'])).create(resources.jobs, ns.name, job('wire'));
    const asked = await ns.requestOf(made);
    expect(asked.metadata.name).toBe(`wire-${made.metadata.uid.slice(0, 8)}`);
    expect(asked.metadata.ownerReferences).toBeUndefined();
    expect(asked.spec.subject).toEqual({ resource: { apiVersion: 'batch/v1', kind: 'Job', name: 'wire', uid: made.metadata.uid } });
    expect(asked.status?.requester?.username).toBe('alice');
    expect(asked.status?.requester?.groups).toContain('dev');
    expect(await ns.requestsOf(made)).toHaveLength(1);
  });

  test('with the longest of names gets a request whose name is shortened and still tells it apart by its uid', async ({ ns }) => {
    await ns.policy('pay', ask);
    const made = await (await ns.as('alice')).create(resources.jobs, ns.name, job('w'.repeat(63)));
    const asked = await ns.requestOf(made);
    expect(asked.metadata.name).toBe(`${'w'.repeat(54)}-${made.metadata.uid.slice(0, 8)}`);
  });

  test('says in annotations what is done, why, for which ticket, about what and how long it may wait', async ({ ns }) => {
    await ns.policy('pay', ask);
    const said = {
      operation: 'wire-transfer',
      reason: 'Quarterly payment',
      ticket: 'CHG-4711',
      context: '{"amount": 50000}',
      timeout: '2h',
    };
    const metadata = { annotations: Object.fromEntries(Object.entries(said).map(([key, value]) => [`countersign.dev/${key}`, value])) };
    const made = await (await ns.as('alice')).create(resources.jobs, ns.name, job('wire', { metadata }));
    const { spec, status } = await ns.requestOf(made);
    expect(spec).toMatchObject({ ...said, context: { amount: 50_000 } });
    expect(Date.parse(status?.expiresAt ?? '') - Date.parse(status?.submittedAt ?? '')).toBe(2 * 3_600_000);
  });

  test('that says the same in all but one annotation has another digest', async ({ ns }) => {
    await ns.policy('pay', ask);
    const alice = await ns.as('alice');
    const digestWith = async (name: string, metadata: object): Promise<string | undefined> => {
      const made = await alice.create(resources.jobs, ns.name, job(name, { metadata }));
      return (await ns.requestOf(made)).status?.subjectDigest;
    };
    const digests = [
      await digestWith('one', {}),
      await digestWith('two', { annotations: { [annotations.operation]: 'one' } }),
      await digestWith('three', { annotations: { [annotations.operation]: 'one', [annotations.context]: '{"amount":1}' } }),
    ];
    expect(digests.every((digest) => /^v1:sha256:[0-9a-f]{64}$/.test(digest ?? ''))).toBe(true);
    expect(new Set(digests).size).toBe(3);
  });

  test('that does not say what it does is taken for what its name says, or the prefix of a name that was made for it', async ({ ns }) => {
    await ns.policy('pay', ask);
    const alice = await ns.as('alice');
    const named = await alice.create(resources.jobs, ns.name, job('nightly.report'));
    const generated = await alice.create(resources.jobs, ns.name, { ...job(''), metadata: { generateName: 'import-' } });
    expect((await ns.requestOf(named)).spec.operation).toBe('nightly-report');
    expect((await ns.requestOf(generated)).spec.operation).toBe('import');
  });

  test('whose annotations cannot be understood holds, and its request names the annotation and what was expected', async ({ ns }) => {
    await ns.policy('pay', ask);
    const metadata = { annotations: { [annotations.context]: '[1]', [annotations.timeout]: 'soon' } };
    const made = await (await ns.as('alice')).create(resources.jobs, ns.name, job('wire', { metadata }));
    const asked = await until('the request to say what is wrong', async () => {
      const [found] = await ns.requestsOf(made);
      return found !== undefined && condition(found, 'Valid') !== undefined ? found : undefined;
    });
    expect(condition(asked, 'Valid')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(condition(asked, 'Valid')?.message).toMatch(/annotation countersign\.dev\/context is not a JSON object; expected for example/);
    expect(condition(asked, 'Valid')?.message).toMatch(/annotation countersign\.dev\/timeout is "soon"; expected a duration/);
    expect(asked.status?.subjectDigest).toBeUndefined();
    expect(isSuspended(await ns.get(resources.jobs, 'wire'))).toBe(true);
  });

  test('whose context says a thing twice is never let go on one reading of it, whatever approves by itself', async ({ ns }) => {
    await ns.policy('pay', { match: matchJobs, autoApprove: [{ name: 'small', when: 'context.amount <= 1000' }] });
    const alice = await ns.as('alice');
    const saying = (text: string): object => ({ metadata: { annotations: { [annotations.context]: text } } });
    const made = await alice.create(resources.jobs, ns.name, job('wire', saying('{"amount": 50000, "amount": 5}')));
    await alice.create(resources.jobs, ns.name, job('small', saying('{"amount": 5}')));
    await ns.eventually(resources.jobs, 'small', 'over', hasEnded);
    const asked = await until('the request to say what is wrong', async () => {
      const [found] = await ns.requestsOf(made);
      return found !== undefined && condition(found, 'Valid') !== undefined ? found : undefined;
    });
    expect(condition(asked, 'Valid')).toMatchObject({ status: 'False', reason: 'InvalidSpec' });
    expect(condition(asked, 'Valid')?.message).toContain('annotation countersign.dev/context has the key "amount" twice');
    expect(isSuspended(await ns.get(resources.jobs, 'wire'))).toBe(true);
  });

  test('is not asked about under a name that somebody else has taken: it stays held, and an Event says why', async ({ ns }) => {
    await ns.policy('prod', unmatched);
    const alice = await ns.as('alice');
    const mallory = await ns.as('mallory');
    const made = await alice.create(resources.jobs, ns.name, job('wire', { spec: { suspend: true } }));
    const taken = `wire-${made.metadata.uid.slice(0, 8)}`;
    await mallory.create(resources.approvalRequests, ns.name, request(taken));
    const ref = { namespace: ns.name, name: 'wire' };
    await alice.patch(resources.jobs, ref, { metadata: { labels: { tier: 'prod' } } }, { type: 'merge' });
    const resumed = await alice.patch(resources.jobs, ref, { spec: { suspend: false } }, { type: 'merge' });
    expect(isSuspended(resumed)).toBe(true);
    const [event] = await until('an Event', async () => {
      const found = await ns.events(made);
      return found.length > 0 ? found : undefined;
    });
    expect(event).toContain(`RequestNameTaken: The ApprovalRequest ${taken}`);
    expect(await ns.requestsOf(made)).toEqual([]);
    expect(isSuspended(await ns.get(resources.jobs, 'wire'))).toBe(true);
  });
});
