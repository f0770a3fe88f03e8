/** One cell: its text, and how to colour it once its width is known. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

const gap = '   ';
const textOf = (cell: Cell): string => (typeof cell === 'string' ? cell : cell.text);
const width = (text: string): number => Array.from(text).length;

/** Aligned columns as kubectl prints them: three spaces apart, no trailing blanks, empty cells shown as `<none>`. */
export function table(titles: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const cells = rows.map((row) => row.map((cell): Cell => (textOf(cell) === '' ? '<none>' : cell)));
  const widths = titles.map((title, i) => Math.max(width(title), ...cells.map((row) => width(textOf(row[i] ?? '')))));
  const line = (row: readonly Cell[]): string =>
    row
      .map((cell, i) => {
        const text = textOf(cell);
        const padding = i === row.length - 1 ? '' : ' '.repeat((widths[i] ?? 0) - width(text));
        return (typeof cell === 'string' ? text : cell.paint(text)) + padding;
      })
      .join(gap);
  return [titles, ...cells].map((row) => `${line(row)}\n`).join('');
}
