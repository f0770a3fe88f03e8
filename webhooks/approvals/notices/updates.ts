import type { KnownRequest } from '../requests.ts';
import { tooOldMs } from './due.ts';
import { newsOf, type News } from './news.ts';

/** A notice that asked somebody something, as the outbox has it. */
export interface Asked {
  readonly id: string;
  readonly key: string;
  readonly target: string;
  readonly recipient: string | null;
}

/** A message that is to be changed, as something came of what it asked. */
export interface UpdateDue {
  readonly key: string;
  readonly news: News;
  readonly of: Asked;
}

/** The messages to be changed by the latest news: every one by which somebody was asked, whether it has been delivered yet or not. */
export function updatesDue(request: KnownRequest, asked: readonly Asked[], now: number): UpdateDue[] {
  const latest = newsOf(request).at(-1);
  if (latest === undefined || latest.at <= now - tooOldMs) return [];
  return asked.map((of) => ({ key: `${request.uid}/${latest.mark}/update/${of.id}`, news: latest, of }));
}
