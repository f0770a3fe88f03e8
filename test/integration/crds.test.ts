/* eslint-disable @typescript-eslint/no-unsafe-return -- samples are changed as the JSON they are */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '../../crds/v1alpha1/index.ts';
import { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import { refusedAsChange, refusedAtCreation } from './crdsCases.ts';
import { refusedOfPeople, unchangedOfPeople } from './crdsCasesPeople.ts';
import { type Manifest, refusals, resourceOf, sample, sampleFiles } from './crdsSupport.ts';
import { ownCluster, type OwnCluster } from './crdsCluster.ts';

const ns = 'crds';
let cluster: OwnCluster;
let client: KubeClient;

beforeAll(async () => {
  cluster = await ownCluster();
  client = new KubeClient({ cluster: cluster.config });
  const namespaces = { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false };
  await client.create(namespaces, undefined, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ns } });
});

afterAll(async () => {
  await client.close();
  await cluster.stop();
});

const namespaceOf = (object: Manifest): string | undefined => (resourceOf(object).namespaced ? ns : undefined);

/** Asks the API server to create it, without doing so. */
const tryToCreate = (object: Manifest): Promise<Manifest> =>
  client.create(resourceOf(object), namespaceOf(object), object, { dryRun: true });

let created = 0;
/** Really creates it, under a name of its own. */
const create = (object: Manifest): Promise<Manifest> => {
  created += 1;
  const named = { ...object, metadata: { ...object.metadata, name: `object-${created}` } };
  return client.create<Manifest>(resourceOf(object), namespaceOf(object), named);
};

/** Asks the API server to replace it by a changed one, without doing so. */
const tryToChange = (object: Manifest, change: (copy: Manifest) => unknown): Promise<Manifest> => {
  const copy = structuredClone(object);
  change(copy);
  return client.replace(
    resourceOf(object),
    { ...(namespaceOf(object) === undefined ? {} : { namespace: ns }), name: object.metadata.name },
    copy,
    {
      dryRun: true,
    },
  );
};

describe('the definitions', () => {
  it.each(kinds.map((kind) => kind.resource.plural))('of %s are taken as they are, with no schema violation', async (plural) => {
    const definitions = {
      group: 'apiextensions.k8s.io',
      version: 'v1',
      plural: 'customresourcedefinitions',
      kind: 'CustomResourceDefinition',
      namespaced: false,
    };
    const { status } = await client.get<Manifest>(definitions, { name: `${plural}.countersign.dev` });
    const is = (type: string): string | undefined => (status.conditions as Manifest[]).find((condition) => condition.type === type)?.status;
    expect(is('Established')).toBe('True');
    expect(is('NamesAccepted')).toBe('True');
    expect(is('NonStructuralSchema')).toBeUndefined();
  });
});

describe('samples', () => {
  it.each(sampleFiles())('%s is accepted, and nothing in it is unknown', async (file) => {
    const object = sample(file, ns);
    const { group, version, plural, namespaced } = resourceOf(object);
    const path = `/apis/${group}/${version}/${namespaced ? `namespaces/${ns}/` : ''}${plural}`;
    await client.raw({ method: 'POST', path, query: { dryRun: 'All', fieldValidation: 'Strict' }, body: object });
  });

  it('get the defaults that api.md states', async () => {
    const policy = await tryToCreate(sample('policy-two-lines.yaml', ns));
    expect(policy.spec).toMatchObject({
      onRefusal: 'Fail',
      separation: { requesterMayApprove: false, distinctAcrossStages: true },
      stages: [{ rejections: 1 }],
    });
    const request = await tryToCreate(sample('request-external.yaml', ns));
    expect(request.spec).toMatchObject({ draft: false, cancelled: false });
  });

  it('keep every field of context, parameters and the Job template', async () => {
    const request = await tryToCreate(
      sample('request-external.yaml', ns, (object) => (object.spec.context = { deep: [{ any: null }], 'odd key': 1.5 })),
    );
    expect(request.spec.context).toEqual({ deep: [{ any: null }], 'odd key': 1.5 });
    const job = sample('governed-job.yaml', ns);
    const stored = await tryToCreate(job);
    expect(stored.spec.jobTemplate).toEqual(job.spec.jobTemplate);
  });
});

