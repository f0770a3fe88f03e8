import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  annotations,
  approvalDecisions,
  approvalDelegations,
  type ApprovalDecision,
  type ApprovalDelegation,
} from '../../../crds/v1alpha1/index.ts';
import type { KubeObject } from '../../../operator/kube/client/types.ts';
import { canSeat, type Place } from '../../fixtures/bruteForce.ts';
import { resources, TestNamespace, type StoredRequest } from '../../fixtures/world.ts';
import { live, running, type Line, type Lived } from './histories.ts';
import { named } from './overrides.ts';

const histories = 10;
const steps = 24;
/** Within it the operator has acted on whatever came last. */
const settleMs = 2_500;

/** What the API server keeps of who said what. */
interface Said {
  readonly decisions: readonly (ApprovalDecision & KubeObject)[];
  readonly delegations: readonly (ApprovalDelegation & KubeObject)[];
}

/** The decisions by which somebody agrees to exactly this. */
const on = ({ decisions }: Said, verdict: string, request: StoredRequest, digest: string) =>
  decisions.filter(
    ({ spec }) => spec.verdict === verdict && spec.requests.some((r) => r.uid === request.metadata.uid && r.digest === digest),
  );

/** Whether two different people who may override did, each with a ticket. */
function isOverridden(ns: TestNamespace, said: Said, request: StoredRequest, digest: string): boolean {
  const may = ['carol', 'dave'].map((who) => named(ns, who));
  const by = on(said, 'Override', request, digest).filter(({ spec }) => may.includes(spec.approver ?? '') && (spec.ticket ?? '') !== '');
  return new Set(by.map(({ spec }) => spec.approver)).size >= 2;
}

/** Whether the people who agreed can fill all places, each in one of them, the requester in none. */
function hasQuorum(ns: TestNamespace, said: Said, request: StoredRequest, digest: string, lines: readonly Line[]): boolean {
  const requester = named(ns, 'alice');
  const yeses = on(said, 'Approve', request, digest).filter(({ spec }) => spec.approver !== requester);
  const voters = [...new Set(yeses.map(({ spec }) => spec.approver ?? ''))];
  const principals = (voter: string) => {
    const own = { name: voter, groups: yeses.find((d) => d.spec.approver === voter)?.spec.groups ?? [] };
    const handed = said.delegations.filter((d) => d.spec.to === voter && d.spec.from !== requester);
    // Bob may hand on what carol handed to him.
    const further = said.delegations.filter((d) => handed.some((h) => h.spec.from === d.spec.to));
    return [own, ...[...handed, ...further].map((d) => ({ name: d.spec.from, groups: groupsAtDelegation(d) }))];
  };
  const places = lines.flatMap(({ count, from }): Place[] => {
    const place = voters.flatMap((voter, i) =>
      principals(voter).flatMap((p) =>
        from.some((e) => e.user === p.name || (e.group !== undefined && p.groups.includes(e.group))) ? [{ voter: i, person: p.name }] : [],
      ),
    );
    return Array.from({ length: count }, () => place);
  });
  return canSeat(places);
}

const groupsAtDelegation = ({ metadata }: KubeObject): string[] => (metadata.annotations?.[annotations.requesterGroups] ?? '').split('\n');

/** What is wrong with a Job that runs; undefined when nothing is. */
async function wrong(ns: TestNamespace, lived: Lived, said: Said, job: KubeObject): Promise<string | undefined> {
  const { [annotations.released]: digest = '', [annotations.request]: name = '' } = job.metadata.annotations ?? {};
  const request = await ns.get<StoredRequest>(resources.approvalRequests, name);
  if (request.status?.subjectDigest !== digest)
    return `${job.metadata.name} was let go for ${digest}, its request is about ${request.status?.subjectDigest}`;
  if (isOverridden(ns, said, request, digest)) return undefined;
  const versions = request.status.policies.map((p) => p.generation);
  if (versions.length === 0) return `${job.metadata.name} runs though no policy is on record`;
  const lacking = versions.filter((g) => !hasQuorum(ns, said, request, digest, lived.asked.get(g) ?? [{ count: 99, from: [] }]));
  return lacking.length === 0
    ? undefined
    : `${job.metadata.name} runs without a quorum on ${digest} by version ${lacking.join(', ')} of the policy`;
}

async function livedAndLooked(seed: number): Promise<{ released: number; faults: string[] }> {
  const ns = await TestNamespace.create('life');
  try {
    const lived = await live(ns, seed, steps);
    await sleep(settleMs);
    const jobs = await running(ns);
    const all = { namespace: ns.name };
    const said: Said = {
      decisions: (await ns.admin.list<ApprovalDecision & KubeObject>(approvalDecisions, all)).items,
      delegations: (await ns.admin.list<ApprovalDelegation & KubeObject>(approvalDelegations, all)).items,
    };
    const found = await Promise.all(jobs.map((job) => wrong(ns, lived, said, job)));
    const faults = found.flatMap((fault) => (fault === undefined ? [] : [`seed ${seed}: ${fault}\n  ${lived.told.join('\n  ')}`]));
    return { released: jobs.length, faults };
  } finally {
    await ns.close();
  }
}

describe('random histories on the real API server', () => {
  it('whatever runs in the end has a valid quorum, or an override, on the digest that runs', async () => {
    const base = Number(process.env['HISTORIES_SEED'] ?? Date.now() % 1_000_000);
    const results = await Promise.all(Array.from({ length: histories }, (_, i) => livedAndLooked(base + i)));
    expect(results.flatMap((r) => r.faults).join('\n')).toBe('');
    // Otherwise nothing was looked at.
    const released = results.reduce((sum, r) => sum + r.released, 0);
    expect(released, `base seed ${base}`).toBeGreaterThan(0);
    expect(released, `base seed ${base}`).toBeLessThan(2 * histories);
  });
});
