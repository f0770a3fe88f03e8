import { describe, expect, it } from 'vitest';
import type { ChannelRoute } from '../../crds/v1alpha1/index.ts';
import { isRouted } from './routes.ts';

const about = { event: 'Escalated', operation: 'wire-transfer', namespace: 'payments' } as const;

describe('a channel is told by its routes', () => {
  it.each<[string, ChannelRoute[], boolean]>([
    ['of nothing without any', [], false],
    ['of everything by one that limits nothing', [{}], true],
    ['of the events that it lists', [{ events: ['Escalated'] }], true],
    ['of no others', [{ events: ['Approved'] }], false],
    ['of the operations that it lists', [{ operations: ['wire-transfer'] }], true],
    ['of no other operations', [{ operations: ['db-migration'] }], false],
    ['of the namespaces that it lists', [{ namespaces: ['payments'] }], true],
    ['of no other namespaces', [{ namespaces: ['shop'] }], false],
    ['only of what fits all that one of them says', [{ events: ['Escalated'], namespaces: ['shop'] }], false],
    ['of what fits any of them', [{ namespaces: ['shop'] }, { events: ['Escalated'] }], true],
  ])('%s', (_what, routes, expected) => {
    expect(isRouted(routes, about)).toBe(expected);
  });
});
