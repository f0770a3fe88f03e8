import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { signAuthority } from '../../../operator/kube/certificateAuthority.ts';
import { openStore, StoreUnavailable } from '../../../webhooks/approvals/store/index.ts';
import { Postgres } from '../../fixtures/postgres.ts';

const folder = mkdtempSync(join(tmpdir(), 'countersign-pg-ca-'));
const stranger = join(folder, 'stranger.crt');
let postgres: Postgres;
let url: string;
beforeAll(async () => {
  writeFileSync(stranger, (await signAuthority(Date.now())).cert);
  postgres = await Postgres.start({ tls: true });
  url = await postgres.database();
});
afterAll(async () => {
  await postgres[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const ours = `application_name = 'countersign-approvals'`;
const trusting = (file: string): string => `${url}?sslmode=verify-full&sslrootcert=${file}`;

it('PostgreSQL with a certificate of an authority of one’s own is reached by the file that the address names', async () => {
  const store = await openStore({ url: trusting(postgres.caFile) });
  await store.ping();
  expect(await postgres.query(`select ssl from pg_stat_ssl join pg_stat_activity using (pid) where ${ours}`)).toEqual([{ ssl: true }]);
  await store.close();
});

it('PostgreSQL is not believed when its authority is not known or another one, nor by another name; and it takes nothing without TLS', async () => {
  const wrong: [string, RegExp][] = [
    [`${url}?sslmode=verify-full`, /^(UNABLE_TO|SELF_SIGNED)/],
    [trusting(stranger), /^(UNABLE_TO|SELF_SIGNED|CERT_SIGNATURE)/],
    [trusting(postgres.caFile).replace('@localhost:', '@127.0.0.1:'), /^ERR_TLS_CERT_ALTNAME_INVALID$/],
    [url, /^28000$/],
  ];
  for (const [address, code] of wrong)
    await expect(openStore({ url: address })).rejects.toMatchObject({ cause: { code: expect.stringMatching(code) as string } });
});

it('An authority that is replaced counts with the next connection, without a restart', async () => {
  const file = join(folder, 'ca.crt');
  copyFileSync(postgres.caFile, file);
  const store = await openStore({ url: trusting(file) });
  await store.ping();
  copyFileSync(stranger, file);
  await postgres.query(`select pg_terminate_backend(pid) from pg_stat_activity where ${ours}`);
  for (const _attempt of [1, 2]) await expect(store.ping()).rejects.toBeInstanceOf(StoreUnavailable);
  copyFileSync(postgres.caFile, file);
  await store.ping();
  await store.close();
});
