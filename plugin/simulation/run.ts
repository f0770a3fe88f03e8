import { approvalRequests } from '../../crds/v1alpha1/resources.ts';
import { observed } from '../../operator/core/rules/compile.ts';
import { isForbidden } from '../../operator/kube/client/apiError.ts';
import type { KubeClient } from '../../operator/kube/client/kubeClient.ts';
import type { Session } from '../cluster/connect.ts';
import { readRulebook, type Rulebook } from '../cluster/rulebook.ts';
import { tryToCreate } from '../cluster/trial.ts';
import { whoAmI } from '../cluster/whoami.ts';
import { RefusedError } from '../errors.ts';
import type { Person } from '../../operator/core/eligibility.ts';
import { requestOf, type Request } from '../request.ts';
import { failureRate } from './failureRate.ts';
import type { Manifest } from './manifests.ts';
import { simulate } from './simulated.ts';
import type { Answer } from './text.ts';
import { createdBy, jobOf, notGovernable, workOf, type Work } from './work.ts';

/** What the policies would ask of each manifest, were it created now by the caller. `namespace`: as given on the command line, which a manifest may not contradict. */
export async function simulateManifests(
  session: Session,
  manifests: readonly Manifest[],
  namespace: string | undefined,
): Promise<Answer[]> {
  const { client } = session;
  const spaceOf = (manifest: Manifest): string => namespaceOf(manifest, namespace, session.namespace);
  const me = await whoAmI(client);
  const rulebook = await readRulebook(client, [...new Set(manifests.map(spaceOf))]);
  const history = await readHistory(client, rulebook, [...new Set(manifests.map(spaceOf))]);
  return Promise.all(manifests.map((manifest) => simulateOne(manifest, spaceOf(manifest), { client, me, rulebook, history })));
}

function namespaceOf({ metadata, source }: Manifest, given: string | undefined, usual: string): string {
  if (given !== undefined && metadata.namespace !== undefined && metadata.namespace !== given) {
    throw new RefusedError(
      `${source}: metadata.namespace is ${metadata.namespace}, and -n says ${given}; make them the same.`,
      'NoManifest',
    );
  }
  return metadata.namespace ?? given ?? usual;
}

interface Reading {
  readonly client: KubeClient;
  readonly me: Person;
  readonly rulebook: Rulebook;
  /** Earlier requests, where a policy counts how often they failed; undefined where they may not be read. */
  readonly history: readonly Request[] | undefined;
}

async function simulateOne(manifest: Manifest, namespace: string, { client, me, rulebook, history }: Reading): Promise<Answer> {
  const now = client.now();
  const never = notGovernable(manifest);
  const created = createdBy(manifest, namespace);
  const trial = never === undefined ? await tryToCreate(client, namespace, created) : undefined;
  const governedJob = manifest.kind === 'GovernedJob' && trial?.kind === 'stored' ? trial.object : undefined;
  const job = governedJob && (await tryToCreate(client, namespace, jobOf(governedJob, namespace)));
  const tried = job?.kind === 'stored' ? job.object : undefined;
  const work: Work =
    never === undefined
      ? workOf(manifest, trial?.kind === 'stored' ? unheld(trial.object, created) : created, namespace, now, tried)
      : notWork(manifest, namespace, now);
  const around = {
    now,
    me,
    policies: rulebook.policiesFor(namespace),
    namespaceObject: rulebook.namespaceObject(namespace),
    failureRate: failureRate(history ?? [], namespace, work.spec.operation),
  };
  const notes = [
    ...(never === undefined ? [] : [never]),
    ...(trial?.kind === 'forbidden'
      ? [`You may not create it, so the API server's defaults are not applied and its schema was not checked.`]
      : []),
    ...(job?.kind === 'forbidden' ? [`You may not create Jobs, so the API server's defaults are not applied to its Job.`] : []),
    ...(trial?.kind === 'refused' ? [`As it is, the API server would refuse it: ${trial.why}`] : []),
    ...(manifest.kind === 'CronJob' ? ['Said of one of its Jobs, as if you had written the CronJob.'] : []),
    ...(manifest.kind === 'ApprovalRequest' && manifest.spec['draft'] === true ? ['It is a draft; this is once it is submitted.'] : []),
    ...(history === undefined
      ? ['You may not list approvalrequests, so how often the operation failed before is not known, and counted as never run.']
      : []),
    ...rulebook.gaps,
  ];
  return { ...simulate(work, around), notes, ...(trial?.kind === 'refused' ? { refusedAlready: true } : {}) };
}

/** In the trial it was put on hold; expressions see it as its author wrote it. */
function unheld(stored: Readonly<Record<string, unknown>>, written: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (stored['kind'] !== 'Job') return stored;
  const suspend = (written['spec'] as { suspend?: unknown } | undefined)?.suspend === true;
  return { ...stored, spec: { ...(stored['spec'] as object), suspend } };
}

/** Something of a kind that no policy can govern: nothing is asked. */
function notWork(manifest: Manifest, namespace: string, now: number): Work {
  const job = workOf({ ...manifest, kind: 'Job' }, { ...manifest.object, spec: {} }, namespace, now);
  return { ...job, kind: manifest.kind, candidates: [{ apiGroup: '', kind: 'Job', labels: {} }], marks: [], faults: [] };
}

async function readHistory(client: KubeClient, rulebook: Rulebook, namespaces: readonly string[]): Promise<readonly Request[] | undefined> {
  const found: Request[] = [];
  for (const namespace of namespaces) {
    if (!rulebook.policiesFor(namespace).some((p) => p.spec.risk?.historicalFailureRate === observed)) continue;
    try {
      for await (const object of client.listAll(approvalRequests, { namespace })) found.push(requestOf(object));
    } catch (error) {
      if (isForbidden(error)) return undefined;
      throw error;
    }
  }
  return found;
}
