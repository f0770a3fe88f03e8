import { describe, expect, it } from 'vitest';
import { nodeIsTooOld } from './olderNode.ts';

describe('nodeIsTooOld', () => {
  it.each([
    ['18.20.4', true],
    ['20.2.0', true],
    ['20.3.0', false],
    ['22.1.0', false],
    ['24.21.0', false],
  ])('%s: %s', (version, tooOld) => {
    expect(nodeIsTooOld(version)).toBe(tooOld);
  });
});
