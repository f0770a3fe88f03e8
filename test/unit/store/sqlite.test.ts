import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { storeSuite } from '../../fixtures/store/suite.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

let made = 0;
storeSuite({ name: 'SQLite', replicas: 1, create: () => Promise.resolve(`sqlite:${join(folder, `${(made += 1)}.db`)}`) });