describe('the API server itself refuses', () => {
  it.each([...refusedAtCreation, ...refusedOfPeople])('%s', async (_, file, change, sentence) => {
    const said = await refusals(tryToCreate(sample(file, ns, (object) => change(object.spec as Manifest))));
    expect(said).toContainEqual(expect.stringMatching(sentence));
  });
});

describe('what may be created besides', () => {
  it.each<[string, string, (spec: Manifest) => unknown]>([
    ['two of a group of unknown size', 'policy-two-lines.yaml', (spec) => (spec.stages[0].require[0].count = 2)],
    [
      'namespaceSelector in a ClusterApprovalPolicy',
      'cluster-policy.yaml',
      (spec) => (spec.match[0].namespaceSelector = { matchLabels: { a: 'b' } }),
    ],
    ['a policy that asks nobody', 'policy-two-lines.yaml', (spec) => delete spec.stages],
    [
      'a delegation that ends later, by the clocks of two places',
      'delegation.yaml',
      (spec) => Object.assign(spec, { notBefore: '2026-12-20T11:00:00+02:00', notAfter: '2026-12-20T10:00:00Z' }),
    ],
    ['a time of several units', 'request-external.yaml', (spec) => (spec.timeout = '1d12h30m5s')],
    [
      'a decision on 100 requests',
      'decision.yaml',
      (spec) => (spec.requests = Array.from({ length: 100 }, (_, index) => ({ ...spec.requests[0], uid: `uid-${index}` }))),
    ],
    [
      'a request about a GovernedJob',
      'request-job.yaml',
      (spec) => (spec.subject.resource = { apiVersion: 'countersign.dev/v1alpha1', kind: 'GovernedJob', name: 'x' }),
    ],
  ])('%s', async (_, file, change) => {
    await expect(tryToCreate(sample(file, ns, (object) => change(object.spec as Manifest)))).resolves.toBeDefined();
  });
});

describe('the API server itself does not let', () => {
  it.each([...refusedAsChange, ...unchangedOfPeople])('%s', async (_, file, change, sentence) => {
    const object = await create(sample(file, ns));
    const said = await refusals(tryToChange(object, (copy) => change(copy.spec as Manifest)));
    expect(said).toContainEqual(expect.stringMatching(sentence));
  });

  it('a Job that a request has found be swapped for another of its name', async () => {
    const object = await create(sample('request-job.yaml', ns, ({ spec }) => (spec.subject.resource.uid = 'uid-1')));
    for (const change of [
      (spec: Manifest) => (spec.subject.resource.uid = 'uid-2'),
      (spec: Manifest) => delete spec.subject.resource.uid,
    ]) {
      expect(await refusals(tryToChange(object, (copy) => change(copy.spec as Manifest)))).toContainEqual(
        expect.stringMatching(/stays about its subject/),
      );
    }
  });

  it.each(['request-external.yaml', 'governed-job.yaml'])('what was cancelled in %s go on', async (file) => {
    const object = await create(sample(file, ns, ({ spec }) => (spec.cancelled = true)));
    const said = await refusals(tryToChange(object, (copy) => (copy.spec.cancelled = false)));
    expect(said).toContainEqual(expect.stringMatching(/^spec\.cancelled: .*stays cancelled/));
  });
});

