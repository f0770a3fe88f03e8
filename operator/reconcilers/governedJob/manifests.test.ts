import { describe, expect, it } from 'vitest';
import { ApprovalRequestSpec, type GovernedJobSpec } from '../../../crds/v1alpha1/index.ts';
import { governedJobSource } from '../../core/subject.ts';
import type { GovernedJobRecord } from '../records.ts';
import { actionJobManifest, allManifests, jobManifest, requestManifest, requestSpec } from './manifests.ts';

interface Manifest {
  metadata: { name: string; labels: Record<string, string>; annotations: Record<string, string>; ownerReferences?: object[] };
  spec: {
    suspend: boolean;
    template: { metadata?: object; spec: { containers: Container[]; initContainers?: Container[] } };
    [field: string]: unknown;
  };
}
interface Container {
  name: string;
  env?: { name: string; value: string }[];
}

const container = (name: string, env?: { name: string; value: string }[]): Container => ({ name, ...(env === undefined ? {} : { env }) });

function governedJob(spec: Partial<GovernedJobSpec> = {}): GovernedJobRecord {
  return {
    namespace: 'payments',
    name: 'nightly-migration',
    uid: '0a1b2c3d-0000-4000-8000-000000000000',
    resourceVersion: '7',
    generation: 1,
    deleting: false,
    labels: {},
    requester: { username: 'alice', groups: ['dev', 'ops'] },
    status: undefined,
    spec: {
      operation: 'db-migration',
      cancelled: false,
      jobTemplate: { spec: { backoffLimit: 2, template: { spec: { containers: [container('main')] } } } },
      ...spec,
    },
  };
}

const made = (spec: Partial<GovernedJobSpec> = {}) => jobManifest(governedJob(spec), 'nightly-migration-12345678') as Manifest;

