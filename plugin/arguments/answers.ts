import { UsageError } from '../errors.ts';
import { oneLine } from '../../operator/core/printable.ts';

/** Reads `--answer NAME=VALUE`, as often as it is given. @throws UsageError for what has no name, and for a name that is there twice. */
export function answersOf(texts: readonly string[]): ReadonlyMap<string, string> {
  const answers = new Map<string, string>();
  for (const text of texts) {
    const equals = text.indexOf('=');
    if (equals < 1) throw new UsageError(`--answer is "${oneLine(text)}"; expected NAME=VALUE, such as amount=50000.`);
    const name = text.slice(0, equals);
    if (answers.has(name)) throw new UsageError(`--answer ${oneLine(name)}=… is there twice; a question has one answer.`);
    answers.set(name, text.slice(equals + 1));
  }
  return answers;
}
