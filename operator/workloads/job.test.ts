import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Duration } from '../../crds/v1alpha1/index.ts';
import type { RawObject } from './contract.ts';
import { workloadOf, workloads } from './index.ts';
import { job } from './job.ts';

interface Changes {
  metadata?: Partial<RawObject['metadata']>;
  spec?: object;
  status?: unknown;
}

const template = {
  metadata: { labels: { 'controller-uid': 'job-uid', app: 'wire' }, annotations: { note: 'x' } },
  spec: {
    restartPolicy: 'Never',
    containers: [{ name: 'main', image: 'busybox:1', args: ['a', 'b'], resources: { limits: { cpu: '1' } } }],
    affinity: { nodeAffinity: {} },
  },
};

function held({ metadata, spec, ...rest }: Changes = {}): RawObject {
  return {
    metadata: {
      name: 'wire',
      namespace: 'payments',
      uid: 'job-uid',
      resourceVersion: '7',
      creationTimestamp: '2026-03-02T09:00:00Z',
      ...metadata,
      labels: { 'countersign.dev/held': 'true', app: 'wire', ...metadata?.labels },
      annotations: {
        'countersign.dev/author-suspended': 'false',
        'countersign.dev/requester': 'alice',
        'countersign.dev/requester-groups': 'dev\nops',
        ...metadata?.annotations,
      },
    },
    spec: { suspend: true, parallelism: 1, completions: 1, backoffLimit: 6, template, ...spec },
    ...rest,
  };
}

const project = (changes: Changes = {}) => job.project(held(changes));
const claim = (annotations: Record<string, string>, metadata: Changes['metadata'] = {}) =>
  project({ metadata: { ...metadata, annotations } }).claim;

describe('what is kept of a Job', () => {
  it('is what the gate decides on', () => {
    const { content, ...facts } = project({ metadata: { annotations: { 'policy.countersign.dev/payments.tiers': 'held' } } });
    expect(content).toMatch(/^v1:sha256:/);
    expect(facts).toEqual({
      kind: 'Job',
      namespace: 'payments',
      name: 'wire',
      uid: 'job-uid',
      resourceVersion: '7',
      createdAt: '2026-03-02T09:00:00Z',
      markedHeld: true,
      suspended: true,
      authorSuspended: false,
      policyMarks: ['policy.countersign.dev/payments.tiers'],
      labels: { app: 'wire' },
      requester: { username: 'alice', groups: ['dev', 'ops'] },
      claim: { operation: 'wire', faults: [] },
      references: { configMaps: [], secrets: [], unpinnedImages: ['busybox:1'] },
    });
  });

  it('says nothing of what it refers to where there is nothing', () => {
    const image = `busybox@sha256:${'0'.repeat(64)}`;
    expect(project({ spec: { template: { spec: { containers: [{ name: 'main', image }] } } } })).not.toHaveProperty('references');
  });

  it.each<[string, boolean, Changes]>([
    ['suspended', true, {}],
    ['not suspended', false, { spec: { suspend: false } }],
    ['not suspended when nothing is said', false, { spec: { suspend: undefined } }],
    ['not suspended by anything but true', false, { spec: { suspend: 'true' } }],
  ])('says that it is %s', (_what, suspended, changes) => {
    expect(project(changes).suspended).toBe(suspended);
  });

  it.each<[string, boolean]>([
    ['true', true],
    ['false', false],
    ['', false],
    ['True', false],
  ])('says that a label %j means held: %s', (label, markedHeld) => {
    expect(project({ metadata: { labels: { 'countersign.dev/held': label } } }).markedHeld).toBe(markedHeld);
  });

  it('says what it was released for, and by which request', () => {
    const annotations = { 'countersign.dev/released': 'v1:sha256:x', 'countersign.dev/request': 'wire-1' };
    expect(project({ metadata: { annotations } }).released).toEqual({ digest: 'v1:sha256:x', request: 'wire-1' });
  });

  const owners = (kind: string) => [
    { kind: 'ConfigMap', name: 'x', uid: 'u0' },
    { kind, name: 'nightly', uid: 'u1', controller: true },
  ];

  it('names the controller that made it, among other owners', () => {
    const found = project({ metadata: { ownerReferences: owners('GovernedJob') } }).controller;
    expect(found).toEqual({ kind: 'GovernedJob', name: 'nightly', uid: 'u1' });
  });

  it('names a CronJob where the API server saw its controller make it', () => {
    const annotations = { 'countersign.dev/run-of': 'u1' };
    const found = project({ metadata: { ownerReferences: owners('CronJob'), annotations } }).controller;
    expect(found).toEqual({ kind: 'CronJob', name: 'nightly', uid: 'u1' });
  });

  it.each<[string, object]>([
    ['that only stands there as the owner', {}],
    ['other than that which made it', { annotations: { 'countersign.dev/run-of': 'u2' } }],
  ])('names no CronJob %s', (_which, metadata) => {
    expect(project({ metadata: { ownerReferences: owners('CronJob'), ...metadata } }).controller).toBeUndefined();
  });

  const condition = (type: string, status = 'True') => ({ type, status, message: 'why', lastTransitionTime: '2026-03-02T10:00:00Z' });
  it.each<[string, object | undefined, object[]]>([
    ['nothing while it runs', undefined, []],
    ['nothing while it is suspended', undefined, [condition('Suspended')]],
    ['nothing while a condition is not True', undefined, [condition('Complete', 'False'), condition('Failed', 'Unknown')]],
    ['nothing while it is about to succeed', undefined, [condition('SuccessCriteriaMet')]],
    ['a success', { succeeded: true, message: 'The Job ran to completion.', at: '2026-03-02T10:00:00Z' }, [condition('Complete')]],
    [
      'a failure',
      { succeeded: false, message: 'The Job failed: why', at: '2026-03-02T10:00:00Z' },
      [condition('FailureTarget'), condition('Failed')],
    ],
    ['a failure that says nothing', { succeeded: false, message: 'The Job failed: no message' }, [{ type: 'Failed', status: 'True' }]],
  ])('knows of its end: %s', (_what, ended, conditions) => {
    expect(project({ status: { conditions } }).ended).toEqual(ended);
  });

  it('knows that it has been told to stop, until it has ended', () => {
    expect(project({ status: { conditions: [condition('FailureTarget')] } }).stopping).toBe(true);
    expect(project({ status: { conditions: [condition('FailureTarget', 'False')] } }).stopping).toBeUndefined();
    expect(project({ status: { conditions: [condition('FailureTarget'), condition('Failed')] } }).stopping).toBeUndefined();
  });
});

