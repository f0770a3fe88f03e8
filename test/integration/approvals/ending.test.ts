import { describe, expect, it } from 'vitest';
import { approvalDecisions } from '../../../crds/v1alpha1/index.ts';
import { approvalService, type Answered } from '../../fixtures/approvalService.ts';
import { until } from '../../fixtures/world.ts';
import { asked, scene } from './support.ts';

const service = approvalService();

describe('a service that is asked to end', () => {
  it(
    'answers everybody who waits, drops no call that it took, and ends well',
    scene(service, async (of) => {
      const [watched, decided] = [await asked(of), await asked(of)];
      const waiting = Array.from({ length: 30 }, () => of.alice.get(`/v1/requests/${watched.id}`, { prefer: 'wait=100' }));
      await until('30 calls to wait', async () => {
        const metrics = await (await fetch(`${service.process().healthUrl}/metrics`)).text();
        return metrics.includes('countersign_http_waiting 30\n') ? true : undefined;
      });
      const taken: Promise<Answered>[] = [];
      const comments = Array.from({ length: 5 }, (_, n) => ({ verdict: 'Comment', reason: `comment ${n}` }));
      for (const comment of comments) taken.push(of.bob.post(`/v1/requests/${decided.id}/decisions`, comment));
      const ended = service.process().stop();
      // It goes on answering for a while, so that whoever has not heard of its end finds nobody's door shut.
      for (let n = 0; n < 20; n++) taken.push(of.alice.get(`/v1/requests/${decided.id}`));
      const answers = await Promise.all(waiting);
      for (const { status, headers } of answers) {
        expect(status).toBe(202);
        expect(headers['location']).toBe(`/v1/requests/${watched.id}`);
        expect(Number(headers['retry-after'])).toBeGreaterThan(0);
        expect(headers['connection']).toBe('close');
      }
      const statuses = (await Promise.all(taken)).map(({ status }) => status);
      expect(statuses.slice(0, 5)).toEqual([201, 201, 201, 201, 201]);
      expect(new Set(statuses.slice(5))).toEqual(new Set([200]));
      await ended;
      expect(await service.process().exit).toEqual({ code: 0, signal: null });
      expect((await of.ns.admin.list(approvalDecisions, { namespace: of.ns.name })).items).toHaveLength(5);
    }),
  );
});
