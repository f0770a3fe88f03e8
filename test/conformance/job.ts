import { job as workload } from '../../operator/workloads/job.ts';
import { isSuspended, job } from '../fixtures/world.ts';
import type { HeldKind } from './heldKind.ts';

const container = { name: 'main', image: 'registry.example/evil:1', command: ['run'] };
const inTemplate = (change: object): object => ({ spec: { template: change } });

/** A `batch/v1` Job. */
export const heldJob: HeldKind = {
  workload,
  quick: (name, suspend = false) => job(name, { spec: { suspend } }),
  lasting: (name) => job(name, { podAnnotations: { 'kwok.countersign.dev/delay': '600s' } }),
  resumes: {
    'sets suspend to false': { spec: { suspend: false } },
    'takes suspend off': { spec: { suspend: null } },
    'sets suspend to false and calls it released': {
      spec: { suspend: false },
      metadata: { labels: { 'countersign.dev/held': 'false' }, annotations: { 'countersign.dev/released': `v1:sha256:${'0'.repeat(64)}` } },
    },
  },
  changes: {
    'changes the image': inTemplate({ spec: { containers: [container] } }),
    'changes labels of the pods': inTemplate({ metadata: { labels: { tier: 'prod' } } }),
    'changes annotations of the pods': inTemplate({ metadata: { annotations: { sidecar: 'on' } } }),
    'changes where the pods run': inTemplate({ spec: { nodeSelector: { pool: 'gpu' } } }),
    'changes how many run at once': { spec: { parallelism: 7 } },
    'changes how often it is tried': { spec: { backoffLimit: 7 } },
    'changes how long it may run': { spec: { activeDeadlineSeconds: 7 } },
    'changes how long it is kept': { spec: { ttlSecondsAfterFinished: 7 } },
  },
  pauses: { stop: { spec: { suspend: true } }, goOn: { spec: { suspend: false } } },
  isStopped: isSuspended,
};
