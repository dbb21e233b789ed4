/** The ladder where there is no room for one: one event a line, with glyphs for direction. */
import { printable, shorten, textWidth } from '../text.ts';
import { Line } from './canvas.ts';
import { ASCII, type Glyphs } from './glyphs.ts';

import type { Scene, Side } from './moments.ts';
import { KIND_STYLE, type LadderOptions, SOURCE_MARK } from './style.ts';
import { formatTime, timeDigits } from './time.ts';

/** What an empty trace is drawn as. */
export const NOTHING = 'nothing was recorded';

/** Lines as long as `options.width` at most, however narrow. */
export function drawList(scene: Scene, glyphs: Glyphs, options: LadderOptions): string {
  const width = Math.max(1, options.width);
  const ascii = glyphs === ASCII;
  const digits = timeDigits(scene.items.at(-1)?.t ?? 0, false);
  const timeWidth = Math.max(6, formatTime(scene.items.at(-1)?.t ?? 0, digits).length);
  const names = { left: printable(scene.left.name, ascii), right: printable(scene.right.name, ascii) };
  const nameWidth = Math.min(10, Math.max(textWidth(names.left), textWidth(names.right)));
  const start = timeWidth + 1 + nameWidth + 1;
  const lines: Line[] = [];
  const add = (t: number | null, side: Side, text: string, style: Parameters<Line['put']>[2] = 'plain'): void => {
    const line = new Line(width);
    if (t !== null) {
      line.putBefore(timeWidth, formatTime(t, digits), 'dim');
      line.put(timeWidth + 1, shorten(names[side], nameWidth, glyphs.ellipsis));
    }
    line.put(start, shorten(text, width - start, glyphs.ellipsis), style);
    lines.push(line);
  };
  const outOf = (side: Side): string => (side === 'left' ? (ascii ? '-->' : '─►') : ascii ? '<--' : '◄─');
  const into = (side: Side): string => (side === 'left' ? (ascii ? '>>|' : '►│') : ascii ? '|<<' : '│◄');
  if (scene.items.length === 0) add(0, 'left', NOTHING, 'dim');
  for (const item of scene.items) {
    const room = width - start;
    const first = (texts: readonly string[]): string => texts.find((text) => textWidth(text) <= room) ?? texts.at(-1)!;
    switch (item.k) {
      case 'enter':
      case 'exit':
      case 'instant':
        add(item.t, item.side, first(item.texts), item.failed ? 'red' : 'plain');
        break;
      case 'state':
        add(item.t, item.side, `[${SOURCE_MARK[item.src]}${item.text}]`, 'bold');
        break;
      case 'leave': {
        const { flight } = item;
        const lost = flight.lost ? ` ${glyphs.lost}` : '';
        const labels = flight.text.labels.map(
          (label) => `${outOf(flight.from)} ${label}${flight.copy ? ' copy' : ''}${lost}`,
        );
        add(item.t, item.side, first(labels), KIND_STYLE[flight.text.kind]);
        for (const text of item.below) add(null, item.side, `   ${printable(text, ascii)}`, 'dim');
        break;
      }
      case 'arrive':
        add(
          item.t,
          item.side,
          `${into(item.flight.from)} ${item.flight.text.name}${item.flight.late ? ' late' : ''}`,
          KIND_STYLE[item.flight.text.kind],
        );
        break;
      case 'vanish':
        add(item.t, item.side, `${glyphs.lost} ${item.flight.text.name}`, 'red');
        for (const text of item.below) add(null, item.side, `   ${printable(text, ascii)}`, 'dim');
        break;
      case 'remark':
        add(item.t, item.side, printable(item.text, ascii), 'dim');
        break;
    }
  }
  return lines.map((line) => `${line.render(options.colour)}\n`).join('');
}
