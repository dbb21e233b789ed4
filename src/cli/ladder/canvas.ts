/** One line of a drawing: cells with a style each, so that widths are exact and colours never change the layout. */

import { paint, type Style } from '../terminal.ts';
import { charWidth, textWidth } from '../text.ts';

export class Line {
  readonly #chars: string[];
  readonly #styles: Style[];

  constructor(width: number) {
    this.#chars = new Array<string>(width).fill(' ');
    this.#styles = new Array<Style>(width).fill('plain');
  }

  /** Write at a column; what would lie outside is not written. */
  put(column: number, text: string, style: Style = 'plain'): void {
    let at = column;
    for (const char of text) {
      const width = charWidth(char);
      if (width === 0) {
        if (at > column && at <= this.#chars.length) this.#chars[at - 1] += char;
        continue;
      }
      if (at >= 0 && at + width <= this.#chars.length) {
        this.#chars[at] = char;
        this.#styles[at] = style;
        // The second cell of a wide character holds nothing.
        if (width === 2) this.#chars[at + 1] = '';
      }
      at += width;
    }
  }

  /** Write so that the text ends before `column`. */
  putBefore(column: number, text: string, style: Style = 'plain'): void {
    this.put(column - textWidth(text), text, style);
  }

  at(column: number): string {
    return this.#chars[column] ?? ' ';
  }

  render(colour: boolean): string {
    let last = this.#chars.length;
    while (last > 0 && this.#chars[last - 1] === ' ') last--;
    let out = '';
    for (let i = 0; i < last; ) {
      const style = this.#styles[i]!;
      let run = '';
      for (; i < last && (this.#styles[i] === style || this.#chars[i] === ''); i++) run += this.#chars[i];
      out += paint(run, run.trim() === '' ? 'plain' : style, colour);
    }
    return out;
  }
}
