import { describe, expect, it } from 'vitest';
import { approvedConditions, decision, digest, exampleRequest } from '../example.ts';
import { palette } from '../output/palette.ts';
import { nobodyDelegated } from './deputies.ts';
import { description, type Described } from './description.ts';
import { summary } from './summary.ts';

const now = Date.parse('2026-11-21T10:00:00Z');
const plain = palette(false, {});
const jobSpec = { completions: 3, template: { spec: { containers: [{ name: 'main', image: 'registry/wire:1.2' }] } } };

const described = (change: Partial<Described> = {}): Described => ({
  delegated: nobodyDelegated,
  request: exampleRequest({ spec: { context: { amount: 50000 } }, status: { decisions: [decision({ reason: 'fine' })] } }),
  subject: {
    access: 'read',
    documents: [{ apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'wire-4711', namespace: 'payments' }, spec: { completions: 3 } }],
    jobSpec,
    createdAt: '2026-11-21T09:00:00Z',
    digest,
  },
  doubt: undefined,
  precedent: { kind: 'none' },
  ...change,
});

describe('description', () => {
  it('lists the callback and the checkpoint among what is not covered, also of what runs outside the cluster', () => {
    const request = exampleRequest({
      spec: { callback: { url: 'https://hooks.example.com/x' }, checkpoint: { workflowId: 'w-1', checkpointId: 'c-3' } },
    });
    const text = description(described({ request, subject: { access: 'outside', documents: [], digest } }), now, plain);
    expect(text).toMatch(/Not covered by the digest:\n {2}- callback to https:\/\/hooks\.example\.com: .*\n {2}- checkpoint c-3 of w-1: /);
  });

  it('shows what would run, what is not covered, who said what, and that the digest was checked', () => {
    const text = description(described(), now, plain);
    for (const line of [
      'Requester:  alice@corp (dev), 60m ago',
      `Digest:     ${digest}`,
      '            computed anew from what is shown here: the same',
      '  amount: 50000',
      '    completions: 3',
      '  main: registry/wire:1.2  (by tag)',
      '  - image registry/wire:1.2: the tag may be moved to another image; pin it with @sha256:…',
      '  Nothing like it was approved before.',
      '  2026-11-21 09:05:00Z   Approve   bob@corp   Kubernetes   yes      <none>   fine',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  it('shows what is asked, what was answered, and what is pinned', () => {
    const questions = [
      { name: 'amount', question: 'how much?', type: 'Number', required: true },
      { name: 'where', question: 'to where?', type: 'Choice', choices: ['here', 'there'], required: false },
    ] as const;
    const pins = [
      { kind: 'ConfigMap', name: 'limits', state: 'Pinned', content: digest },
      { kind: 'Secret', name: 'key', state: 'Pinned', content: digest },
      { kind: 'Secret', name: 'other', state: 'NotCovered' },
    ] as const;
    const decisions = [
      decision({ response: { amount: 3 } }),
      decision({ name: 'd-2', approver: 'eve', counted: false, response: { amount: 'x' } }),
    ];
    const request = exampleRequest({
      spec: { questions: questions.map((q) => ({ ...q, ...('choices' in q ? { choices: [...q.choices] } : {}) })) as never },
      status: { decisions, pins: [...pins] },
    });
    const spec = {
      volumes: [
        { name: 'v', configMap: { name: 'limits' } },
        { name: 's', secret: { secretName: 'other' } },
      ],
    };
    const subject = { ...described().subject, jobSpec: { template: { spec } }, pins: { changed: [], unread: ['Secret key'] } };
    const text = description(described({ request, subject }), now, plain);
    for (const line of [
      '  amount: how much? (a number)',
      '  where: to where? (one of here, there; need not be answered)',
      '  Answer with --answer NAME=VALUE.',
      '  bob@corp: {"amount":3}',
      '  eve (does not count): {"amount":"x"}',
      '  - ConfigMap limits: its contents',
      '  - Secret key: its contents (not checked here: you may not read it)',
      '  - Secret other: its contents; a policy pins them, but the operator may not read them here',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text.split('\n').filter((line) => line.includes('ConfigMap limits'))).toHaveLength(1);
  });

  it('says loudly when the digest is in doubt', () => {
    expect(description(described({ doubt: 'what is stored is not what was digested: x' }), now, plain)).toContain(
      'what is stored is not what was digested: x',
    );
  });

  it('says that the last run is the same, different, or not stored any more', () => {
    const past = exampleRequest({ spec: { context: { amount: 50000 } }, status: { conditions: approvedConditions } });
    const subject = { access: 'read', documents: [], jobSpec } as const;
    const compared = (precedent: Described['precedent']): string => description(described({ precedent }), now, plain);
    expect(compared({ kind: 'found', request: past, subject, skipped: 0 })).toContain('The same as wire-4711-0a1b2c3d, approved 50m ago.');
    expect(
      compared({ kind: 'found', request: past, subject: { ...subject, jobSpec: { ...jobSpec, completions: 1 } }, skipped: 2 }),
    ).toMatch(
      /Differs from wire-4711-0a1b2c3d, approved 50m ago \(what ran in 2 later ones is not stored any more as it was approved, or you may not read it\):\n.*\n {2}.*\n(.*\n)*? {2}- {2}completions: 1\n {2}\+ {2}completions: 3\n/,
    );
    expect(compared({ kind: 'gone', request: past })).toContain(
      'was approved 50m ago, but what ran is not stored any more as it was approved',
    );
  });
});

describe('summary', () => {
  it('fits a single request on one screen', () => {
    const context = { memo: 'x'.repeat(400) };
    const request = exampleRequest({ spec: { context, reason: 'pay\u001b[2J' } });
    const text = summary([{ request, jobSpec, digestNote: 'checked' }], now);
    expect(text.split('\n').slice(0, 3)).toEqual([
      'wire-4711-0a1b2c3d: Job wire-4711, operation wire-transfer',
      '  asked by    alice@corp, 60m ago',
      '  reason      pay\\u001b[2J',
    ]);
    expect(text).toContain('  runs        3 pods: main = registry/wire:1.2 (by tag)\n');
    expect(text).toContain(`  digest      ${digest} (checked)\n`);
    expect(text).toContain('… (describe shows all of it)');
    expect(Math.max(...text.split('\n').map((l) => l.length))).toBeLessThan(300);
  });

  it('shows several requests as a table with their digests', () => {
    const reviewed = { request: exampleRequest(), digestNote: 'checked' };
    const lines = summary([reviewed, reviewed], now).trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain(digest);
  });
});
