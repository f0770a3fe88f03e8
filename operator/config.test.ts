import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSettings, Settings } from './config.ts';
import { CountersignError } from './core/errors.ts';

const needed = { COUNTERSIGN_NAMESPACE: 'countersign-system', COUNTERSIGN_POD_NAME: 'countersign-0' };

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'countersign-config-'))));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileOf(content: string): string {
  files += 1;
  const path = join(folder, `${files}.yaml`);
  writeFileSync(path, content);
  return path;
}

/** What is said of a configuration that is wrong. */
function refusal(environment: Record<string, string | undefined>): string {
  try {
    readSettings(environment);
  } catch (error) {
    if (error instanceof CountersignError && error.code === 'InvalidConfiguration') return error.message;
    throw error;
  }
  throw new Error('It was accepted.');
}

describe('settings', () => {
  it('have defaults for all that is not about where the process runs', () => {
    const ofTheRest = Object.entries(readSettings(needed)).filter(([name]) => !name.startsWith('approvals_'));
    expect(Object.fromEntries(ofTheRest)).toEqual({
      roles: ['controller', 'admission'],
      namespace: 'countersign-system',
      pod_name: 'countersign-0',
      log_level: 'info',
      health_port: 8081,
      admission_port: 8443,
      hold_mode: 'MutatingAdmissionPolicy',
      cert_secret: 'countersign-certificates',
      retention: 30 * 86_400_000,
      retention_per_namespace: 5_000,
      default_timeout: 7 * 86_400_000,
      cronjob_open_requests: 1,
      http_allow: [],
      concurrency: 50,
      qps: 2_000,
      burst: 4_000,
      connections: 50,
    });
  });

  it.each<[string, string, keyof Settings, unknown]>([
    ['COUNTERSIGN_ROLES', 'controller', 'roles', ['controller']],
    ['COUNTERSIGN_ROLES', ' admission , controller ', 'roles', ['admission', 'controller']],
    ['COUNTERSIGN_LOG_LEVEL', 'debug', 'log_level', 'debug'],
    ['COUNTERSIGN_HEALTH_PORT', '0', 'health_port', 0],
    ['COUNTERSIGN_ADMISSION_PORT', '65535', 'admission_port', 65_535],
    ['COUNTERSIGN_ADMISSION_URL', 'https://127.0.0.1:8443', 'admission_url', 'https://127.0.0.1:8443'],
    ['COUNTERSIGN_HOLD_MODE', 'Webhook', 'hold_mode', 'Webhook'],
    ['COUNTERSIGN_RETENTION', '1d12h', 'retention', 129_600_000],
    ['COUNTERSIGN_DEFAULT_TIMEOUT', '30m', 'default_timeout', 1_800_000],
    [
      'COUNTERSIGN_HTTP_ALLOW',
      'hooks.example.com, *.tools.svc:8443',
      'http_allow',
      [
        { host: 'hooks.example.com', below: false, port: 443 },
        { host: 'tools.svc', below: true, port: 8443 },
      ],
    ],
    ['COUNTERSIGN_QPS', '100', 'qps', 100],
  ])('%s=%s is read', (variable, text, setting, value) => {
    expect(readSettings({ ...needed, [variable]: text })[setting]).toEqual(value);
  });

  it('that are empty are not set', () => {
    expect(readSettings({ ...needed, COUNTERSIGN_LOG_LEVEL: '', COUNTERSIGN_QPS: undefined })).toEqual(readSettings(needed));
  });

  it('of others are none of its business', () => {
    expect(readSettings({ ...needed, PATH: '/bin', OTEL_EXPORTER_OTLP_ENDPOINT: 'x' })).toEqual(readSettings(needed));
  });

  it('each say what they are for', () => {
    for (const [name, setting] of Object.entries(Settings.shape)) expect(setting.description, name).toMatch(/^[A-Z].*\.$/s);
  });
});