describe('the digest of what would run', () => {
  const pod = (changes: object) => ({ spec: { template: { ...template, spec: { ...template.spec, ...changes } } } });
  const main = (changes: object) => pod({ containers: [{ ...template.spec.containers[0], ...changes }] });

  it.each<[string, Changes]>([
    ['parallelism', { spec: { parallelism: 2 } }],
    ['completions', { spec: { completions: 2 } }],
    ['backoffLimit', { spec: { backoffLimit: 0 } }],
    ['who manages it', { spec: { managedBy: 'example.com/other' } }],
    ['a field that this version does not know', { spec: { futureField: true } }],
    ['the labels of its pods', { spec: { template: { ...template, metadata: { ...template.metadata, labels: { app: 'other' } } } } }],
    ['the annotations of its pods', { spec: { template: { ...template, metadata: { ...template.metadata, annotations: {} } } } }],
    ['affinity', pod({ affinity: { podAffinity: {} } })],
    ['the service account', pod({ serviceAccountName: 'admin' })],
    ['the node', pod({ nodeName: 'n1' })],
    ['volumes', pod({ volumes: [{ name: 'v', secret: { secretName: 's' } }] })],
    ['the image', main({ image: 'busybox:2' })],
    ['the order of arguments', main({ args: ['b', 'a'] })],
    ['resources', main({ resources: { limits: { cpu: '2' } } })],
    ['the environment', main({ env: [{ name: 'X', value: '1' }] })],
    ['another container', pod({ containers: [...template.spec.containers, { name: 'side' }] })],
    ['an init container', pod({ initContainers: [{ name: 'init' }] })],
  ])('changes with %s', (_what, changes) => {
    expect(project(changes).content).toMatch(/^v1:sha256:/);
    expect(project(changes).content).not.toBe(project().content);
  });

  it.each<[string, Changes]>([
    ['the hold itself', { spec: { suspend: false } }],
    [
      'our marks',
      { metadata: { labels: { 'countersign.dev/held': 'false' }, annotations: { 'countersign.dev/released': 'v1:sha256:x' } } },
    ],
    [
      'labels and annotations of the Job, which GitOps tools write',
      { metadata: { labels: { 'argocd.argoproj.io/instance': 'x' }, annotations: { x: 'y' } } },
    ],
    ['its status', { status: { active: 1, startTime: '2026-03-02T10:00:00Z' } }],
    ['who manages which field', { metadata: { managedFields: [{}], resourceVersion: '8' } as Partial<RawObject['metadata']> }],
  ])('does not change with %s', (_what, changes) => {
    expect(project(changes).content).toBe(project().content);
  });

  it('does not depend on the order of keys', () => {
    const raw = held();
    const reversed = Object.fromEntries(Object.entries(raw['spec'] as object).reverse());
    expect(job.project({ ...raw, spec: reversed }).content).toBe(job.project(raw).content);
  });

  it('is missing, with the reason, for what cannot be digested', () => {
    const facts = project({ spec: { activeDeadlineSeconds: 2 ** 53 } });
    expect(facts.content).toBeUndefined();
    expect(facts.fault).toMatch(/activeDeadlineSeconds: 9007199254740992 is beyond 2\^53/);
  });
});

