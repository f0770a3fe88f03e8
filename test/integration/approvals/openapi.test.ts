import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { approvalsAuthority } from '../../../hack/platform/approvals.ts';
import { approvalService } from '../../fixtures/approvalService.ts';
import { schemathesis } from '../../fixtures/schemathesis.ts';
import { asked, scene } from './support.ts';

// Nobody waits here for people, and what is tested is not the rate.
const service = approvalService({ env: { COUNTERSIGN_APPROVALS_LONGEST_WAIT: '1s', COUNTERSIGN_APPROVALS_RATE: '10000' } });

/** What every answer is held to: no failure of the server, no status, type, header or body but those that the document names. */
const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
].join();

it(
  'the service keeps to its OpenAPI document, whatever it is sent',
  scene(service, async (of) => {
    // Something to be found in the lists.
    await asked(of);
    const dir = mkdtempSync(join(tmpdir(), 'countersign-schemathesis-'));
    const caFile = join(dir, 'ca.crt');
    writeFileSync(caFile, await approvalsAuthority(of.ns.cluster));
    const run = await schemathesis({
      document: `${service.process().url}/openapi.json`,
      token: of.alice.token,
      caFile,
      flags: [
        '--checks',
        checks,
        '--request-timeout',
        '120',
        '--max-examples',
        '10',
        '--phases',
        'coverage,fuzzing',
        '--suppress-health-check',
        'all',
      ],
    });
    rmSync(dir, { recursive: true });
    expect(run.said).toContain('Test cases');
    expect(run, run.said).toMatchObject({ code: 0 });
  }),
  // Two thousand calls, one after the other.
  900_000,
);
