import { describe, expect, it } from 'vitest';
import { approvedConditions, condition, decision, exampleRequest, stage } from '../example.ts';
import { palette } from '../output/palette.ts';
import { renderTimeline, timeline } from './timeline.ts';

describe('timeline', () => {
  it('tells a life in order, from being held to having ended', () => {
    const request = exampleRequest({
      status: {
        phase: 'Completed',
        stages: [stage({ state: 'Satisfied' })],
        decisions: [
          decision({ name: 'd-2', approver: 'carol@corp', time: '2026-11-21T09:10:00Z', reason: 'checked the invoice', ticket: 'CHG-1' }),
          decision(),
          decision({ name: 'd-0', approver: 'eve', counted: false, ignoredBecause: 'NotQualified', time: '2026-11-21T09:04:00Z' }),
        ],
        conditions: [
          condition('Completed', 'True', 'Succeeded', 'The Job ran to completion.', '2026-11-21T09:11:00Z'),
          condition('Released', 'True', 'Released'),
          ...approvedConditions,
        ],
      },
    });
    expect(renderTimeline(timeline(request, '2026-11-21T08:59:59Z'), palette(false, {}))).toBe(
      [
        '2026-11-21 08:59:59Z    +0s  Job wire-4711 created, and held',
        '2026-11-21 09:00:00Z    +1s  requested by alice@corp',
        '2026-11-21 09:00:01Z    +2s  stage finance asks for 2 approvals',
        '2026-11-21 09:04:00Z  +4m1s  approved by eve — does not count: no stage asks them.',
        '2026-11-21 09:05:00Z  +5m1s  approved by bob@corp',
        '2026-11-21 09:10:00Z   +10m  approved by carol@corp (CHG-1): checked the invoice',
        '2026-11-21 09:10:00Z   +10m  settled: Approved by bob@corp, carol@corp.',
        '2026-11-21 09:10:00Z   +10m  Job wire-4711 released',
        '2026-11-21 09:11:00Z   +11m  ended: The Job ran to completion.',
        '',
      ].join('\n'),
    );
  });

  it('tells of what is out of the ordinary: an escalation, an override and who reviewed it', () => {
    const request = exampleRequest({
      status: {
        stages: [
          stage({
            state: 'Escalated',
            required: 1,
            escalation: { from: [{ group: 'on-call' }], count: 1 },
            escalatedAt: '2026-11-21T09:04:00Z',
          }),
        ],
        decisions: [
          decision({ name: 'd-1', verdict: 'Override', approver: 'ann', ticket: 'INC-1', time: '2026-11-21T09:05:00Z' }),
          decision({
            name: 'd-2',
            verdict: 'Review',
            approver: 'eve',
            counted: false,
            ignoredBecause: 'NotQualified',
            time: '2026-11-21T09:06:00Z',
          }),
          decision({ name: 'd-3', verdict: 'Review', approver: 'cat', time: '2026-11-21T09:07:00Z' }),
        ],
      },
    });
    expect(timeline(request).map((m) => m.what)).toEqual([
      'requested by alice@corp',
      'stage finance asks for 2 approvals',
      'stage finance escalated: 1 of group on-call is enough instead',
      'override by ann (INC-1)',
      'reviewed by eve — does not count: no stage asks them, and they have not the verb override.',
      'reviewed by cat',
    ]);
  });

  it('says nothing of being held for a request that releases nothing', () => {
    const [first] = timeline(exampleRequest({ labels: {} }), '2026-11-21T08:59:59Z');
    expect(first?.what).toBe('requested by alice@corp');
  });
});
