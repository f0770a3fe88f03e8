import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { argoCdFolder, healthOf, healthScript } from '../fixtures/argoCd.ts';

const condition = (type: string, status: string, message = '', reason = 'Because') => ({ type, status, message, reason });
const object = (status: object | undefined, generation = 1) => ({ metadata: { name: 'it', generation }, spec: {}, status });

describe('the health of an ApprovalRequest', () => {
  const request = (approved: string, message: string) =>
    object({ observedGeneration: 1, conditions: [condition('Valid', 'True'), condition('Approved', approved, message)] });

  it('is Progressing before the operator saw it', async () => {
    expect(await healthOf('ApprovalRequest', object(undefined))).toMatchObject({ status: 'Progressing' });
    expect(await healthOf('ApprovalRequest', object({}))).toMatchObject({ status: 'Progressing' });
  });

  it.each([
    ['Unknown', 'Progressing'],
    ['True', 'Healthy'],
    ['False', 'Degraded'],
  ])('with Approved %s is %s and says why', async (approved, status) => {
    expect(await healthOf('ApprovalRequest', request(approved, 'two of three'))).toEqual({ status, message: 'two of three' });
  });

  it('is Progressing while the status tells of an older spec', async () => {
    const stale = { ...request('True', 'ok'), metadata: { name: 'it', generation: 2 } };
    expect(await healthOf('ApprovalRequest', stale)).toMatchObject({ status: 'Progressing' });
  });
});

describe('the health of a GovernedJob', () => {
  it.each([
    ['Pending', 'Progressing'],
    ['Validating', 'Progressing'],
    ['AwaitingApproval', 'Progressing'],
    ['Running', 'Progressing'],
    ['Succeeded', 'Healthy'],
    ['Failed', 'Degraded'],
    ['Rejected', 'Degraded'],
    ['Cancelled', 'Degraded'],
    ['Expired', 'Degraded'],
  ])('that is %s is %s', async (phase, status) => {
    expect(await healthOf('GovernedJob', object({ phase, observedGeneration: 1 }))).toEqual({ status, message: phase });
  });

  it('tells what the Ready condition says', async () => {
    const waiting = object({ phase: 'AwaitingApproval', conditions: [condition('Ready', 'False', '0 of 2 approvals')] });
    expect(await healthOf('GovernedJob', waiting)).toEqual({ status: 'Progressing', message: 'AwaitingApproval: 0 of 2 approvals' });
  });

  it('is Progressing before the operator saw it, and while the status is old', async () => {
    expect(await healthOf('GovernedJob', object(undefined))).toMatchObject({ status: 'Progressing' });
    expect(await healthOf('GovernedJob', object({ phase: 'Succeeded', observedGeneration: 1 }, 2))).toMatchObject({
      status: 'Progressing',
    });
  });
});

describe('the health of a policy', () => {
  it.each([
    ['True', 'Enforced', 'Healthy'],
    ['False', 'GuardsPending', 'Progressing'],
    ['False', 'GuardsFailed', 'Degraded'],
    ['False', 'InvalidSpec', 'Degraded'],
    ['Unknown', 'Pending', 'Progressing'],
  ])('with Ready %s, %s, is %s', async (ready, reason, status) => {
    const policy = object({ observedGeneration: 1, conditions: [condition('Ready', ready, 'so', reason)] });
    expect(await healthOf('ApprovalPolicy', policy)).toMatchObject({ status });
  });

  it('is Progressing until the latest change is enforced', async () => {
    const policy = object({ observedGeneration: 1, conditions: [condition('Ready', 'True')] }, 2);
    expect(await healthOf('ApprovalPolicy', policy)).toMatchObject({ status: 'Progressing' });
  });
});

describe('the health of a Job', () => {
  const job = (held: string | undefined, conditions: object[], spec: object = {}) => ({
    metadata: { name: 'it', ...(held === undefined ? {} : { labels: { 'countersign.dev/held': held } }) },
    spec,
    status: { conditions },
  });
  const suspended = condition('Suspended', 'True', 'Job suspended', 'JobSuspended');
  const resumed = condition('Suspended', 'False', 'Job resumed', 'JobResumed');

  it('that is held is Progressing, though Argo CD would call it Suspended', async () => {
    expect(await healthOf('Job', job('true', [suspended], { suspend: true }))).toEqual({
      status: 'Progressing',
      message: 'held: waiting for approval',
    });
  });

  it('that was just created, without a status, is Progressing', async () => {
    expect(await healthOf('Job', { metadata: { name: 'it', labels: { 'countersign.dev/held': 'true' } } })).toMatchObject({
      status: 'Progressing',
    });
    expect(await healthOf('Job', { metadata: { name: 'it' } })).toMatchObject({ status: 'Progressing' });
  });

  it('that was released is Progressing until it ended, though Argo CD would call a resumed one Healthy', async () => {
    expect(await healthOf('Job', job('false', [resumed], { suspend: false }))).toMatchObject({ status: 'Progressing' });
    expect(await healthOf('Job', job('false', [resumed, condition('Complete', 'True', 'done')]))).toEqual({
      status: 'Healthy',
      message: 'done',
    });
  });

  it('that was approved but that its author keeps suspended is Suspended', async () => {
    expect(await healthOf('Job', job('false', [suspended], { suspend: true }))).toMatchObject({ status: 'Suspended' });
  });

  it('that was refused is Degraded with the reason', async () => {
    const refused = [suspended, condition('FailureTarget', 'True', 'rejected by bob'), condition('Failed', 'True', 'rejected by bob')];
    expect(await healthOf('Job', job('true', refused, { suspend: true }))).toEqual({ status: 'Degraded', message: 'rejected by bob' });
  });

  it.each([
    ['no condition', [], 'Progressing'],
    ['Complete', [condition('Complete', 'True', 'done')], 'Healthy'],
    ['Failed', [condition('Failed', 'True', 'no')], 'Degraded'],
    ['Suspended', [suspended], 'Suspended'],
    ['Suspended false', [resumed], 'Healthy'],
    ['Complete and Suspended', [condition('Complete', 'True', 'done'), suspended], 'Suspended'],
    ['Failed and Suspended', [condition('Failed', 'True', 'no'), suspended], 'Degraded'],
  ])('that is not governed, with %s, is what Argo CD makes of it', async (_name, conditions, status) => {
    expect(await healthOf('Job', job(undefined, conditions))).toMatchObject({ status });
  });
});

describe('argocd-cm.yaml', () => {
  const { data } = parse(readFileSync(join(argoCdFolder, 'argocd-cm.yaml'), 'utf8')) as { data: Record<string, string> };

  it.each([
    ['countersign.dev_ApprovalRequest', 'ApprovalRequest'],
    ['countersign.dev_GovernedJob', 'GovernedJob'],
    ['countersign.dev_ApprovalPolicy', 'ApprovalPolicy'],
    ['countersign.dev_ClusterApprovalPolicy', 'ApprovalPolicy'],
    ['batch_Job', 'Job'],
  ])('carries for %s the very script that is tested', (kind, file) => {
    expect(data[`resource.customizations.health.${kind}`]).toBe(healthScript(file));
  });
});
