import type { HttpAnswer, Refused } from './contract.ts';

/** Statuses that pass: too early, too slow, too many, and what broke on the other side. */
const passing = (status: number): boolean => status === 408 || status === 425 || status === 429 || status >= 500;

export const isTaken = (answer: HttpAnswer): answer is Extract<HttpAnswer, { answered: true }> =>
  answer.answered && answer.status >= 200 && answer.status < 300;

/** What came of a call that was not taken. Of the answer only its status is told: others wrote the rest. */
export function refusalOf(service: string, answer: HttpAnswer): Refused {
  if (!answer.answered) {
    const { answered: _no, ...why } = answer;
    return { ok: false, ...why };
  }
  const { status, retryAfterMs } = answer;
  return {
    ok: false,
    final: !passing(status),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    message: `${service} answered ${status}, expected 2xx${hints[status] ?? ''}.`,
  };
}

const hints: Readonly<Record<number, string>> = {
  401: ': look at the credentials in the Secret',
  403: ': look at the credentials in the Secret and what they are allowed',
  404: ': look at the address in config',
  410: ': it wants no more of this',
  429: ': too many calls; it is tried again when it asks for',
};

/** Taken, but what was answered cannot be read. */
export const unreadable = (service: string): Refused => ({
  ok: false,
  final: false,
  message: `${service} answered something that cannot be read; is config right about the address?`,
});

/** What JSON says, or undefined for anything else. */
export function jsonOf(body: string | undefined): unknown {
  try {
    return body === undefined ? undefined : JSON.parse(body);
  } catch {
    return undefined;
  }
}