describe('a setting that is wrong', () => {
  it.each<[string, string, RegExp]>([
    ['COUNTERSIGN_ROLES', 'controler', /is "controler": .*controller.*admission/],
    ['COUNTERSIGN_ROLES', ',', /is ",": expected controller, admission, both, or approvals$/m],
    [
      'COUNTERSIGN_ROLES',
      'controller,approvals',
      /expected approvals alone, or controller, admission or both: the approval service faces the most/,
    ],
    ['COUNTERSIGN_LOG_LEVEL', 'loud', /is "loud": .*trace.*fatal/],
    ['COUNTERSIGN_HEALTH_PORT', '65536', /is "65536": expected a whole number from 0 to 65535$/m],
    ['COUNTERSIGN_HEALTH_PORT', '-1', /is "-1": /],
    ['COUNTERSIGN_HEALTH_PORT', '80.5', /is "80.5": /],
    ['COUNTERSIGN_HEALTH_PORT', '0x50', /is "0x50": /],
    ['COUNTERSIGN_HEALTH_PORT', '1e3', /is "1e3": /],
    ['COUNTERSIGN_HEALTH_PORT', ' ', /is " ": /],
    ['COUNTERSIGN_ADMISSION_PORT', 'tcp://10.0.0.1:443', /is "tcp:\/\/10.0.0.1:443": /],
    ['COUNTERSIGN_ADMISSION_URL', 'http://x', /is "http:\/\/x": expected an address that starts with https:\/\//],
    ['COUNTERSIGN_HOLD_MODE', 'None', /is "None": .*MutatingAdmissionPolicy.*Webhook/],
    ['COUNTERSIGN_RETENTION', '30 days', /is "30 days": expected a duration of at least 1s, such as 30m/],
    ['COUNTERSIGN_RETENTION', '0s', /is "0s": expected a duration of at least 1s/],
    ['COUNTERSIGN_DEFAULT_TIMEOUT', '1', /is "1": expected a duration/],
    ['COUNTERSIGN_RETENTION_PER_NAMESPACE', '0', /is "0": .*1/],
    ['COUNTERSIGN_CRONJOB_OPEN_REQUESTS', '0', /is "0": /],
    [
      'COUNTERSIGN_HTTP_ALLOW',
      'a.example,https://b.example',
      /is "a.example,https:.*"https:\/\/b.example" is no host; expected names such as/,
    ],
    ['COUNTERSIGN_CONCURRENCY', '1001', /is "1001": expected a whole number from 1 to 1000$/m],
    ['COUNTERSIGN_QPS', 'fast', /is "fast": expected a whole number from 1 to 100000$/m],
    ['COUNTERSIGN_QPS', '99999999999999999999', /: expected a whole number from 1 to 100000$/m],
    ['COUNTERSIGN_BURST', '0', /is "0": /],
    ['COUNTERSIGN_CONNECTIONS', '0', /is "0": /],
    ['COUNTERSIGN_QPSS', '100', /is "100": there is no such setting/],
  ])('%s=%j is named, with what it was and what was expected', (variable, text, message) => {
    const said = refusal({ ...needed, [variable]: text });
    expect(said.split('\n').filter((line) => line.startsWith('  '))).toHaveLength(1);
    expect(said).toContain(`  ${variable} is `);
    expect(said).toMatch(message);
  });

  it.each(['COUNTERSIGN_NAMESPACE', 'COUNTERSIGN_POD_NAME'])('or missing is named: %s', (variable) => {
    expect(refusal({ ...needed, [variable]: undefined })).toContain(`  ${variable} is not set: expected text`);
  });

  it('is named together with every other one', () => {
    const said = refusal({ COUNTERSIGN_QPS: 'fast', COUNTERSIGN_LOG_LEVEL: 'loud', COUNTERSIGN_COLOUR: 'red' });
    for (const name of ['NAMESPACE', 'POD_NAME', 'QPS', 'LOG_LEVEL', 'COLOUR']) expect(said).toContain(`  COUNTERSIGN_${name} `);
  });
});

describe('a file of settings', () => {
  const withFile = (content: string, more: Record<string, string> = {}) => ({ ...needed, ...more, COUNTERSIGN_CONFIG: fileOf(content) });

  it('is read', () => {
    expect(readSettings(withFile('log_level: debug\nqps: 100\nretention: 7d\n'))).toMatchObject({
      log_level: 'debug',
      qps: 100,
      retention: 604_800_000,
    });
  });

  it('gives way to the environment, and goes before defaults', () => {
    expect(readSettings(withFile('qps: 100\nburst: 200\n', { COUNTERSIGN_QPS: '300' }))).toMatchObject({
      qps: 300,
      burst: 200,
      connections: 50,
    });
  });

  it.each(['', '# only a comment\n', '---\n', 'null\n'])('may be empty: %j', (content) => {
    expect(readSettings(withFile(content))).toEqual(readSettings(needed));
  });

  it.each<[string, RegExp]>([
    ['qps: fast', /COUNTERSIGN_QPS is "fast": /],
    ['qps: true', /COUNTERSIGN_QPS is true: expected a whole number from 1 to 100000$/m],
    ['qps: 1.5', /COUNTERSIGN_QPS is 1.5: expected a whole number from 1 to 100000$/m],
    ['roles: [admission]', /COUNTERSIGN_ROLES is .*: expected text: names separated by commas$/m],
    ['http_ca: ""', /COUNTERSIGN_HTTP_CA is "": expected text that is not empty$/m],
    ['health_port:', /COUNTERSIGN_HEALTH_PORT is null: /],
    ['health_port: ""', /COUNTERSIGN_HEALTH_PORT is "": /],
    ['health_port: []', /COUNTERSIGN_HEALTH_PORT is \[\]: /],
    ['retention: 30', /COUNTERSIGN_RETENTION is 30: expected a duration of at least 1s/],
    ['colour: red', /COUNTERSIGN_COLOUR is "red": there is no such setting/],
    ['- a\n- b\n', /whose content is no mapping; expected lines such as log_level: info/],
    ['just text', /whose content is no mapping/],
    ['a: [', /cannot be read as YAML/],
  ])('is refused when it says %j', (content, message) => {
    expect(refusal(withFile(content))).toMatch(message);
  });

  it('is named when it is not there', () => {
    const path = join(folder, 'nowhere.yaml');
    const said = refusal({ ...needed, COUNTERSIGN_CONFIG: path });
    expect(said).toContain(`COUNTERSIGN_CONFIG is "${path}"`);
    expect(said).toContain('ENOENT');
  });
});
