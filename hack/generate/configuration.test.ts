import { describe, expect, it } from 'vitest';
import { readSettings, Settings } from '../../operator/config.ts';
import { configuration } from './configuration.ts';

const needed = { COUNTERSIGN_NAMESPACE: 'countersign-system', COUNTERSIGN_POD_NAME: 'countersign-0' };

/** The table's rows: variable, default, allowed. */
const rows = [...configuration().matchAll(/^\| `(COUNTERSIGN_[A-Z_]+)` \| (.*?) \| (.*?) \| .* \|$/gm)].map(
  ([, variable = '', fallback = '', allowed = '']) => ({ variable, fallback, allowed }),
);
const withDefault = rows.filter(({ fallback }) => fallback.startsWith('`')).map((row) => ({ ...row, fallback: row.fallback.slice(1, -1) }));

describe('the reference of settings', () => {
  it('has a row for each', () => {
    expect(rows.map(({ variable }) => variable)).toEqual(Object.keys(Settings.shape).map((name) => `COUNTERSIGN_${name.toUpperCase()}`));
  });

  it('shows a default for each that has one', () => {
    const preset = Object.entries(readSettings(needed)).filter(([, value]) => !(Array.isArray(value) && value.length === 0));
    const variables = preset.map(([name]) => `COUNTERSIGN_${name.toUpperCase()}`).filter((variable) => !(variable in needed));
    expect(withDefault.map(({ variable }) => variable).sort()).toEqual(variables.sort());
  });

  it('says of durations that they are, and of numbers their range', () => {
    const allowedOf = (variable: string) => rows.find((row) => row.variable === variable)?.allowed;
    expect(allowedOf('COUNTERSIGN_RETENTION')).toBe('a duration, such as `36h` or `30d`');
    expect(allowedOf('COUNTERSIGN_QPS')).toBe('1 to 100000');
  });

  it.each(withDefault)('shows a default for $variable that can be set and means the same: $fallback', ({ variable, fallback }) => {
    expect(readSettings({ ...needed, [variable]: fallback })).toEqual(readSettings(needed));
  });
});