describe('the Job of a GovernedJob', () => {
  it('is created suspended, held, owned, and in the name of its author', () => {
    expect(made()).toEqual({
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: 'nightly-migration-12345678',
        namespace: 'payments',
        labels: { 'countersign.dev/held': 'true' },
        annotations: {
          'countersign.dev/author-suspended': 'false',
          'countersign.dev/requester': 'alice',
          'countersign.dev/requester-groups': 'dev\nops',
          'countersign.dev/source': governedJobSource(governedJob().uid, governedJob().spec),
        },
        ownerReferences: [
          {
            apiVersion: 'countersign.dev/v1alpha1',
            kind: 'GovernedJob',
            name: 'nightly-migration',
            uid: '0a1b2c3d-0000-4000-8000-000000000000',
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      },
      spec: { backoffLimit: 2, suspend: true, template: { spec: { containers: [{ name: 'main' }] } } },
    });
  });

  it('is suspended whatever its template says, which is remembered', () => {
    expect(made({ jobTemplate: { spec: { suspend: false, template: {} } } }).spec.suspend).toBe(true);
    expect(made({ jobTemplate: { spec: { suspend: false, template: {} } } }).metadata.annotations['countersign.dev/author-suspended']).toBe(
      'false',
    );
    const suspended = made({ jobTemplate: { spec: { suspend: true, template: {} } } });
    expect(suspended.spec.suspend).toBe(true);
    expect(suspended.metadata.annotations['countersign.dev/author-suspended']).toBe('true');
  });

  it('keeps the labels and annotations of its template, but for marks of ours', () => {
    const metadata = {
      labels: { app: 'x', 'countersign.dev/held': 'false' },
      annotations: {
        note: 'y',
        'countersign.dev/released': 'v1:sha256:forged',
        'policy.countersign.dev/payments.p': 'held',
        'countersign.dev/requester': 'mallory',
      },
    };
    const { labels, annotations } = made({ jobTemplate: { metadata, spec: { template: {} } } }).metadata;
    const { 'countersign.dev/source': source, ...others } = annotations;
    expect(source).toMatch(/^v1:sha256:/);
    expect(labels).toEqual({ app: 'x', 'countersign.dev/held': 'true' });
    expect(others).toEqual({
      note: 'y',
      'countersign.dev/author-suspended': 'false',
      'countersign.dev/requester': 'alice',
      'countersign.dev/requester-groups': 'dev\nops',
    });
  });
});

describe('the Job of an action', () => {
  const pod = { containers: [container('a')], initContainers: [container('i')] };
  const template = {
    metadata: { labels: { app: 'x', 'countersign.dev/stage': 'Forged' } },
    spec: { ttlSecondsAfterFinished: 1, template: { spec: pod } },
  };
  const action = actionJobManifest(governedJob({ parameters: { a: 1 } }), template, { name: 'n-1', stage: 'Pre' }) as Manifest;

  it('is held, owned and in the name of its author like the other, and says which stage it belongs to', () => {
    expect(action.metadata).toMatchObject({
      name: 'n-1',
      labels: { app: 'x', 'countersign.dev/held': 'true', 'countersign.dev/stage': 'Pre' },
      annotations: { 'countersign.dev/requester': 'alice', 'countersign.dev/requester-groups': 'dev\nops' },
      ownerReferences: [{ kind: 'GovernedJob', controller: true }],
    });
    expect(action.spec.suspend).toBe(true);
  });

  it('has the parameters in every container, and stays for as long as its GovernedJob: no time to live removes the proof that it ran', () => {
    const env = [{ name: 'COUNTERSIGN_PARAMETERS', value: '{"a":1}' }];
    expect(action.spec.template.spec).toEqual({ containers: [container('a', env)], initContainers: [container('i', env)] });
    expect(action.spec).not.toHaveProperty('ttlSecondsAfterFinished');
  });

  it('is tried out at admission, each with the field that its template is in; calls have none', () => {
    const jobTemplate = { spec: { template: {} } };
    const all = allManifests(
      governedJob({
        preActions: [
          { name: 'a', retries: 0, timeout: '1h', http: { url: 'https://x.example' } },
          { name: 'b', retries: 0, timeout: '1h', jobTemplate },
        ],
        postActions: [{ name: 'c', retries: 0, timeout: '1h', jobTemplate }],
        rollback: { jobTemplate },
      }),
    );
    expect(all.map(({ field }) => field)).toEqual([
      'spec.jobTemplate',
      'spec.preActions[1].jobTemplate',
      'spec.postActions[0].jobTemplate',
      'spec.rollback.jobTemplate',
    ]);
  });
});

describe('parameters', () => {
  const parameters = { amount: 50000, to: 'BigCorp' };
  const variable = { name: 'COUNTERSIGN_PARAMETERS', value: '{"amount":50000,"to":"BigCorp"}' };
  const template = (spec: object) => ({ jobTemplate: { spec: { backoffLimit: 2, template: { metadata: { labels: { a: 'b' } }, spec } } } });

  it('reach every container as JSON', () => {
    const pod = {
      restartPolicy: 'Never',
      containers: [container('a', [{ name: 'X', value: '1' }]), container('b')],
      initContainers: [container('i')],
    };
    const { spec } = made({ parameters, ...template(pod) });
    expect(spec).toEqual({
      backoffLimit: 2,
      suspend: true,
      template: {
        metadata: { labels: { a: 'b' } },
        spec: {
          restartPolicy: 'Never',
          containers: [container('a', [{ name: 'X', value: '1' }, variable]), container('b', [variable])],
          initContainers: [container('i', [variable])],
        },
      },
    });
  });

  it('cannot be given differently by the template', () => {
    const forged = { name: 'COUNTERSIGN_PARAMETERS', value: '{"amount":1}' };
    expect(made({ parameters, ...template({ containers: [container('a', [forged])] }) }).spec.template.spec.containers[0]?.env).toEqual([
      variable,
    ]);
  });

  it('that are not there set nothing', () => {
    expect(made(template({ containers: [container('a')] })).spec.template.spec.containers[0]).toEqual({ name: 'a' });
  });

  it('of a template without containers do not make it throw: the API server says what is missing', () => {
    expect(() => made({ parameters, jobTemplate: { spec: {} } })).not.toThrow();
  });
});

describe('the request of a GovernedJob', () => {
  it('is named after it, and labelled with its uid, so that it releases its Job', () => {
    expect(requestManifest(governedJob())).toMatchObject({
      kind: 'ApprovalRequest',
      metadata: {
        name: 'nightly-migration-0a1b2c3d',
        namespace: 'payments',
        labels: { 'countersign.dev/subject-uid': '0a1b2c3d-0000-4000-8000-000000000000' },
        annotations: { 'countersign.dev/requester': 'alice', 'countersign.dev/requester-groups': 'dev\nops' },
      },
    });
  });

  it('says all that the GovernedJob says, and is one that the schema accepts', () => {
    const said = {
      parameters: { amount: 1 },
      reason: 'why',
      ticket: 'CHG-1',
      timeout: '48h',
      policyRef: { kind: 'ApprovalPolicy' as const, name: 'p' },
    };
    const spec = requestSpec(governedJob(said));
    expect(spec).toEqual({
      subject: {
        resource: {
          apiVersion: 'countersign.dev/v1alpha1',
          kind: 'GovernedJob',
          name: 'nightly-migration',
          uid: '0a1b2c3d-0000-4000-8000-000000000000',
        },
      },
      operation: 'db-migration',
      context: { amount: 1 },
      reason: 'why',
      ticket: 'CHG-1',
      timeout: '48h',
      policyRef: { kind: 'ApprovalPolicy', name: 'p' },
    });
    expect(ApprovalRequestSpec.safeParse(spec).success).toBe(true);
  });

  it('leaves out what is not said', () => {
    expect(Object.keys(requestSpec(governedJob()))).toEqual(['subject', 'operation']);
  });
});

describe('what is asked for somebody else', () => {
  const forCarol = { ...governedJob(), onBehalfOf: 'carol' };
  const annotations = { 'countersign.dev/requester': 'alice', 'countersign.dev/on-behalf-of': 'carol' };

  it('says so on its request and on the Jobs that are asked about beside it', () => {
    expect(requestManifest(forCarol)).toMatchObject({ metadata: { annotations } });
    const template = { spec: { template: { spec: { containers: [container('main')] } } } };
    expect(actionJobManifest(forCarol, template, { name: 'before', stage: 'Pre' })).toMatchObject({ metadata: { annotations } });
  });

  it('is not what the template says', () => {
    const metadata = { annotations: { 'countersign.dev/on-behalf-of': 'dave' } };
    const template = { metadata, spec: { template: { spec: { containers: [container('main')] } } } };
    const { metadata: of } = actionJobManifest(governedJob(), template, { name: 'before', stage: 'Pre' }) as Manifest;
    expect(of.annotations).not.toHaveProperty(['countersign.dev/on-behalf-of']);
  });
});