describe('what may be changed', () => {
  it('is everything in a draft', async () => {
    const draft = await create(sample('request-external.yaml', ns, ({ spec }) => (spec.draft = true)));
    await tryToChange(draft, ({ spec }) => {
      spec.draft = false;
      spec.subject = { resource: { apiVersion: 'batch/v1', kind: 'Job', name: 'x' } };
      delete spec.policyRef;
    });
  });

  it('is what a submitted request says, and the uid that was not known yet', async () => {
    const request = await create(sample('request-job.yaml', ns));
    await tryToChange(request, ({ spec }) => {
      Object.assign(spec, { reason: 'Better said', context: { amount: 1 }, timeout: '1h', cancelled: true });
      spec.subject.resource.uid = 'uid-1';
    });
  });

  it('is the own stages of a request, before it is decided', async () => {
    const request = await create(sample('request-job.yaml', ns));
    await tryToChange(request, ({ spec }) => (spec.stages[0].require[0].from = [{ group: 'team-leads' }]));
  });

  it('is the metadata of a decision', async () => {
    const decision = await create(sample('decision.yaml', ns));
    await tryToChange(decision, ({ metadata }) => (metadata.labels = { team: 'a' }));
  });

  it.each(['policy-payments.yaml', 'cluster-policy.yaml'])('is everything in %s', async (file) => {
    const policy = await create(sample(file, ns));
    await tryToChange(policy, ({ metadata }) => (metadata.labels = { team: 'a' }));
    await tryToChange(policy, ({ spec }) => (spec.stages[0].require[0].from = [{ group: 'somebody-else' }, { user: 'dora' }]));
  });

  it('is the Job of a GovernedJob', async () => {
    const job = await create(sample('governed-job.yaml', ns));
    await tryToChange(job, ({ spec }) => (spec.jobTemplate.spec.backoffLimit = 1));
  });
});

const digest = `v1:sha256:${'0'.repeat(64)}`;
const now = '2026-11-21T09:00:00Z';

/** A status as the operator writes it, with every list used. */
const requestStatus = (): Manifest => ({
  phase: 'Reviewing',
  observedGeneration: 1,
  requester: { username: 'alice@corp', groups: ['dev'] },
  subjectDigest: digest,
  approvals: '2/3',
  submittedAt: now,
  expiresAt: now,
  policies: [{ kind: 'ApprovalPolicy', namespace: ns, name: 'payments', uid: 'u', generation: 3, asSubmitted: true, onRefusal: 'Fail' }],
  stages: [true, false].map((asSubmitted) => ({
    name: 'finance',
    policy: { kind: 'ApprovalPolicy', namespace: ns, name: 'payments', generation: 3 },
    asSubmitted,
    state: 'Active',
    required: 2,
    approvals: 1,
    require: [{ count: 2, from: [{ group: 'finance' }, { serviceAccount: { namespace: 'a', name: 'b' } }], approvedBy: ['bob'] }],
    separation: { requesterMayApprove: false, distinctAcrossStages: true },
  })),
  decisions: [
    {
      name: 'd',
      verdict: 'Approve',
      approver: 'bob',
      via: 'Kubernetes',
      time: now,
      digest,
      counted: false,
      ignoredBecause: 'NotQualified',
    },
  ],
  conditions: [{ type: 'Approved', status: 'Unknown', reason: 'Reviewing', message: 'Waits for finance.', lastTransitionTime: now }],
});

const writeStatus = (object: Manifest, status: Manifest): Promise<Manifest> =>
  client.replace(resourceOf(object), { namespace: ns, name: object.metadata.name }, { ...object, status }, { subresource: 'status' });

describe('a status', () => {
  it('is stored whole, and by its subresource alone', async () => {
    const request = await create(sample('request-external.yaml', ns, (object) => (object.status = requestStatus())));
    expect(request.status).toBeUndefined();
    const written = await writeStatus(request, requestStatus());
    expect(written.status).toEqual(requestStatus());
    expect(written.metadata.generation).toBe(1);
  });

  it('has empty lists where nothing is written', async () => {
    const request = await create(sample('request-external.yaml', ns));
    const { status } = await writeStatus(request, { phase: 'Draft', observedGeneration: 1 });
    expect(status).toEqual({ phase: 'Draft', observedGeneration: 1, policies: [], stages: [], decisions: [], conditions: [] });
  });

  it.each<[string, (status: Manifest) => unknown, RegExp]>([
    ['a phase that does not exist', (status) => (status.phase = 'Done'), /^status\.phase: Unsupported value: "Done"/],
    [
      'two conditions of one type',
      (status) => (status.conditions = [status.conditions[0], status.conditions[0]]),
      /^status\.conditions\[1\]: Duplicate value/,
    ],
    [
      'more than 100 decisions',
      (status) => (status.decisions = Array.from({ length: 101 }, () => status.decisions[0] as Manifest)),
      /^status\.decisions: Too many: 101: must have at most 100 items/,
    ],
  ])('cannot have %s', async (_, change, sentence) => {
    const request = await create(sample('request-external.yaml', ns));
    const status = requestStatus();
    change(status);
    expect(await refusals(writeStatus(request, status))).toContainEqual(expect.stringMatching(sentence));
  });
});

