import { expect, it } from 'vitest';
import { governedJobContent, requestDigest } from '../../../operator/core/subject.ts';
import type { KubeObject, ResourceType } from '../../../operator/kube/client/types.ts';
import { workloadOf } from '../../../operator/workloads/index.ts';
import { settled } from '../../../test/fixtures/knownRequests.ts';
import { digest, job, PaymentCluster, requestObject, spec, uid } from '../../../test/fixtures/paymentCluster.ts';
import type { Caller } from '../callers/caller.ts';
import { knownRequest, type KnownRequest } from '../requests.ts';
import { shownTo, type ShowingDeps } from './showing.ts';

const bob: Caller = { username: 'bob@corp', groups: ['finance'], via: 'Web', proof: 'Session' };

/** A request that was approved before, of which the Job is still stored. */
const before: KnownRequest = {
  ...knownRequest(requestObject({ phase: 'Completed', conditions: settled(true, 'Approved') })),
  uid: 'uid-0',
  name: 'wire-0',
};

/** What bob is shown who may get what is named. */
async function shown(mayGet: readonly string[], past: readonly KnownRequest[] = [before], client = new PaymentCluster()) {
  const deps = {
    client,
    permissions: { may: (_who: Caller, { name = '' }: { name?: string }) => Promise.resolve(mayGet.includes(name)) },
    known: { requests: { list: () => past } },
  } as unknown as ShowingDeps;
  return (await shownTo(deps, bob, { namespace: 'payments', name: 'wire-1', uid }))?.past;
}

it('The last approved run is compared with for whoever may get its request and what ran', async () => {
  expect(await shown(['wire-0', 'wire'])).toMatchObject({ kind: 'found', request: { name: 'wire-0' }, subject: { access: 'read' } });
  expect(await shown(['wire-0', 'wire'], [])).toEqual({ kind: 'none' });
});

it('Nothing of an earlier request is shown to whoever may not get it, and nothing of what ran to whoever may not get that', async () => {
  expect(await shown(['wire'])).toEqual({ kind: 'forbidden' });
  const later: KnownRequest = {
    ...before,
    uid: 'uid-later',
    name: 'hidden',
    status: { ...before.status!, conditions: settled(true, 'Approved', 9) },
  };
  expect(await shown(['wire', 'wire-0'], [before, later])).toMatchObject({ kind: 'found', request: { name: 'wire-0' }, skipped: 0 });
  expect(await shown(['wire-0'])).toEqual({ kind: 'gone', request: before });
});

/** Where two GovernedJobs of the same content were approved; the Job of the first may have been deleted since, and its spec edited. */
class GovernedCluster extends PaymentCluster {
  governed: KubeObject = {
    apiVersion: 'countersign.dev/v1alpha1',
    kind: 'GovernedJob',
    metadata: { name: 'gj-1', namespace: 'payments', uid: 'gj-uid', resourceVersion: '1', creationTimestamp: '2026-11-21T10:00:00Z' },
    spec: { operation: 'wire', jobTemplate: { spec: ran['spec'] }, rollback: { jobTemplate: { spec: { image: 'undo:1' } } } },
    status: { job: { name: 'gj-1-job', uid: 'ran-uid' } },
  };
  job: KubeObject | undefined = ran;

  override get(type: ResourceType, ref: { name: string }): Promise<KubeObject> {
    if (type.kind === 'GovernedJob') return Promise.resolve(this.governed);
    return ref.name === 'gj-1-job' && this.job !== undefined ? Promise.resolve(this.job) : super.get(type, ref);
  }
}
const ran: KubeObject = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'gj-1-job', namespace: 'payments', uid: 'ran-uid', resourceVersion: '1', creationTimestamp: '2026-11-21T10:00:00Z' },
  spec: { suspend: false, template: { spec: { containers: [{ name: 'wire', image: 'registry.example/wire:1' }] } } },
};

/** What was approved of it, and ran. */
function ofGovernedJob({ governed }: GovernedCluster): KnownRequest {
  const asked = {
    ...spec,
    subject: { resource: { apiVersion: 'countersign.dev/v1alpha1', kind: 'GovernedJob', name: 'gj-1', uid: 'gj-uid' } },
  } as const;
  const job = { name: 'gj-1-job', uid: 'ran-uid', content: workloadOf('Job').project(ran).content ?? '' };
  const content = governedJobContent(governed['spec'] as never, job);
  return {
    ...before,
    spec: asked,
    status: { ...before.status!, subjectDigest: requestDigest('payments', { spec: asked }, content) },
  };
}

it('A GovernedJob that its requester edited after it ran, with its Job or without, is nothing to be like: what ran is not stored any more', async () => {
  const cluster = new GovernedCluster();
  cluster.request = {
    ...requestObject(),
    spec: { ...spec, subject: { resource: { ...ofGovernedJob(cluster).spec.subject.resource, name: 'gj-2' } } },
  };
  const past = ofGovernedJob(cluster);
  const compared = async (): Promise<string | undefined> => (await shown(['wire-0', 'gj-1'], [past], cluster))?.kind;
  expect(await compared()).toBe('found');
  const asApproved = cluster.governed;
  cluster.governed = {
    ...asApproved,
    spec: { ...(asApproved['spec'] as object), rollback: { jobTemplate: { spec: { image: 'payload:1' } } } },
  };
  expect(await compared()).toBe('gone');
  cluster.governed = asApproved;
  cluster.job = undefined;
  expect(await compared()).toBe('gone');
});

it('What was asked for in somebody’s stead is known to be what was approved: for whom is part of its digest', async () => {
  const raw = requestObject({ subjectDigest: digest, phase: 'Completed', conditions: settled(true, 'Approved') });
  const forErin = (subjectDigest: string): KnownRequest => ({
    ...knownRequest({
      ...raw,
      metadata: { ...raw.metadata, annotations: { 'countersign.dev/on-behalf-of': 'erin@corp' } },
      status: { ...(raw['status'] as object), subjectDigest },
    }),
    ...{ uid: 'uid-0', name: 'wire-0' },
  });
  const ofErin = requestDigest('payments', { spec, onBehalfOf: 'erin@corp' }, workloadOf('Job').project(job).content);
  expect(await shown(['wire-0', 'wire'], [forErin(ofErin)])).toMatchObject({ kind: 'found' });
  expect(await shown(['wire-0', 'wire'], [forErin(digest)])).toMatchObject({ kind: 'gone' });
});