describe('for whom it is asked', () => {
  const named = (who: string) => project({ metadata: { annotations: { 'countersign.dev/on-behalf-of': who } } });

  it('is whom the annotation names, and does not change who asked', () => {
    expect(named('carol')).toMatchObject({ onBehalfOf: 'carol', requester: { username: 'alice' } });
  });

  it('is nobody where it names nobody', () => {
    expect(named('')).not.toHaveProperty('onBehalfOf');
    expect(project()).not.toHaveProperty('onBehalfOf');
  });
});

describe('what its author says of it', () => {
  const key = (name: string) => `countersign.dev/${name}`;

  it('is taken from annotations', () => {
    const said = { operation: 'wire-transfer', reason: 'Quarterly', ticket: 'CHG-1', context: '{"amount": 50000}', timeout: '48h' };
    expect(claim(Object.fromEntries(Object.entries(said).map(([k, v]) => [key(k), v])))).toEqual({
      ...said,
      context: { amount: 50000 },
      faults: [],
    });
  });

  it.each<[string, string, string, RegExp]>([
    ['an operation that is no DNS label', 'operation', 'Wire Transfer', /operation is "Wire Transfer"; expected one DNS label/],
    ['an empty operation', 'operation', '', /operation is ""; expected one DNS label/],
    ['an operation that is too long', 'operation', 'x'.repeat(64), /expected one DNS label/],
    ['a reason that is too long', 'reason', 'x'.repeat(1025), /reason has 1025 characters; expected at most 1024/],
    ['a ticket that is too long', 'ticket', 'x'.repeat(257), /ticket has 257 characters; expected at most 256/],
    ['a timeout that is none', 'timeout', 'tomorrow', /timeout is "tomorrow"; expected a duration of at least 1s/],
    ['a timeout of nothing', 'timeout', '0s', /timeout is "0s"; expected a duration of at least 1s/],
    ['a timeout of milliseconds', 'timeout', '1500ms', /expected a duration/],
    ['a context that is not JSON', 'context', '{amount: 1}', /context cannot be used: .*expected for example \{"amount": 50000\}/],
    ['an empty context', 'context', '', /context cannot be used/],
    ['a context that is a list', 'context', '[1]', /context is not a JSON object/],
    ['a context that is null', 'context', 'null', /context is not a JSON object/],
    ['a context that is a text', 'context', '"x"', /context is not a JSON object/],
    [
      'a context with a number that JSON rounds',
      'context',
      '{"id": 9007199254740993}',
      /id: 9007199254740992 is beyond 2\^53.*smaller number; expected for/,
    ],
    ['a context with a number that is none', 'context', '{"amount": 1e400}', /Infinity/],
    ['a context that says a thing twice', 'context', '{"amount": 50000, "amount": 5}', /context has the key "amount" twice/],
    [
      'a context that says a thing twice deep down',
      'context',
      '{"a": [{"b": 1, "b": 1}]}',
      /has the key "a\.b" twice.*expected each key once/,
    ],
    ['a context with half a character', 'context', '{"name": "\\ud83d"}', /[Ss]urrogate/],
  ])('is refused, named and left out: %s', (_what, name, value, fault) => {
    const said = claim({ [key(name)]: value });
    expect(said.faults).toHaveLength(1);
    expect(said.faults[0]).toContain(`annotation ${key(name)}`);
    expect(said.faults[0]).toMatch(fault);
    expect(said).toEqual({ operation: 'wire', faults: said.faults });
  });

  it('is named once for each thing that is wrong', () => {
    expect(claim({ [key('operation')]: '!', [key('timeout')]: '!', [key('context')]: '!' }).faults).toHaveLength(3);
  });

  it('never holds a time that the schema of a request would refuse', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^([0-9]{1,7}(ms|s|m|h|d|w)){0,3}$/)), (text) => {
        const { timeout } = claim({ [key('timeout')]: text });
        if (timeout !== undefined) expect(Duration.safeParse(timeout).success && /[1-9]/.test(timeout)).toBe(true);
      }),
    );
  });
});

