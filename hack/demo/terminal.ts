import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** What the demo says. Colours only where a terminal reads it and NO_COLOR does not forbid them. */
export class Terminal {
  readonly #out: NodeJS.WriteStream;
  #steps = 0;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  /** One line of progress. */
  progress(line: string): void {
    this.line(this.#styled('dim', `  ${line}`));
  }

  step(title: string): void {
    this.#steps++;
    this.line(`\n${this.#styled('bold', `${this.#steps}. ${title}`)}`);
  }

  /** A sentence or two about what comes. */
  say(text: string): void {
    this.line(`   ${text}`);
  }

  /** What somebody types, and then what they were answered. */
  command(who: string, command: string): void {
    this.line(`\n   ${this.#styled('cyan', `${who}$`)} ${this.#styled('bold', command)}`);
  }

  answer(text: string): void {
    for (const line of text.trimEnd().split('\n')) this.line(`   ${line}`);
  }

  /** What was observed, after it was. */
  seen(fact: string): void {
    this.line(`   ${this.#styled('green', '✓')} ${fact}`);
  }

  line(text: string): void {
    this.#out.write(`${text.trimEnd()}\n`);
  }

  #styled(style: Style, text: string): string {
    return styleText(style, text, { stream: this.#out });
  }
}
