import { styleText } from 'node:util';

type Paint = (text: string) => string;

/** The colours that output uses, by what they mean. */
export interface Palette {
  readonly good: Paint;
  readonly bad: Paint;
  readonly pending: Paint;
  readonly strong: Paint;
  readonly faint: Paint;
}

const plain: Paint = (text) => text;

const style =
  (format: Parameters<typeof styleText>[0]): Paint =>
  (text) =>
    // Whether to colour was decided once, by `palette`; styleText must not look at process.stdout again.
    styleText(format, text, { validateStream: false });

/** Colours for a terminal, nothing for anything else, nor where NO_COLOR is set (no-color.org) or the terminal is dumb. */
export function palette(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): Palette {
  const wanted = isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
  return wanted
    ? { good: style('green'), bad: style('red'), pending: style('yellow'), strong: style('bold'), faint: style('dim') }
    : { good: plain, bad: plain, pending: plain, strong: plain, faint: plain };
}