describe('kubectl', () => {
  /** What `kubectl get` prints for one object: the value below each heading. */
  const columns = async (...args: string[]): Promise<Record<string, string>> => {
    const [head = '', row = ''] = (await cluster.kubectl('get', '-n', ns, ...args)).split('\n');
    const starts = [...head.matchAll(/\S+/g)].map((match) => ({ name: match[0], at: match.index }));
    return Object.fromEntries(starts.map(({ name, at }, index) => [name, row.slice(at, starts[index + 1]?.at).trim()]));
  };

  it('shows phase, approvals, requester and policy of a request, and more with -o wide', async () => {
    const request = await create(sample('request-external.yaml', ns));
    await writeStatus(request, requestStatus());
    const name = request.metadata.name as string;
    const shown = { NAME: name, PHASE: 'Reviewing', APPROVALS: '2/3', REQUESTER: 'alice@corp', POLICY: 'payments' };
    expect(await columns('areq', name)).toEqual({ ...shown, AGE: expect.stringMatching(/^\d+s$/) });
    expect(await columns('areq', name, '-o', 'wide')).toMatchObject({
      ...shown,
      OPERATION: 'wire-transfer',
      TICKET: 'CHG-4711',
      EXPIRES: now,
      REASON: 'Quarterly supplier payment',
    });
  });

  it('shows who asked for a GovernedJob, from its annotation', async () => {
    const object = sample(
      'governed-job.yaml',
      ns,
      ({ metadata }) => (metadata.annotations = { 'countersign.dev/requester': 'alice@corp' }),
    );
    const job = await create(object);
    expect(await columns('gjob', job.metadata.name as string)).toMatchObject({ OPERATION: 'db-migration', REQUESTER: 'alice@corp' });
  });

  it('shows whether a policy is ready', async () => {
    const policy = await create(sample('policy-payments.yaml', ns));
    const ready = { type: 'Ready', status: 'True', reason: 'Enforced', message: 'Its guards are in place.', lastTransitionTime: now };
    await writeStatus(policy, { observedGeneration: 1, conditions: [ready], guards: ['g'] });
    expect(await columns('apol', policy.metadata.name as string)).toMatchObject({
      READY: 'True',
      REASON: 'Enforced',
      'ON-REFUSAL': 'Fail',
    });
  });

  it('lists all kinds of a namespace by their category', async () => {
    await create(sample('decision.yaml', ns));
    await create(sample('delegation.yaml', ns));
    await create(sample('channel-webhook.yaml', ns));
    const listed = await cluster.kubectl('get', 'countersign', '-n', ns, '-o', 'name');
    for (const kind of kinds.filter(({ resource }) => resource.namespaced)) expect(listed).toContain(`${kind.singular}.countersign.dev/`);
  });

  it.each([
    'areq.spec',
    'areq.status.stages',
    'adec.spec.requests',
    'gjob.spec.jobTemplate',
    'apol.spec.match',
    'capol.spec.stages.require',
  ])('explains %s in sentences', async (path) => {
    const text = await cluster.kubectl('explain', path);
    expect(text).toMatch(/DESCRIPTION:\n\s+[A-Z]/);
    expect(text).not.toContain('<no description>');
    expect(text).not.toContain('<empty>');
  });
});
