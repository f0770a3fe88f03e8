import { withoutIdentity } from '../../operator/workloads/job.ts';
import { yaml } from '../output/yaml.ts';
import type { Request } from '../request.ts';

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
