import { describe, expect, it } from 'vitest';
import { table } from './table.ts';

describe('table', () => {
  it('aligns columns three spaces apart and leaves no trailing blanks', () => {
    expect(
      table(
        ['NAME', 'AGE'],
        [
          ['wire-4711', '3m'],
          ['x', ''],
        ],
      ),
    ).toBe('NAME        AGE\nwire-4711   3m\nx           <none>\n');
  });

  it('colours after aligning, so that colour codes take no width', () => {
    const red = { text: 'no', paint: (t: string) => `<${t}>` };
    expect(
      table(
        ['A', 'B'],
        [
          [red, 'x'],
          ['yes', 'y'],
        ],
      ),
    ).toBe('A     B\n<no>    x\nyes   y\n');
  });

  it('prints the titles alone when there is nothing', () => {
    expect(table(['NAME', 'AGE'], [])).toBe('NAME   AGE\n');
  });
});
