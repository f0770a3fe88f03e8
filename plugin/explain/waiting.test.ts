import { describe, expect, it } from 'vitest';
import { approvedConditions, condition, exampleRequest, rejectedConditions, security, stage } from '../example.ts';
import { arrival, goals, progress } from './waiting.ts';

const approved = exampleRequest({ status: { phase: 'Approved', conditions: approvedConditions } });
const ended = (reason: string) =>
  exampleRequest({
    status: { phase: 'Completed', conditions: [...approvedConditions, condition('Completed', 'True', reason, 'It ended.')] },
  });
const rejected = exampleRequest({ status: { phase: 'Rejected', conditions: rejectedConditions } });

describe('arrival', () => {
  it('waits while people decide', () => {
    for (const goal of goals) expect(arrival(exampleRequest(), goal)).toBeUndefined();
  });

  it('ends every wait with a no when it is refused or deleted', () => {
    for (const goal of goals) {
      expect(arrival(rejected, goal)).toEqual({ good: false, message: 'Rejected by bob@corp: not this quarter' });
      expect(arrival('deleted', goal)?.good).toBe(false);
    }
  });

  it('ends with a no also when the yes came to one before the work was let go, whatever was waited for', () => {
    const lapsed = condition('Released', 'False', 'ApprovalExpired', 'Nobody used it.');
    const withdrawn = exampleRequest({ status: { phase: 'Expired', conditions: [...approvedConditions, lapsed] } });
    for (const goal of goals) expect(arrival(withdrawn, goal)).toEqual({ good: false, message: 'Expired: Nobody used it.' });
    const waits = condition('Released', 'False', 'Frozen', 'Not now.');
    const waiting = exampleRequest({ status: { phase: 'Approved', conditions: [...approvedConditions, waits] } });
    expect(arrival(waiting, 'approved')?.good).toBe(true);
    expect(arrival(waiting, 'completed')).toBeUndefined();
  });

  it('ends with a yes when it is approved, but goes on until the work has ended when that is asked', () => {
    expect(arrival(approved, 'approved')?.good).toBe(true);
    expect(arrival(approved, 'settled')?.good).toBe(true);
    expect(arrival(approved, 'completed')).toBeUndefined();
    expect(arrival(ended('Succeeded'), 'completed')).toEqual({ good: true, message: 'Completed: It ended.' });
    expect(arrival(ended('Failed'), 'completed')?.good).toBe(false);
    expect(arrival(ended('SubjectGone'), 'completed')?.good).toBe(false);
  });

  it('has nothing to wait for after the approval of something that does not run here', () => {
    expect(arrival(exampleRequest({ labels: {}, status: { phase: 'Approved', conditions: approvedConditions } }), 'completed')?.good).toBe(
      true,
    );
  });
});

describe('progress', () => {
  it('says where every stage stands', () => {
    const request = exampleRequest({
      status: { stages: [stage({ approvals: 2, state: 'Satisfied' }), stage({ name: 'legal', approvals: 1 }), security] },
    });
    expect(progress(request)).toBe('Reviewing, finance 2/2 satisfied, legal 1/2, security waiting');
  });
});
