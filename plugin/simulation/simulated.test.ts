import { describe, expect, it } from 'vitest';
import type { ApprovalPolicySpec } from '../../crds/v1alpha1/index.ts';
import type { PolicyFacts } from '../../operator/core/facts.ts';
import { palette } from '../output/palette.ts';
import { finance, policy } from './example.ts';
import { manifestsIn } from './manifests.ts';
import { withDefaults } from './policyManifest.ts';
import { auditedOf } from './runAudit.ts';
import { simulate, type Simulated } from './simulated.ts';
import { simulatedText } from './text.ts';
import { createdBy, notGovernable, workOf } from './work.ts';

const now = Date.parse('2026-11-21T10:00:00Z');
const job = (annotations: string, more = ''): string =>
  `apiVersion: batch/v1\nkind: Job\nmetadata: {name: wire, annotations: {${annotations}}}\nspec: {template: {spec: {containers: [{name: main, image: tool:1}]}}${more}}\n`;
const amount = (of: number): string => `'countersign.dev/context': '{"amount": ${of}}'`;

const tiers: Partial<ApprovalPolicySpec> = {
  validations: [{ expression: 'context.amount <= 1000', message: 'more than 1000 is never paid' }],
  autoApprove: [{ name: 'small', when: 'context.amount <= 10' }],
  risk: withDefaults({ risk: { magnitude: 'double(context.amount) / 50.0' } }).risk,
  stages: [finance],
};

function simulated(text: string, ...policies: PolicyFacts[]): Simulated {
  const [manifest] = manifestsIn(text, 'wire.yaml');
  const work = workOf(manifest!, createdBy(manifest!, 'payments'), 'payments', now);
  const namespaceObject = { metadata: { name: 'payments', labels: {} } };
  return simulate(work, { now, me: { username: 'alice', groups: ['dev'] }, policies, namespaceObject, failureRate: 50 });
}

