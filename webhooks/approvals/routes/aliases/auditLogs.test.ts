import { describe, expect, it } from 'vitest';
import { parsed } from '../../http/failures.ts';
import { auditLogAliases } from './auditLogs.ts';

const [append, list] = auditLogAliases({} as never);
const entry = (bytes: number) => ({ entity: 'workflow', entity_id: '7', action: 'x', details: { d: 'é'.repeat((bytes - 8) / 2) } });

describe('an entry of another system', () => {
  it("counts against the caller's rate", () => {
    expect(append).toMatchObject({ method: 'post', decides: true });
  });

  it('has at most 16 KiB of details', () => {
    expect(parsed(append?.body, 'body', entry(16_384))).toEqual(entry(16_384));
    expect(() => parsed(append?.body, 'body', entry(16_386))).toThrow(/^body\.details: has more than 16384 bytes as JSON/);
  });

  it('is on a page with at most 99 others', () => {
    expect(parsed(list?.query, 'query', { limit: '100' })).toEqual({ limit: 100 });
    expect(() => parsed(list?.query, 'query', { limit: '101' })).toThrow('query.limit: expected a whole number from 1 to 100');
  });
});
