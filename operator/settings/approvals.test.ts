import { describe, expect, it } from 'vitest';
import { readSettings } from '../config.ts';

const needed = {
  COUNTERSIGN_NAMESPACE: 'countersign-system',
  COUNTERSIGN_POD_NAME: 'countersign-approvals-0',
  COUNTERSIGN_ROLES: 'approvals',
};

describe('the settings of the approval service', () => {
  it('do not show a secret that is wrong', () => {
    const wrong = { ...needed, COUNTERSIGN_APPROVALS_STORE: 'mysql://root:hunter2@db/x' };
    expect(() => readSettings(wrong)).toThrow(/COUNTERSIGN_APPROVALS_STORE is not shown: expected sqlite:/);
    expect(() => readSettings(wrong)).not.toThrow(/hunter2/);
  });

  it.each(['sqlite:/tmp/a.db', 'postgres://u:p@db:5432/x', 'postgresql://db/x'])('take a store such as %s', (store) => {
    expect(readSettings({ ...needed, COUNTERSIGN_APPROVALS_STORE: store }).approvals_store).toBe(store);
  });

  it('take origins without a path', () => {
    const origins = (given: string) => readSettings({ ...needed, COUNTERSIGN_APPROVALS_ORIGINS: given }).approvals_origins;
    expect(origins('https://a.example, http://localhost:3000')).toEqual(['https://a.example', 'http://localhost:3000']);
    for (const wrong of ['*', 'https://a.example/', 'a.example']) expect(() => origins(wrong)).toThrow(/expected origins such as/);
  });
});
