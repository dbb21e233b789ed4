/** Text in a grid of cells: how wide it is, how to cut it, how to show what must not reach a terminal. */

/** Code points that fill two cells (Unicode 16 East Asian Width W and F, the blocks that matter). */
const WIDE: readonly (readonly [first: number, last: number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x2329, 0x232a],
  [0x23e9, 0x23ec],
  [0x23f0, 0x23f0],
  [0x23f3, 0x23f3],
  [0x25fd, 0x25fe],
  [0x2614, 0x2615],
  [0x2648, 0x2653],
  [0x267f, 0x267f],
  [0x2693, 0x2693],
  [0x26a1, 0x26a1],
  [0x26aa, 0x26ab],
  [0x26bd, 0x26be],
  [0x26c4, 0x26c5],
  [0x26ce, 0x26ce],
  [0x26d4, 0x26d4],
  [0x26ea, 0x26ea],
  [0x26f2, 0x26f3],
  [0x26f5, 0x26f5],
  [0x26fa, 0x26fa],
  [0x26fd, 0x26fd],
  [0x2705, 0x2705],
  [0x270a, 0x270b],
  [0x2728, 0x2728],
  [0x274c, 0x274c],
  [0x274e, 0x274e],
  [0x2753, 0x2755],
  [0x2757, 0x2757],
  [0x2795, 0x2797],
  [0x27b0, 0x27b0],
  [0x27bf, 0x27bf],
  [0x2b1b, 0x2b1c],
  [0x2b50, 0x2b50],
  [0x2b55, 0x2b55],
  [0x2e80, 0x303e],
  [0x3041, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe10, 0xfe19],
  [0xfe30, 0xfe6f],
  [0xff01, 0xff60],
  [0xffe0, 0xffe6],
  [0x16fe0, 0x18cff],
  [0x1aff0, 0x1b2ff],
  [0x1f004, 0x1f004],
  [0x1f0cf, 0x1f0cf],
  [0x1f18e, 0x1f18e],
  [0x1f191, 0x1f19a],
  [0x1f200, 0x1f320],
  [0x1f32d, 0x1f335],
  [0x1f337, 0x1f37c],
  [0x1f37e, 0x1f393],
  [0x1f3a0, 0x1f3ca],
  [0x1f3cf, 0x1f3d3],
  [0x1f3e0, 0x1f3f0],
  [0x1f3f4, 0x1f3f4],
  [0x1f3f8, 0x1f43e],
  [0x1f440, 0x1f440],
  [0x1f442, 0x1f4fc],
  [0x1f4ff, 0x1f53d],
  [0x1f54b, 0x1f54e],
  [0x1f550, 0x1f567],
  [0x1f57a, 0x1f57a],
  [0x1f595, 0x1f596],
  [0x1f5a4, 0x1f5a4],
  [0x1f5fb, 0x1f64f],
  [0x1f680, 0x1f6c5],
  [0x1f6cc, 0x1f6cc],
  [0x1f6d0, 0x1f6d2],
  [0x1f6d5, 0x1f6d7],
  [0x1f6dc, 0x1f6df],
  [0x1f6eb, 0x1f6ec],
  [0x1f6f4, 0x1f6fc],
  [0x1f7e0, 0x1f7eb],
  [0x1f7f0, 0x1f7f0],
  [0x1f90c, 0x1f93a],
  [0x1f93c, 0x1f945],
  [0x1f947, 0x1f9ff],
  [0x1fa70, 0x1faff],
  [0x20000, 0x3fffd],
];

const NO_WIDTH = /^[\p{Mn}\p{Me}\p{Cf}]$/u;

/** Cells that one character (code point) fills: 0, 1 or 2. */
export function charWidth(char: string): number {
  const code = char.codePointAt(0)!;
  if (code < 0x300) return 1;
  if (NO_WIDTH.test(char)) return 0;
  return WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

/** Cells that `text` fills. */
export function textWidth(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** `text` in at most `width` cells; what is left out is marked. */
export function shorten(text: string, width: number, ellipsis: string): string {
  if (textWidth(text) <= width) return text;
  if (width <= textWidth(ellipsis)) return ellipsis.slice(0, Math.max(0, width));
  let kept = '';
  let used = textWidth(ellipsis);
  for (const char of text) {
    used += charWidth(char);
    if (used > width) break;
    kept += char;
  }
  return kept + ellipsis;
}

/** `text` in lines of at most `width` cells, broken after a space, `:` or `,` where there is one, else where it must. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  const flush = (): void => {
    if (line.trimEnd() !== '') lines.push(line.trimEnd());
    line = '';
    used = 0;
  };
  for (const part of text.match(/[^ :,]*[ :,]+|[^ :,]+/g) ?? []) {
    if (used + textWidth(part.trimEnd()) > width) flush();
    for (const char of part) {
      const cells = charWidth(char);
      if (used + cells > width) {
        // The space at which a line is broken is not carried over.
        flush();
        if (char === ' ' || cells > width) continue;
      }
      line += char;
      used += cells;
    }
  }
  flush();
  return lines;
}

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t', '\\': '\\\\', '"': '\\"' };

/**
 * `text` with everything escaped that is not a visible character: control characters (they could steer the terminal),
 * bidirectional marks and other formats, line separators, lone surrogates, and private use.
 * @param ascii escape everything beyond ASCII too
 */
export function visible(text: string, ascii = false): string {
  let shown = '';
  for (const char of text) {
    const code = char.codePointAt(0)!;
    const named = NAMED[char];
    if (named !== undefined) shown += named;
    else if (/[\p{C}\p{Zl}\p{Zp}]/u.test(char) || (ascii && code > 0x7e)) {
      shown += code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
    } else shown += char;
  }
  return shown;
}

/** As `visible`, for names and reasons: without escapes for quotes and backslashes. */
export function printable(text: string, ascii = false): string {
  return [...text].map((char) => (char === '"' || char === '\\' ? char : visible(char, ascii))).join('');
}