describe('simulation of a manifest', () => {
  it.each([
    ['asks people', amount(500), 'Pending'],
    ['approves on its own', amount(5), 'AutoApproved'],
    ['refuses', amount(5000), 'PolicyViolation'],
    ['cannot tell where the context lacks what a rule reads', '', 'Faulty'],
  ])('says whether the policy %s', (_what, annotations, expected) => {
    expect(simulated(job(annotations), policy(tiers)).outcome).toBe(expected);
  });

  it('says so when nobody governs it: no policy, one that does not match, and one that only audits', () => {
    expect(simulated(job('')).outcome).toBe('NotGoverned');
    const audit = simulated(job(''), policy({ enforcement: 'Audit', stages: [finance] }));
    expect(audit).toMatchObject({ outcome: 'NotGoverned', audited: [{ name: 'tiers' }] });
  });

  it('asks the expression of a match', () => {
    const large = policy({ match: [{ apiGroups: ['batch'], kinds: ['Job'], when: 'object.spec.parallelism > 3' }], stages: [finance] });
    expect(simulated(job('', ', parallelism: 2'), large).outcome).toBe('NotGoverned');
    expect(simulated(job('', ', parallelism: 4'), large).outcome).toBe('Pending');
  });

  it('reads a CronJob as one of its Jobs, whose operation is the name of the CronJob', () => {
    const text =
      'apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: nightly}\nspec: {schedule: "0 0 * * *", jobTemplate: {spec: {template: {spec: {containers: []}}}}}\n';
    expect(simulated(text, policy({ stages: [finance] }))).toMatchObject({
      outcome: 'Pending',
      work: { kind: 'CronJob', spec: { operation: 'nightly' } },
    });
  });

  it('reads a GovernedJob and an ApprovalRequest, and what they lack', () => {
    const ours = policy({
      match: [{ apiGroups: ['countersign.dev'], kinds: ['GovernedJob', 'ApprovalRequest'], operations: ['pay'] }],
      stages: [finance],
    });
    const governedJob =
      'apiVersion: countersign.dev/v1alpha1\nkind: GovernedJob\nmetadata: {name: a}\nspec: {operation: pay, jobTemplate: {spec: {}}}\n';
    expect(simulated(governedJob, ours).outcome).toBe('Pending');
    const request =
      'apiVersion: countersign.dev/v1alpha1\nkind: ApprovalRequest\nmetadata: {name: a}\nspec: {operation: pay, subject: {external: {system: x, id: y}}}\n';
    expect(simulated(request, ours).outcome).toBe('Pending');
    expect(simulated(request.replace('pay,', 'other,'), ours).outcome).toBe('NoPolicy');
    expect(simulated(governedJob.replace('operation: pay, ', ''), ours).work.faults).toEqual(['spec.operation is missing']);
  });

  it('shows policies that speak of Jobs alone the Job of a GovernedJob, in match and in rules', () => {
    const governedJob = (image: string): string =>
      `apiVersion: countersign.dev/v1alpha1\nkind: GovernedJob\nmetadata: {name: a}\nspec: {operation: pay, parameters: {amount: 1}, jobTemplate: {metadata: {labels: {team: pay}}, spec: {template: {spec: {containers: [{name: main, image: '${image}'}]}}}}}\n`;
    const container = 'object.spec.template.spec.containers[0]';
    const images = policy({
      match: [{ apiGroups: ['batch'], kinds: ['Job'], when: 'object.metadata.labels.team == "pay" && object.spec.suspend == true' }],
      validations: [{ expression: `${container}.env.exists(e, e.name == 'COUNTERSIGN_PARAMETERS')`, message: 'no parameters' }],
      autoApprove: [{ name: 'tool', when: `${container}.image == 'tool:1'` }],
      stages: [finance],
    });
    expect(simulated(governedJob('tool:1'), images).outcome).toBe('AutoApproved');
    expect(simulated(governedJob('tool:2'), images).outcome).toBe('Pending');
    expect(simulated(governedJob('tool:2').replace('team: pay', 'team: x'), images)).toMatchObject({ outcome: 'NoPolicy', policies: [] });
  });

  it('tells people: stages, risk, violations and windows', () => {
    const frozen = policy({ ...tiers, freeze: [{ name: 'weekend', schedule: '0 0 * * SAT', duration: '48h', timeZone: 'Etc/UTC' }] });
    const text = (annotations: string): string =>
      simulatedText({ ...simulated(job(annotations), frozen), notes: [] }, now, palette(false, {}));
    expect(text(amount(500))).toContain('It would be held and wait for 2 approvals.');
    expect(text(amount(500))).toContain('Risk 3 of 100 (criticality 0, magnitude 10, blast radius 0, historical failure rate 0)');
    expect(text(amount(500))).toMatch(/Nothing would be let go before 2026-11-23 00:00:00Z/);
    expect(text(amount(5))).toContain('without asking anybody, but not at this time');
    expect(text(amount(5000))).toContain('breaks ApprovalPolicy payments/tiers: more than 1000 is never paid');
  });

  it.each([
    ['no YAML', 'a: [', /^wire\.yaml: /],
    ['no object', '42', /is no object but 42/],
    ['nothing', '---\n', /there is no object in it/],
    ['no kind', 'metadata: {name: x}', /apiVersion or kind is missing/],
    ['no name', 'apiVersion: batch/v1\nkind: Job', /metadata\.name is missing/],
    ['a number for a name', 'apiVersion: batch/v1\nkind: Job\nmetadata: {name: 5}', /metadata\.name is 5; expected a string/],
    [
      'a number for a label',
      'apiVersion: batch/v1\nkind: Job\nmetadata: {name: a, labels: {x: 5}}',
      /metadata\.labels\["x"\] is no string/,
    ],
  ])('refuses %s, and says where', (_what, text, expected) => {
    expect(() => manifestsIn(text, 'wire.yaml')).toThrow(expected);
  });

  it('reads several documents and lists, and says of what nobody can govern that it is so', () => {
    const both = manifestsIn(
      `${job('')}---\napiVersion: v1\nkind: List\nitems: [{apiVersion: apps/v1, kind: Deployment, metadata: {name: d}}]\n`,
      'all.yaml',
    );
    expect(both.map((m) => `${m.source}: ${m.kind}`)).toEqual(['all.yaml, document 1: Job', 'all.yaml, document 2, item 1: Deployment']);
    expect(notGovernable(both[1]!)).toContain('is of no kind that policies govern');
  });
});

describe('what audits would have held', () => {
  it('is judged as if the policies whose marks it bears held, and by no others', () => {
    const audit = policy({ ...tiers, enforcement: 'Audit' });
    const annotations = {
      'audit.countersign.dev/payments.tiers': 'would-hold',
      'audit.countersign.dev/cluster_.gone': 'would-hold',
      'countersign.dev/context': '{"amount": 500}',
    };
    const audited = auditedOf(
      {
        metadata: {
          name: 'wire',
          namespace: 'payments',
          uid: 'u',
          resourceVersion: '1',
          creationTimestamp: '2026-11-21T09:00:00Z',
          annotations,
        },
        spec: {},
      },
      [audit, policy({ enforcement: 'Audit' }, { name: 'other' })],
      { metadata: { name: 'payments', labels: {} } },
      now,
    );
    expect(audited.unknown).toEqual(['ClusterApprovalPolicy gone']);
    expect(audited.simulated).toMatchObject({ outcome: 'Pending', policies: [{ name: 'tiers' }] });
  });
});
