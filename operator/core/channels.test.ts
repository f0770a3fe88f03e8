import { expect, it } from 'vitest';
import { channels } from '../../crds/v1alpha1/index.ts';
import { isTooWeak, minimumOf } from './channels.ts';

it('Email is weaker than Slack, Slack than Web, Web than Kubernetes, and none is weaker than itself', () => {
  const inOrder = ['Email', 'Slack', 'Web', 'Kubernetes'] as const;
  expect([...channels].sort()).toEqual([...inOrder].sort());
  for (const [i, via] of inOrder.entries())
    for (const [k, minimum] of inOrder.entries()) expect(isTooWeak(via, minimum), `${via} for ${minimum}`).toBe(i < k);
});

it('a stage that does not say takes at least Web', () => {
  expect(minimumOf({})).toBe('Web');
  expect(minimumOf({ minimumChannel: 'Email' })).toBe('Email');
});
