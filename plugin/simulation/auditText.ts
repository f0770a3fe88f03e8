import { explain } from '../explain/why.ts';
import { images, podSpecOf } from '../../operator/core/uncovered.ts';
import { age } from '../output/age.ts';
import { oneLine } from '../../operator/core/printable.ts';
import { table } from '../output/table.ts';
import { titleOf, type Simulated } from './simulated.ts';
import type { Audited } from './runAudit.ts';

export interface AuditTableOptions {
  readonly now: number;
  readonly wide: boolean;
  readonly namespaces: boolean;
}

/** What would have been held, as a table. Pure. */
export function auditTable(audited: readonly Audited[], { now, wide, namespaces }: AuditTableOptions): string {
  const titles = [
    ...(namespaces ? ['NAMESPACE'] : []),
    'JOB',
    'POLICIES',
    'WOULD HAVE',
    'AGE',
    ...(wide ? ['OPERATION', 'RISK', 'IMAGES'] : []),
  ];
  const rows = audited.map((one) => [
    ...(namespaces ? [one.job.metadata.namespace ?? ''] : []),
    one.job.metadata.name,
    policiesOf(one).map(oneLine).join(', '),
    oneLine(wouldHave(one.simulated)),
    age(one.job.metadata.creationTimestamp, now),
    ...(wide ? wideCells(one) : []),
  ]);
  return table(titles, rows);
}

const policiesOf = ({ simulated, unknown }: Audited): string[] => [
  ...(simulated?.policies ?? []).map(titleOf),
  ...unknown.map((name) => `${name} (gone, changed, or not to be read)`),
];

function wideCells({ simulated, job }: Audited): string[] {
  const risk = simulated?.request?.status?.risk?.score;
  return [
    oneLine(simulated?.work.spec.operation ?? ''),
    risk?.toString() ?? '',
    oneLine(
      images(podSpecOf(job['spec']))
        .map((i) => i.image)
        .join(', '),
    ),
  ];
}

/** What would have come of it, in a few words that follow "would have". */
function wouldHave(simulated: Simulated | undefined): string {
  if (simulated === undefined) return 'held it; by what rules is not known any more';
  const { outcome, policies, request } = simulated;
  switch (outcome) {
    case 'PolicyViolation':
      return `refused it: ${policies.flatMap((p) => p.violations ?? []).join('; ')}`;
    case 'AutoApproved':
      return `approved it by ${policies.map((p) => `rule ${p.autoApproves ?? '?'}`).join(', ')}`;
    case 'Frozen':
      return 'approved it, at another time';
    case 'Faulty':
      return `held it, as a rule cannot be evaluated: ${policies.flatMap((p) => p.fault ?? []).join('; ')}`;
    case 'Pending': {
      const missing = request === undefined ? [] : explain(request).stages.flatMap((s) => s.missing);
      return `asked ${missing.map((m) => `${m.count} of ${m.from.join(' or ')}`).join(', then ')}`;
    }
    default:
      return 'held it, and asked nobody';
  }
}

/** The same for programs. */
export function auditDocument(one: Audited): object {
  const { job, simulated } = one;
  return {
    job: { namespace: job.metadata.namespace, name: job.metadata.name, uid: job.metadata.uid, createdAt: job.metadata.creationTimestamp },
    policies: (simulated?.policies ?? []).map(titleOf),
    unknown: one.unknown,
    wouldHave: wouldHave(simulated),
    ...(simulated?.request === undefined ? {} : { outcome: simulated.outcome, explanation: explain(simulated.request) }),
  };
}
