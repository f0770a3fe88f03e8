import { z } from 'zod';
import { secretSignInSettings, signInSettings } from './signIn.ts';
import { milliseconds, list, port, text, url, whole } from './values.ts';

const anOrigin = 'expected origins such as https://portal.example.com, separated by commas, without a path';

const store = text
  .regex(/^(sqlite:.+|postgres(ql)?:\/\/.+)$/, 'expected sqlite:/path/to/file.db or postgres://user:password@host:5432/database')
  .meta({ title: '`sqlite:PATH` or `postgres://…`' });

/** The settings of the role `approvals`. */
export const approvalsSettings = {
  approvals_port: port.prefault(8444).describe('Port of the approval service; 0 for any that is free.'),
  approvals_url: url
    .optional()
    .describe(
      'Where people and machines reach the approval service; links and addresses in its answers begin with it. Its Service when left out.',
    ),
  approvals_cert_secret: text
    .prefault('countersign-approvals-certificates')
    .describe("The Secret that keeps the approval service's certificate."),
  approvals_cert_dir: text
    .optional()
    .describe('A directory with tls.crt, tls.key and ca.crt for the approval service that somebody else keeps current.'),
  approvals_store: store
    .prefault('sqlite:/var/lib/countersign/approvals.db')
    .describe('The database of the approval service: SQLite for one replica, PostgreSQL for several.'),
  approvals_retention: milliseconds
    .prefault('90d')
    .describe('How long that database keeps deliveries, links that ended, and what was handed in to /auditLogs.'),
  approvals_audiences: list
    .pipe(z.array(z.string()).min(1, 'expected at least one audience'))
    .prefault('countersign-approvals')
    .describe(
      'For whom the tokens of callers must have been issued: one of these. `kubectl create token NAME --audience=countersign-approvals` makes one.',
    ),
  approvals_origins: list
    .pipe(z.array(z.string().regex(/^https?:\/\/[^/\s]+$/, anOrigin)))
    .prefault('')
    .describe('Web pages of these origins may call the approval service from a browser (CORS). None when empty.'),
  approvals_waiters: whole(1, 100_000).prefault(10_000).describe('How many callers one replica lets wait for decisions at a time.'),
  approvals_longest_wait: milliseconds.prefault('5m').describe('The longest that one call may wait for a decision.'),
  approvals_rate: whole(1, 10_000).prefault(10).describe('How many decisions a second one caller may make.'),
  approvals_rate_burst: whole(1, 10_000).prefault(5).describe('How many decisions at once above that.'),
  ...signInSettings,
} as const;

/** Settings whose value is told to nobody, not even when it is wrong. */
export const secretSettings: ReadonlySet<string> = new Set(['approvals_store', ...secretSignInSettings]);
