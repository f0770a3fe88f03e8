import { structuredPatch } from 'diff';
import type { Palette } from '../output/palette.ts';

/** How two texts differ, line by line, three lines of context around each change; empty when they do not. */
export function differences(before: string, after: string, colours: Palette): string {
  const { hunks } = structuredPatch('before', 'after', before, after, '', '', { context: 3 });
  const paint = (line: string): string => (line.startsWith('+') ? colours.good(line) : line.startsWith('-') ? colours.bad(line) : line);
  return hunks
    .map((hunk) => {
      const where = `@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`;
      return [colours.faint(where), ...hunk.lines.map(paint)].map((line) => `${line}\n`).join('');
    })
    .join('');
}
