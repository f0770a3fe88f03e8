import { comparable as comparableValue } from '../../operator/core/precedent.ts';
import { withoutIdentity } from '../../operator/workloads/job.ts';
import type { Subject } from '../cluster/subject.ts';
import { yaml } from '../output/yaml.ts';
import type { Request } from '../request.ts';

/** What is claimed and what would run, as text in which two runs of the same work differ only where somebody made them differ. */
export const comparable = ({ stored }: Request, { jobSpec, runs }: Pick<Subject, 'jobSpec' | 'runs'>): string =>
  yaml(comparableValue(stored.spec, jobSpec === undefined ? undefined : withoutIdentity(jobSpec), runs));
