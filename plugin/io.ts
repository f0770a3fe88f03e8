import type { Palette } from './output/palette.ts';

/** Where text goes. A program that reads stdout finds results there and nothing else; everything said on the way goes to stderr. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Whether a person watches stderr: progress is told only then. */
  readonly errIsTerminal: boolean;
  /** The colours of stdout: none unless it is a terminal. */
  readonly colours: Palette;
  /** Asks whoever sits at the terminal, and answers with the line they typed; absent where nobody can be asked. */
  readonly ask?: (question: string) => Promise<string>;
  /** All of standard input. */
  readonly input: () => Promise<string>;
  readonly env: Readonly<Record<string, string | undefined>>;
}
