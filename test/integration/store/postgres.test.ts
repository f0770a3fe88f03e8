import { afterAll, beforeAll } from 'vitest';
import { Postgres } from '../../fixtures/postgres.ts';
import { storeSuite } from '../../fixtures/store/suite.ts';

let postgres: Postgres;
beforeAll(async () => {
  postgres = await Postgres.start();
});
afterAll(() => postgres[Symbol.asyncDispose]());

storeSuite({ name: 'PostgreSQL', replicas: 3, create: () => postgres.database() });