describe('the operation of work whose author names none', () => {
  const cronJob = [{ kind: 'CronJob', name: 'nightly-report', uid: 'u', controller: true }];

  it.each<[string, string, Changes['metadata']]>([
    ['the name of the Job', 'wire', {}],
    ['the name of its CronJob', 'nightly-report', { name: 'nightly-report-29384', ownerReferences: cronJob }],
    [
      'not that of another controller',
      'set-1',
      { name: 'set-1', ownerReferences: [{ kind: 'JobSet', name: 'set', uid: 'u', controller: true }] },
    ],
    ['not that of a CronJob that only owns it', 'x', { name: 'x', ownerReferences: [{ kind: 'CronJob', name: 'nightly', uid: 'u' }] }],
    ['what its generated name begins with', 'import', { name: 'import-x7k2p', generateName: 'import-' }],
    ['with dots made dashes', 'a-b-c', { name: 'a.b.c' }],
    ['shortened', 'x'.repeat(63), { name: 'x'.repeat(70) }],
    ['not ending in a dash when shortened', 'x'.repeat(62), { name: `${'x'.repeat(62)}-yz` }],
    ['something, in any case', 'job', { name: '...' }],
  ])('is %s', (_what, operation, metadata) => {
    expect(claim({}, metadata).operation).toBe(operation);
  });

  it('is always a DNS label', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (name) => {
        expect(claim({}, { name }).operation).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
      }),
    );
  });
});

describe('the patches', () => {
  const at = '2026-03-02T10:00:00Z';

  it('release this very Job as it was looked at, in one write', () => {
    expect(job.release(project(), { digest: 'v1:sha256:x', request: 'wire-1' })).toEqual({
      metadata: {
        uid: 'job-uid',
        resourceVersion: '7',
        labels: { 'countersign.dev/held': 'false' },
        annotations: { 'countersign.dev/released': 'v1:sha256:x', 'countersign.dev/request': 'wire-1' },
      },
      spec: { suspend: false },
    });
  });

  it('leave suspended what its author had suspended', () => {
    const suspended = project({ metadata: { annotations: { 'countersign.dev/author-suspended': 'true' } } });
    expect(suspended.authorSuspended).toBe(true);
    expect(Object.keys(job.release(suspended, { digest: 'd', request: 'r' }))).toEqual(['metadata']);
  });

  it('end a refused Job as failed, in the order that the API server wants', () => {
    const condition = {
      status: 'True',
      reason: 'ApprovalRejected',
      message: 'Rejected by bob.',
      lastProbeTime: at,
      lastTransitionTime: at,
    };
    expect(job.refuse(project(), { reason: 'ApprovalRejected', message: 'Rejected by bob.', at })).toEqual({
      metadata: { uid: 'job-uid', resourceVersion: '7' },
      status: {
        startTime: at,
        conditions: [
          { type: 'FailureTarget', ...condition },
          { type: 'Failed', ...condition },
        ],
      },
    });
  });

  it('stop what runs by asking its own controller', () => {
    expect(job.abort(project(), { reason: 'Cancelled', message: 'm', at })).toEqual({
      metadata: { uid: 'job-uid', resourceVersion: '7' },
      status: {
        conditions: [
          { type: 'FailureTarget', status: 'True', reason: 'Cancelled', message: 'm', lastProbeTime: at, lastTransitionTime: at },
        ],
      },
    });
  });
});

describe('objects that make no sense', () => {
  const nothing: RawObject = { metadata: { name: 'x', uid: 'u', resourceVersion: '1', creationTimestamp: '' } };

  it('without anything are not held, and by nobody', () => {
    expect(job.project(nothing)).toMatchObject({ markedHeld: false, suspended: false, requester: { username: '', groups: [] } });
  });

  it('never make it throw', () => {
    const junk = fc.oneof(fc.constantFrom(null, undefined, '', 0, []), fc.object({ maxDepth: 2 }));
    const texts = fc.option(fc.dictionary(fc.string(), fc.string()), { nil: null });
    const status = fc.oneof(fc.constantFrom(null, undefined), fc.record({ conditions: fc.constantFrom(null, undefined, [], [{}]) }));
    fc.assert(
      fc.property(junk, status, texts, texts, (spec, state, labels, annotations) => {
        const raw = { metadata: { ...nothing.metadata, labels, annotations, ownerReferences: null }, spec, status: state };
        const facts = job.project(raw as unknown as RawObject);
        expect(facts.content === undefined).toBe(facts.fault !== undefined);
      }),
    );
  });
});

describe('the list of kinds', () => {
  it('finds each by its name, and says what there is when there is none', () => {
    for (const workload of workloads) expect(workloadOf(workload.type.kind)).toBe(workload);
    expect(() => workloadOf('Deployment')).toThrow('Deployment cannot be held; expected Job.');
  });
});
