import { describe, expect, it } from 'vitest';
import { workloads } from '../../operator/workloads/index.ts';
import { describeConformance, type HeldKind } from './heldKind.ts';
import { heldJob } from './job.ts';

const kinds: readonly HeldKind[] = [heldJob];

describe('every kind that can be held', () => {
  it('is put to the conformance suite', () => {
    expect(kinds.map((kind) => kind.workload.type.kind).sort()).toEqual(workloads.map((w) => w.type.kind).sort());
  });
});

for (const kind of kinds) describeConformance(kind);
