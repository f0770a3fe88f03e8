import type { Request } from '../request.ts';
import type { Reviewed } from './summary.ts';
import { images, podSpecOf, uncovered } from '../../operator/core/uncovered.ts';

/** What is compared of the work behind a request. */
export interface Run {
  readonly operation: string;
  readonly requester: string;
  readonly images?: readonly string[];
  readonly parallelism?: number;
  readonly serviceAccount?: string;
  readonly risk?: number;
  /** What the digest does not cover. */
  readonly notCovered?: readonly string[];
}

/** The work behind a request. `jobSpec` is absent for what runs outside the cluster, and for what is not stored any more. */
export function runOf(request: Request, { jobSpec, runs }: Pick<Reviewed, 'jobSpec' | 'runs'>): Run {
  const { spec, status } = request;
  const claim = {
    operation: spec.operation,
    requester: status?.requester?.username ?? '',
    ...(status?.risk === undefined ? {} : { risk: status.risk.score }),
  };
  if (jobSpec === undefined) return claim;
  const pod = podSpecOf(jobSpec);
  const { parallelism = 1 } = jobSpec as { parallelism?: number };
  return {
    ...claim,
    images: images(pod).map((i) => i.image),
    parallelism,
    serviceAccount: pod.serviceAccountName ?? 'default',
    notCovered: uncovered(jobSpec, status?.pins, runs),
  };
}

/** A risk this much higher than that of the others stands out. */
const standsOut = 10;

/**
 * What stands out about one run, a sentence each: against the others of the batch that do the same operation, and against the last approved run
 * (`null`: there was none; undefined: not known). Pure.
 */
export function unusual(run: Run, others: readonly Run[], last: Run | null | undefined): string[] {
  const alike = others.filter((o) => o.operation === run.operation);
  const before = last ?? undefined;
  const differs = (what: string, of: (run: Run) => string | undefined): string[] =>
    said(what, of(run), otherwise(of(run), usual(alike.map(of))), otherwise(of(run), before && of(before)));
  const exceeds = (what: string, of: (run: Run) => number | undefined, margin: number): string[] => {
    const mine = of(run);
    const above = (other: number | undefined, by: number): string | undefined =>
      mine !== undefined && other !== undefined && mine > other + by ? String(other) : undefined;
    return said(what, mine?.toString(), above(median(alike.map(of)), margin), above(before && of(before), 0));
  };
  return [
    ...(last === null ? ['nothing like it was approved before'] : []),
    ...differs('image', (r) => r.images?.join(', ')),
    ...exceeds('parallelism', (r) => r.parallelism, 0),
    ...differs('service account', (r) => r.serviceAccount),
    ...differs('asked by', (r) => r.requester),
    ...exceeds('risk', (r) => r.risk, standsOut),
    ...newlyUncovered(run, alike, before),
  ];
}

const otherwise = (mine: string | undefined, theirs: string | undefined): string | undefined => (mine === theirs ? undefined : theirs);

function said(what: string, mine: string | undefined, others: string | undefined, last: string | undefined): string[] {
  const against = [
    ...(others === undefined ? [] : [`the others: ${others}`]),
    ...(last === undefined ? [] : [`the last approved run: ${last}`]),
  ];
  return mine === undefined || against.length === 0 ? [] : [`${what} ${mine} (${against.join('; ')})`];
}

/** The value that more than half of them have. */
function usual(values: readonly (string | undefined)[]): string | undefined {
  const known = values.filter((v) => v !== undefined);
  return known.find((value) => known.filter((v) => v === value).length * 2 > known.length);
}

function median(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values.filter((v) => v !== undefined).sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)];
}

function newlyUncovered(run: Run, alike: readonly Run[], last: Run | undefined): string[] {
  const against = [...alike, ...(last === undefined ? [] : [last])].flatMap(({ notCovered }) =>
    notCovered === undefined ? [] : [notCovered],
  );
  if (against.length === 0) return [];
  // Images and service accounts are compared by name already.
  const known = new Set(against.flat());
  const fresh = (run.notCovered ?? []).filter((part) => !known.has(part) && !/^(image|ServiceAccount) /.test(part));
  return fresh.map((part) => `not covered by the digest, and not seen elsewhere: ${part}`);
}
