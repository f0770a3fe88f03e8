import { expect } from 'vitest';
import type { ActionStatus } from '../../../crds/v1alpha1/index.ts';
import { resources, statusOf, type StoredRequest, type TestNamespace } from '../../fixtures/world.ts';
import { aliceOf, create, oneOf, policy, refusal, type Check, type Manifest } from './support.ts';

/** What the pods do, which kwok plays, says an annotation of the template. */
function plays(template: Manifest, annotations: Record<string, string>): void {
  const said = Object.entries(annotations).map(([name, value]) => [`kwok.countersign.dev/${name}`, value]);
  template.spec.template.metadata = { annotations: Object.fromEntries(said) as Record<string, string> };
}

const migrations = [{ apiGroups: ['countersign.dev'], kinds: ['GovernedJob'], operations: ['db-migration'] }];

/** Bob agrees to the GovernedJob, whose request is asked for by then. */
async function agreed(ns: TestNamespace, object: Manifest): Promise<StoredRequest> {
  await policy(ns, 'policy-two-lines.yaml', (spec) => (spec.match = migrations));
  const made = await create(ns, await aliceOf(ns), object);
  await ns.phase(resources.governedJobs, made.metadata.name, 'AwaitingApproval');
  const asked = await ns.requestOf(made);
  await ns.decide(await ns.as('bob@corp', ['finance']), 'Approve', [asked]);
  return asked;
}

const plain: Check = async (ns, file) => {
  await agreed(ns, oneOf(ns, file));
  await ns.phase(resources.governedJobs, 'nightly-migration', 'Succeeded');
};

const actions: Check = async (ns, file) => {
  // The operator of the tests may call nobody; the comment of the sample says what then comes of it.
  expect(await refusal(create(ns, await aliceOf(ns), oneOf(ns, file)))).toMatch(/spec\.postActions\[0\]\.http\.url.*hooks\.example\.com/);
  const sample = oneOf(ns, file, (spec) => {
    delete spec.postActions;
    plays(spec.jobTemplate as Manifest, { outcome: 'fail' });
  });
  await agreed(ns, sample);
  const back = await ns.phase(resources.governedJobs, 'nightly-migration-with-care', 'RolledBack');
  const done = (statusOf(back)?.['actions'] ?? []) as ActionStatus[];
  expect(done.map((a) => `${a.stage} ${a.name} ${a.state}`)).toEqual(['Pre backup Succeeded', 'Rollback rollback Succeeded']);
};

const outputs: Check = async (ns, file) => {
  await policy(ns, 'policy-tiers.yaml');
  const said = { 'termination-message': '{"transaction_id": "TXN-0002"}' };
  await create(
    ns,
    await aliceOf(ns),
    oneOf(ns, file, (spec) => plays(spec.jobTemplate as Manifest, said)),
  );
  const done = await ns.phase(resources.governedJobs, 'pay-supplier', 'Succeeded');
  expect(statusOf(done)?.['outputs']).toEqual({ transaction_id: 'TXN-0002' });
};

/** GovernedJobs, and what is done around them. */
export const governedJobs: Readonly<Record<string, Check>> = {
  'governed-job.yaml': plain,
  'governed-job-actions.yaml': actions,
  'governed-job-outputs.yaml': outputs,
};
