/**
 * Rules as a table in text: the first line names the columns, each other line is a row of outcomes.
 *
 *     call      fresh     connected
 *     recv      ENOTCONN  EAGAIN
 *
 * `.` is a cell without a rule: nothing that we could cite says what must happen there. `_` inside a cell is a space.
 */
export interface Cell {
  readonly row: string;
  readonly column: string;
  readonly value: string;
}

export function gridCells(text: string): Cell[] {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(/\s+/));
  const [header = [], ...rows] = lines;
  return rows.flatMap(([row = '', ...values]) => {
    if (values.length !== header.length - 1) {
      throw new TypeError(`row '${row}': expected ${header.length - 1} cells, got ${values.length}`);
    }
    return values
      .map((value, index) => ({ row, column: header[index + 1] as string, value: value.replaceAll('_', ' ') }))
      .filter(({ value }) => value !== '.');
  });
}
