import { describe, expect, it } from 'vitest';
import type { DecisionRecord, DecisionVia } from '../../crds/v1alpha1/index.ts';
import { digestA, digestB } from '../../test/fixtures/facts.ts';
import { saidBefore } from './saidBefore.ts';

const record = (name: string, more: Partial<DecisionRecord> = {}): DecisionRecord => ({
  name,
  verdict: 'Approve',
  approver: 'bob',
  via: 'Kubernetes',
  time: '2026-03-02T09:01:00Z',
  digest: digestA,
  counted: true,
  ...more,
});
const ignored = (name: string, ignoredBecause: string, more: Partial<DecisionRecord> = {}): DecisionRecord =>
  record(name, { counted: false, ignoredBecause, ...more });

const found = (...decisions: DecisionRecord[]): string | undefined => saidBefore('bob', { decisions, subjectDigest: digestA }, {})?.name;

describe('what somebody has said already', () => {
  it('is their yes or no of the request as it is now, whether or not it counts', () => {
    expect(found(record('yes'))).toBe('yes');
    expect(found(record('no', { verdict: 'Reject' }))).toBe('no');
    expect(found(ignored('taken', 'PlaceTaken'))).toBe('taken');
    // It counts as soon as a stage asks them.
    expect(found(ignored('unasked', 'NotQualified'))).toBe('unasked');
  });

  it.each(['DigestChanged', 'ReasonMissing', 'TicketMissing', 'AnswersMissing', 'ChannelTooWeak'])(
    'is nothing where they must say it again: %s',
    (because) => {
      expect(found(ignored('vain', because))).toBeUndefined();
      expect(found(ignored('before', 'Superseded'), ignored('vain', because))).toBeUndefined();
    },
  );

  it('is what counts, though they have said it again in vain', () => {
    expect(found(record('web'), ignored('mail', 'ChannelTooWeak', { via: 'Email' }))).toBe('web');
  });

  it('is nothing in a stage that finds its channel too weak, though it counts in another; a no is said everywhere', () => {
    const inStage = (minimumChannel: DecisionVia | undefined, ...decisions: DecisionRecord[]): string | undefined =>
      saidBefore('bob', { decisions, subjectDigest: digestA }, minimumChannel === undefined ? {} : { minimumChannel })?.name;
    const mail = record('mail', { via: 'Email' });
    const stages = ['Email', 'Slack', undefined, 'Kubernetes'] as const;
    expect(stages.map((minimum) => inStage(minimum, mail))).toEqual(['mail', undefined, undefined, undefined]);
    const web = record('web', { via: 'Web' });
    expect(stages.map((minimum) => inStage(minimum, mail, web))).toEqual(['web', 'web', 'web', undefined]);
    const no = record('no', { verdict: 'Reject', via: 'Email' });
    expect(stages.map((minimum) => inStage(minimum, no))).toEqual(['no', 'no', 'no', 'no']);
    // In vain where it would be sure enough, while what counts elsewhere is too weak here.
    expect(inStage(undefined, mail, ignored('vain', 'ReasonMissing', { via: 'Web' }))).toBeUndefined();
  });

  it('is nothing that others said, nor of something else, nor a comment', () => {
    expect(
      found(
        record('other', { approver: 'carol' }),
        record('old', { digest: digestB }),
        ignored('words', 'Comment', { verdict: 'Comment' }),
      ),
    ).toBe(undefined);
  });
});
