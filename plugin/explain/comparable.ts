import { yaml } from '../output/yaml.ts';
import type { Request } from '../request.ts';

/** Labels that every Job has values of its own for. */
const ownLabels = ['controller-uid', 'batch.kubernetes.io/controller-uid', 'job-name', 'batch.kubernetes.io/job-name'];

interface JobSpec {
  readonly template?: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> }; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** What is claimed and what would run, as text in which two runs of the same work differ only where somebody made them differ. */
export function comparable(request: Request, jobSpec: unknown): string {
  const { operation, context, reason, ticket } = request.stored.spec;
  const claim = {
    operation,
    ...(context === undefined ? {} : { context }),
    ...(reason === undefined ? {} : { reason }),
    ...(ticket === undefined ? {} : { ticket }),
  };
  return yaml({ request: claim, ...(jobSpec === undefined ? {} : { jobSpec: withoutIdentity(jobSpec) }) });
}

function withoutIdentity(jobSpec: unknown): unknown {
  const { selector: _selector, suspend: _hold, template, ...rest } = jobSpec as JobSpec;
  if (template === undefined) return rest;
  const labels = Object.fromEntries(Object.entries(template.metadata?.labels ?? {}).filter(([key]) => !ownLabels.includes(key)));
  return { ...rest, template: { ...template, metadata: { ...template.metadata, labels } } };
}
