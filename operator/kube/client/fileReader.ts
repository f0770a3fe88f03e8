import { readFileSync, statSync } from 'node:fs';
import { KubeconfigError } from './kubeconfigFile.ts';

/** A file's text. @throws KubeconfigError that names the field which named the file. */
export function readText(path: string, field: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new KubeconfigError(`${field}: ${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** How long a file is trusted without looking whether it has changed. */
const lookEveryMs = 10_000;

/** A file that others rewrite (a projected token, a rotated certificate): read again when it has changed, looked at now and then. */
export class ChangingFile {
  readonly #path: string;
  readonly #field: string;
  readonly #monotonic: () => number;
  #text: string | undefined;
  #stamp = '';
  #lookedAt = -Infinity;

  constructor(path: string, field: string, monotonic: () => number = () => performance.now()) {
    this.#path = path;
    this.#field = field;
    this.#monotonic = monotonic;
  }

  /** The text as of a few seconds ago at most; what was read last when the file is unreadable for a moment. */
  text(): string {
    const now = this.#monotonic();
    if (this.#text !== undefined && now - this.#lookedAt < lookEveryMs) return this.#text;
    this.#lookedAt = now;
    try {
      const { mtimeMs, ino, size } = statSync(this.#path);
      const stamp = `${mtimeMs} ${ino} ${size}`;
      if (this.#text === undefined || stamp !== this.#stamp) this.#text = readFileSync(this.#path, 'utf8');
      this.#stamp = stamp;
    } catch (error) {
      if (this.#text === undefined) {
        throw new KubeconfigError(`${this.#field}: ${this.#path} cannot be read: ${(error as Error).message}`, { cause: error });
      }
    }
    return this.#text;
  }

  /** Look at the file again next time. */
  invalidate(): void {
    this.#lookedAt = -Infinity;
  }
}
