import { describe, expect, it } from 'vitest';
import type { ActionWanted } from '../../core/actions.ts';
import { noAnswerSentence } from '../../notify/notReached.ts';
import { createLogger, silentLogger } from '../../telemetry/logger.ts';
import { ActionCalls } from './calls.ts';

const action: ActionWanted = { stage: 'Pre', name: 'tell', digest: 'v1:sha256:00', does: 'Call', retries: 0 };
const ref = (name: string) => ({ namespace: 'payments', name });
const yes = { ok: true, message: 'It answered 200.' };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Calls that are answered when the test says so. */
function held() {
  const answers: (() => void)[] = [];
  const woken: string[] = [];
  const calls = new ActionCalls(({ name }) => woken.push(name), silentLogger());
  const make = () => new Promise<typeof yes>((resolve) => answers.push(() => resolve(yes)));
  return { calls, make, answers, woken };
}

describe('calls', () => {
  it('are made once, however often they are asked for, and bring the GovernedJob back when answered', async () => {
    const { calls, make, answers, woken } = held();
    for (let i = 0; i < 3; i += 1) calls.begin('u', ref('a'), { action, attempt: 1 }, make);
    expect(answers).toHaveLength(1);
    expect(calls.seen('u')).toEqual([]);
    answers[0]?.();
    await turn();
    expect(woken).toEqual(['a']);
    expect(calls.seen('u')).toEqual([{ ...yes, digest: action.digest, attempt: 1 }]);
    calls.begin('u', ref('a'), { action, attempt: 1 }, make);
    expect(answers).toHaveLength(1);
  });

  it('are forgotten once they are on record, but not one that was answered meanwhile', async () => {
    const { calls, make, answers } = held();
    calls.begin('u', ref('a'), { action, attempt: 1 }, make);
    answers[0]?.();
    await turn();
    const seen = calls.seen('u');
    calls.begin('u', ref('a'), { action, attempt: 2 }, make);
    answers[1]?.();
    await turn();
    calls.forget('u', seen);
    expect(calls.seen('u').map((s) => s.attempt)).toEqual([2]);
    calls.forget('u');
    expect(calls.seen('u')).toEqual([]);
  });

  it('that reach nobody say why in the log alone: whoever wrote the GovernedJob chose the host and reads its status', async () => {
    const lines: string[] = [];
    const log = createLogger({ destination: { write: (line: string) => void lines.push(line) } });
    const calls = new ActionCalls(() => undefined, log);
    const cause = 'db.internal is at 10.1.2.3, which is no public address';
    calls.begin('u', ref('a'), { action, attempt: 1 }, () => Promise.resolve({ ok: false, message: noAnswerSentence, cause }));
    await turn();
    expect(calls.seen('u')).toEqual([{ ok: false, message: noAnswerSentence, digest: action.digest, attempt: 1 }]);
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([{ namespace: 'payments', name: 'a', action: 'tell', cause }]);
  });

  it('are not all made at once: whoever came too late is woken when there is room', async () => {
    const { calls, make, answers, woken } = held();
    for (let i = 0; i < 40; i += 1) calls.begin(`u${i}`, ref(`a${i}`), { action, attempt: 1 }, make);
    expect(answers).toHaveLength(32);
    answers[0]?.();
    await turn();
    expect(woken).toEqual(['a0', ...Array.from({ length: 8 }, (_, i) => `a${32 + i}`)]);
  });
});
