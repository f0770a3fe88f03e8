import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { gatherSettings, type Sources } from './layers.ts';

const known = ['colour', 'size', 'approvals_store'];
const gather = (sources: Partial<Sources>) => gatherSettings(known, { environment: {}, ...sources });

let folder = '';
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'countersign-layers-'))));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

describe('the layers of settings', () => {
  it('are flags over environment over .env over the YAML file', () => {
    const config = file('all.yaml', 'colour: yaml\nsize: yaml\napprovals_store: yaml\nshape: yaml\n');
    const dotEnv = file('all.env', 'COUNTERSIGN_COLOUR=dotenv\nCOUNTERSIGN_SIZE=dotenv\nCOUNTERSIGN_APPROVALS_STORE="dotenv"\nPATH=/bin\n');
    const environment = { COUNTERSIGN_CONFIG: config, COUNTERSIGN_COLOUR: 'environment', COUNTERSIGN_SIZE: 'environment' };
    expect(gather({ args: ['--colour=flag'], environment, dotEnv })).toEqual({
      colour: 'flag',
      size: 'environment',
      approvals_store: 'dotenv',
      shape: 'yaml',
    });
  });

  it('do without a .env file that is not there', () => {
    expect(gather({ dotEnv: join(folder, 'none.env') })).toEqual({});
  });

  it('may name the YAML file by a flag', () => {
    expect(gather({ args: ['--config', file('flag.yaml', 'size: 3')] })).toEqual({ size: 3 });
  });
});

describe('a setting whose value is in a file', () => {
  it.each(['flag', 'environment', '.env'])('is read without the newline at its end, named by %s', (layer) => {
    const path = file('secret', 'postgres://a:b@c/d\n');
    const line = `COUNTERSIGN_APPROVALS_STORE_FILE=${path}`;
    const sources: Record<string, Partial<Sources>> = {
      flag: { args: ['--approvals-store-file', path] },
      environment: { environment: { COUNTERSIGN_APPROVALS_STORE_FILE: path } },
      '.env': { dotEnv: file('secret.env', line) },
    };
    expect(gather(sources[layer] ?? {})).toEqual({ approvals_store: 'postgres://a:b@c/d' });
  });

  it('overrules the value itself in a lower layer', () => {
    const dotEnv = file('lower.env', 'COUNTERSIGN_COLOUR=red');
    expect(gather({ environment: { COUNTERSIGN_COLOUR_FILE: file('blue', 'blue') }, dotEnv })).toEqual({ colour: 'blue' });
  });

  it('is refused beside the value itself', () => {
    const environment = { COUNTERSIGN_COLOUR: 'red', COUNTERSIGN_COLOUR_FILE: file('blue', 'blue') };
    expect(() => gather({ environment })).toThrow('COUNTERSIGN_COLOUR and COUNTERSIGN_COLOUR_FILE are both set; expected one of them.');
  });

  it('is named when the file is not there', () => {
    expect(() => gather({ environment: { COUNTERSIGN_COLOUR_FILE: '/nowhere' } })).toThrow(
      /^COUNTERSIGN_COLOUR_FILE is "\/nowhere", which cannot be read: .*ENOENT/,
    );
  });
});

describe('a flag', () => {
  it.each([['--color=red'], ['red'], ['--colour']])('that is wrong is refused in words: %s', (flag) => {
    expect(() => gather({ args: [flag] })).toThrow(/Expected flags such as --log-level=debug\.$/);
  });
});
