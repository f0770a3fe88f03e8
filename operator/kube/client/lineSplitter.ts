const newline = 10;

/** Cuts a byte stream into lines; holds no more than the line that is not yet whole. */
export class LineSplitter {
  readonly #onLine: (line: string) => void;
  #rest: Buffer[] = [];

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(chunk: Buffer): void {
    let start = 0;
    for (let end = chunk.indexOf(newline, start); end >= 0; end = chunk.indexOf(newline, start)) {
      const piece = chunk.subarray(start, end);
      start = end + 1;
      if (this.#rest.length === 0) {
        if (piece.length > 0) this.#onLine(piece.toString('utf8'));
        continue;
      }
      this.#rest.push(piece);
      const whole = Buffer.concat(this.#rest);
      this.#rest = [];
      if (whole.length > 0) this.#onLine(whole.toString('utf8'));
    }
    if (start < chunk.length) this.#rest.push(chunk.subarray(start));
  }

  /** True when the stream ended inside a line. */
  get unfinished(): boolean {
    return this.#rest.length > 0;
  }
}
