import { expect, it } from 'vitest';
import { TestNamespace } from '../../fixtures/world.ts';
import { amounts } from './amounts.ts';
import { channels } from './channels.ts';
import { decisions } from './decisions.ts';
import { governedJobs } from './governedJobs.ts';
import { people } from './people.ts';
import { sampleFiles, type Check } from './support.ts';
import { times } from './times.ts';

const tables = [amounts, people, times, decisions, governedJobs, channels];
const checks: Readonly<Record<string, Check>> = Object.assign({}, ...tables) as Record<string, Check>;

it('every sample has a check, and every check a sample', () => {
  expect(tables.flatMap((table) => Object.keys(table)).sort()).toEqual(sampleFiles().sort());
});

// Several samples may tell one story together: it is run once.
const stories = new Map<Check, string[]>();
for (const [file, check] of Object.entries(checks)) stories.set(check, [...(stories.get(check) ?? []), file]);

it.concurrent.each([...stories].map(([check, files]) => [files.join(', '), check, files] as const))(
  '%s does what it says',
  async (_, check, files) => {
    const ns = await TestNamespace.create('sample');
    try {
      await check(ns, files[0] ?? '');
    } finally {
      await ns.close();
    }
  },
);
