import { expect, it } from 'vitest';
import { isAllowed } from './accessReview.ts';
import type { KubeClient } from './client/kubeClient.ts';

const bob = { username: 'bob', groups: ['dev'] };
const jobs = { verb: 'create', group: 'batch', resource: 'jobs', namespace: 'payments' };

const saying = (answer: () => object): Pick<KubeClient, 'create'> =>
  ({ create: () => Promise.resolve().then(answer) }) as unknown as Pick<KubeClient, 'create'>;

it.each<[string, object, boolean]>([
  ['that it is allowed', { status: { allowed: true } }, true],
  ['that it is not', { status: { allowed: false } }, false],
  ['that it is allowed, and denied by another authorizer', { status: { allowed: true, denied: true } }, false],
  ['nothing', {}, false],
])('of an API server that says %s, a yes is what is allowed and denied by nobody', async (_, answer, expected) => {
  expect(
    await isAllowed(
      saying(() => answer),
      bob,
      jobs,
    ),
  ).toBe(expected);
});

it('never takes an error for an answer', async () => {
  const failing = saying(() => {
    throw new Error('away');
  });
  await expect(isAllowed(failing, bob, jobs)).rejects.toThrow('away');
});

it('asks about the person with their groups, and about just that', async () => {
  const asked: unknown[] = [];
  const client = { create: (...review: unknown[]) => Promise.resolve(void asked.push(review)).then(() => ({})) };
  await isAllowed(client as unknown as Pick<KubeClient, 'create'>, bob, jobs);
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: 'bob', groups: ['dev'], resourceAttributes: jobs },
  };
  expect(asked).toEqual([[expect.objectContaining({ plural: 'subjectaccessreviews', namespaced: false }), undefined, review]]);
});
