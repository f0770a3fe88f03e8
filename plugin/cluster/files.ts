import { readFile } from 'node:fs/promises';
import { UsageError } from '../errors.ts';
import type { Io } from '../io.ts';

/** What a file says, or standard input for `-`. @throws UsageError naming the file that cannot be read, and why. */
export async function readText(file: string, io: Io): Promise<string> {
  if (file === '-') return io.input();
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    throw new UsageError(`Cannot read ${file}: ${why}.`);
  }
}
