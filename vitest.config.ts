import { defineConfig } from 'vitest/config';

// Three projects, because they need different things: unit nothing, integration one shared cluster, faults clusters of their own.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{crds,operator,webhooks,plugin,hack}/**/*.test.ts', 'test/unit/**/*.test.ts'],
          // Only against what hangs: on a busy machine thousands of random cases take a while.
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: 'integration',
          include: ['test/{integration,conformance,e2e}/**/*.test.ts'],
          globalSetup: ['test/fixtures/sharedCluster.ts'],
          testTimeout: 120_000,
          hookTimeout: 300_000,
          maxWorkers: 4,
        },
      },
      {
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts'],
          testTimeout: 600_000,
          hookTimeout: 600_000,
          maxWorkers: 2,
        },
      },
    ],
  },
});
