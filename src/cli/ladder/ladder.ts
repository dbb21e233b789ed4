/**
 * A trace drawn as a ladder: the calls and states of the client on the left, of the server on the right, the packets
 * between, time downwards. A pure function of the trace.
 *
 * How to read it: a row is a moment of one host. A packet leaves in one row and arrives in a later one; between them its
 * line runs down the wire, so two that cross are seen to cross. The axis is elastic: rows are events, and the time left
 * out between two rows is written where it is long enough to matter. A real exchange spends a thousandth of its time on
 * what happens and the rest on waiting, so a linear axis would show nothing.
 */
import type { Trace } from '../../trace/event.ts';
import type { Style } from '../terminal.ts';
import { printable, shorten, textWidth, wrap } from '../text.ts';
import { Line } from './canvas.ts';
import { ASCII, type Glyphs, UNICODE } from './glyphs.ts';
import { drawList, NOTHING } from './list.ts';
import { type Flight, type Item, MOMENT_NS, type Scene, type Side, sceneOf } from './moments.ts';
import { KIND_STYLE, type LadderOptions, SOURCE_MARK } from './style.ts';
import { formatGap, formatTime, timeDigits } from './time.ts';

/** Below this a ladder has no room for both hosts: the events are listed instead. */
export const NARROWEST_LADDER = 60;
/** Wider does not read better. */
const WIDEST_LADDER = 160;

/** @returns lines that end in a newline; none wider than `options.width` */
export function drawLadder(trace: Trace, options: LadderOptions): string {
  const glyphs = options.unicode ? UNICODE : ASCII;
  const scene = sceneOf(trace, glyphs, options.absolute === true);
  if (options.width < NARROWEST_LADDER) return drawList(scene, glyphs, options);
  const width = Math.min(WIDEST_LADDER, options.width);
  const layout = layoutOf(scene, glyphs, width);
  const rows = addGaps(packRows(scene, layout));
  assignLanes(rows, layout);
  if (scene.items.length === 0) rows.push({ t: 0, side: 'left', below: NOTHING });
  const lines = [...drawHead(trace, scene, layout), ...drawRows(rows, layout), ...drawLegend(scene, layout)];
  return lines.map((line) => `${line.render(options.colour)}\n`).join('');
}

// --------------------------------------------------------------------------------------------------------------- layout

interface Layout {
  readonly glyphs: Glyphs;
  readonly width: number;
  readonly digits: number;
  readonly timeWidth: number;
  /** First column of the left side; the columns of both life lines; the cells of both sides and of the wire. */
  readonly leftStart: number;
  readonly lifeLeft: number;
  readonly lifeRight: number;
  readonly leftWidth: number;
  readonly rightWidth: number;
  readonly wireWidth: number;
  /** Cells between a call's bar and its text. */
  readonly barGap: number;
  readonly bars: Scene['bars'];
}

function layoutOf(scene: Scene, glyphs: Glyphs, width: number): Layout {
  const last = scene.items.at(-1)?.t ?? 0;
  const digits = timeDigits(last, width >= 96);
  const timeWidth = Math.max(6, formatTime(last, digits).length);
  const rest = width - timeWidth - 3;
  const wireWidth = Math.max(21, Math.min(60, Math.floor(rest * 0.4)));
  const leftWidth = Math.ceil((rest - wireWidth) / 2);
  const leftStart = timeWidth + 1;
  const lifeLeft = leftStart + leftWidth;
  return {
    glyphs,
    width,
    digits,
    timeWidth,
    leftStart,
    lifeLeft,
    lifeRight: lifeLeft + wireWidth + 1,
    leftWidth,
    rightWidth: rest - wireWidth - leftWidth,
    wireWidth,
    barGap: leftWidth >= 26 ? 1 : 0,
    bars: scene.bars,
  };
}

/** Cells for the text of calls and states on one side: without bars, with one free cell beside the life line. */
function roomOf(layout: Layout, side: Side): number {
  return (side === 'left' ? layout.leftWidth : layout.rightWidth) - layout.bars[side] - layout.barGap - 1;
}

/** The first text that fits; the last one cut if none does. */
function fitting(texts: readonly string[], room: number, glyphs: Glyphs): string {
  return texts.find((text) => textWidth(text) <= room) ?? shorten(texts.at(-1)!, room, glyphs.ellipsis);
}

// ----------------------------------------------------------------------------------------------------------------- rows

type Call = Extract<Item, { k: 'enter' | 'exit' | 'instant' }>;
type WireItem = Extract<Item, { k: 'leave' | 'arrive' | 'vanish' }>;

interface Row {
  readonly t: number;
  readonly side: Side;
  /** Time left out before the next row, in a row of its own. */
  readonly gapNs?: number;
  /** Text on the wire below a packet. */
  readonly below?: string;
  readonly belowStyle?: Style;
  call?: Call;
  callText?: string;
  state?: Extract<Item, { k: 'state' }>;
  stateText?: string;
  wire?: WireItem;
}

function packRows(scene: Scene, layout: Layout): Row[] {
  const { glyphs } = layout;
  const rows: Row[] = [];
  let row: Row | undefined;
  for (const item of scene.items) {
    if (item.k === 'remark') {
      rows.push({ t: item.t, side: item.side, below: item.text });
      row = undefined;
      continue;
    }
    if (row === undefined || row.side !== item.side || item.t - row.t > MOMENT_NS || !joins(row, item, layout)) {
      row = { t: item.t, side: item.side };
      rows.push(row);
    }
    const room = roomOf(layout, item.side);
    switch (item.k) {
      case 'enter':
      case 'exit':
      case 'instant':
        row.call = item;
        row.callText = fitting(item.texts, room, glyphs);
        break;
      case 'state':
        row.state = item;
        row.stateText = shorten(SOURCE_MARK[item.src] + item.text, room, glyphs.ellipsis);
        break;
      case 'leave':
      case 'arrive':
      case 'vanish': {
        row.wire = item;
        const style = item.k === 'vanish' || (item.k === 'leave' && item.flight.lost) ? 'red' : 'dim';
        const below = item.below.map((text): Row => ({ t: item.t, side: item.side, below: text, belowStyle: style }));
        if (item.k === 'leave' && !optionsFit(item.flight, layout)) {
          below.unshift({
            t: item.t,
            side: item.side,
            below: fitting(item.flight.text.options, layout.wireWidth - 4, glyphs),
            belowStyle: 'dim',
          });
        }
        rows.push(...below);
        // What follows would otherwise be drawn above the remarks on its packet.
        if (below.length > 0 && item.k !== 'leave') row = undefined;
        break;
      }
    }
  }
  return rows;
}

/** True when the item has its place free in the row and loses nothing by sharing it. */
function joins(row: Row, item: Item, layout: Layout): boolean {
  const room = roomOf(layout, row.side);
  if (item.k === 'state') {
    if (row.state !== undefined) return false;
    const text = SOURCE_MARK[item.src] + item.text;
    return row.callText === undefined || textWidth(row.callText) + 1 + textWidth(text) <= room;
  }
  if (item.k === 'enter' || item.k === 'exit' || item.k === 'instant') {
    // A call that begins after an arrival or a change would look like their cause.
    if (row.call !== undefined || (item.k !== 'exit' && (row.stateText !== undefined || row.wire?.k === 'arrive')))
      return false;
    const text = fitting(item.texts, room, layout.glyphs);
    return row.stateText === undefined || textWidth(row.stateText) + 1 + textWidth(text) <= room;
  }
  return item.k === 'leave' && row.wire === undefined;
}

function optionsFit(flight: Flight, layout: Layout): boolean {
  const { options } = flight.text;
  return options.length === 0 || textWidth(labelWithOptions(flight)) <= layout.wireWidth - 6;
}

function labelWithOptions(flight: Flight): string {
  return `${flight.text.labels[0]} ${flight.text.options[0]}`;
}

/** Puts a row of its own where time was left out that is long for this trace, and never less than a moment. */
function addGaps(rows: readonly Row[]): Row[] {
  const gaps = rows.map((row, i) => (i === 0 ? 0 : row.t - rows[i - 1]!.t));
  const worth = Math.min(1_000_000, Math.max(MOMENT_NS, Math.max(0, ...gaps) / 20));
  return rows.flatMap((row, i) => (gaps[i]! >= worth ? [{ t: row.t, side: row.side, gapNs: gaps[i]! }, row] : [row]));
}

// ---------------------------------------------------------------------------------------------------------------- lanes

/** Where a flight runs down the wire, and over which rows. */
interface Lane {
  readonly flight: Flight;
  readonly first: number;
  last: number;
  index: number;
  column: number;
}

interface LaidRow extends Row {
  lane?: Lane;
  /** Lanes that pass this row, the one that leaves or arrives not included. */
  passing?: Lane[];
}

/**
 * Every flight gets a column near its receiver. Of two in the same direction the later one turns down sooner, so that
 * lines cross only where packets overtake. Where there are more flights than columns they share the last one.
 */
function assignLanes(rows: LaidRow[], layout: Layout): void {
  const most = Math.max(1, Math.min(4, Math.floor((layout.wireWidth - 26) / 3) + 1));
  // Where there is room the line turns down earlier, and looks more like the slope that it stands for.
  const hook = Math.max(1, Math.min(6, Math.floor((layout.wireWidth - 28) / 3)));
  const active: Lane[] = [];
  const byFlight = new Map<Flight, Lane>();
  rows.forEach((row, i) => {
    const item = row.wire;
    if (item?.k === 'leave') {
      const ahead = active.filter((lane) => lane.flight.from === item.flight.from);
      const index = Math.min(most - 1, Math.max(-1, ...ahead.map((lane) => lane.index)) + 1);
      const inset = hook + 2 * index;
      const column = item.flight.from === 'left' ? layout.lifeRight - 1 - inset : layout.lifeLeft + 1 + inset;
      const lane: Lane = { flight: item.flight, first: i, last: rows.length - 1, index, column };
      row.lane = lane;
      row.passing = [...active];
      byFlight.set(item.flight, lane);
      if (!item.flight.lost) active.push(lane);
      return;
    }
    if (item !== undefined) {
      const lane = byFlight.get(item.flight);
      if (lane !== undefined && active.includes(lane)) {
        active.splice(active.indexOf(lane), 1);
        lane.last = i;
        row.lane = lane;
      }
    }
    row.passing = [...active];
  });
}

// -------------------------------------------------------------------------------------------------------------- drawing

function drawRows(rows: readonly LaidRow[], layout: Layout): Line[] {
  const { glyphs } = layout;
  const running: { left: boolean[]; right: boolean[] } = { left: [], right: [] };
  return rows
    .flatMap((row) => wrapBelow(row, layout))
    .map((row) => {
      const line = new Line(layout.width);
      const isGap = row.gapNs !== undefined;
      const timed = !isGap && row.below === undefined;
      if (timed) line.putBefore(layout.timeWidth, formatTime(row.t, layout.digits), 'dim');
      for (const column of [layout.lifeLeft, layout.lifeRight]) {
        line.put(column, isGap ? glyphs.lifeBreak : glyphs.life, 'dim');
      }
      for (const side of ['left', 'right'] as const) {
        const [, run, gap] = side === 'left' ? glyphs.callLeft : glyphs.callRight;
        running[side].forEach((on, lane) => {
          if (on) line.put(barColumn(layout, side, lane), isGap ? gap : run, 'dim');
        });
      }
      for (const { column, flight } of row.passing ?? []) {
        line.put(column, isGap ? glyphs.flightBreak : glyphs.flight, KIND_STYLE[flight.text.kind]);
      }
      if (row.gapNs !== undefined) drawGap(line, row.gapNs, layout);
      if (row.below !== undefined) drawBelow(line, row, row.below, layout);
      if (row.wire !== undefined) drawWire(line, row, row.wire, layout);
      drawCall(line, row, layout, running);
      if (row.stateText !== undefined) {
        const style: Style = row.state!.src === 'observed' ? 'bold' : 'plain';
        if (row.side === 'left') line.putBefore(layout.lifeLeft - 1, row.stateText, style);
        else line.put(layout.lifeRight + 2, row.stateText, style);
      }
      return line;
    });
}

function barColumn(layout: Layout, side: Side, lane: number): number {
  const inset = layout.bars[side] - 1 - lane;
  return side === 'left' ? layout.leftStart + inset : layout.width - 1 - inset;
}

function drawCall(line: Line, row: Row, layout: Layout, running: { left: boolean[]; right: boolean[] }): void {
  const { call, side } = row;
  if (call === undefined) return;
  const [enter, , , exit, instant] = side === 'left' ? layout.glyphs.callLeft : layout.glyphs.callRight;
  const lane = call.k === 'instant' ? 0 : call.bar.lane;
  if (call.k !== 'instant') running[side][lane] = call.k === 'enter';
  // At once, while another call of the host runs: its bar is not to be broken.
  const busy = call.k === 'instant' && running[side][0] === true;
  if (!busy)
    line.put(barColumn(layout, side, lane), call.k === 'enter' ? enter : call.k === 'exit' ? exit : instant, 'plain');
  const style: Style = call.failed ? 'red' : 'plain';
  const inset = layout.bars[side] + layout.barGap;
  if (side === 'left') line.put(layout.leftStart + inset, row.callText ?? '', style);
  else line.putBefore(layout.width - inset, row.callText ?? '', style);
}

/** The time that was left out, between the flights that pass. */
function drawGap(line: Line, gapNs: number, layout: Layout): void {
  const text = `${layout.glyphs.gap} ${formatGap(gapNs)} ${layout.glyphs.gap}`;
  line.put(layout.lifeLeft + 1 + Math.floor((layout.wireWidth - textWidth(text)) / 2), text, 'dim');
}

/** Columns between the flights that pass, both ends included. */
function freeSpan(row: LaidRow, layout: Layout): { from: number; to: number } {
  let from = layout.lifeLeft + 1;
  let to = layout.lifeRight - 1;
  for (const { column, flight } of row.passing ?? []) {
    if (flight.from === 'left') to = Math.min(to, column - 1);
    else from = Math.max(from, column + 1);
  }
  return { from, to };
}

/** A remark that is wider than what is free between the flights goes on in further rows. */
function wrapBelow(row: LaidRow, layout: Layout): LaidRow[] {
  if (row.below === undefined) return [row];
  const { from, to } = freeSpan(row, layout);
  const text = printable(row.below, layout.glyphs === ASCII);
  return wrap(text, Math.max(1, to - from)).map((below) => ({ ...row, below }));
}

function drawBelow(line: Line, row: LaidRow, text: string, layout: Layout): void {
  const { from, to } = freeSpan(row, layout);
  if (row.side === 'left') line.put(from + 1, text, row.belowStyle ?? 'dim');
  else line.putBefore(to, text, row.belowStyle ?? 'dim');
}

function drawWire(line: Line, row: LaidRow, item: WireItem, layout: Layout): void {
  const { lane } = row;
  if (lane === undefined) return;
  const { glyphs, lifeLeft, lifeRight } = layout;
  const { flight } = item;
  const style = KIND_STYLE[flight.text.kind];
  const toRight = flight.from === 'left';
  const shared = (row.passing ?? []).some((other) => other.column === lane.column);
  const dash = glyphs.line[flight.text.kind];

  /** The stretch from one column to another; flights that it crosses stay visible. */
  const stretch = (from: number, to: number): void => {
    for (let column = Math.min(from, to); column <= Math.max(from, to); column++) {
      const crossed = (row.passing ?? []).some((other) => other.column === column && column !== lane.column);
      line.put(column, crossed ? glyphs.cross : dash, style);
    }
  };

  if (item.k === 'vanish') {
    line.put(lane.column, glyphs.lost, 'red');
    return;
  }
  if (item.k === 'arrive') {
    const life = toRight ? lifeRight : lifeLeft;
    stretch(lane.column + (toRight ? 1 : -1), life + (toRight ? -1 : 1));
    line.put(life + (toRight ? -1 : 1), toRight ? glyphs.headRight : glyphs.headLeft, style);
    const corner = toRight
      ? shared
        ? glyphs.splitRight
        : glyphs.outRight
      : shared
        ? glyphs.splitLeft
        : glyphs.outLeft;
    line.put(lane.column, corner, style);
    const note = arrivalNote(row, lane);
    if (note !== '') {
      if (toRight) line.putBefore(lane.column - 1, note, style);
      else line.put(lane.column + 2, note, style);
    }
    return;
  }

  const life = toRight ? lifeLeft : lifeRight;
  line.put(life, toRight ? glyphs.leaveLeft : glyphs.leaveRight, style);
  const first = life + (toRight ? 1 : -1);
  // A packet that gets lost ends on the wire, two thirds of the way.
  const end = flight.lost ? life + (toRight ? 1 : -1) * Math.floor(layout.wireWidth * 0.85) : lane.column;
  stretch(first, end + (toRight ? -1 : 1));
  const corner = toRight ? (shared ? glyphs.joinRight : glyphs.downRight) : shared ? glyphs.joinLeft : glyphs.downLeft;
  line.put(end, flight.lost ? glyphs.lost : corner, flight.lost ? 'red' : style);

  // The label lies on the line, after the flights of the other direction that the line crosses.
  let { from, to } = freeSpan(
    { ...row, passing: (row.passing ?? []).filter((o) => o.flight.from !== flight.from) },
    layout,
  );
  if (toRight) {
    from = Math.max(from, first + 1);
    to = end - 1;
  } else {
    to = Math.min(to, first - 1);
    from = end + 1;
  }
  const room = to - from + 1;
  const texts =
    flight.text.options.length > 0 && optionsFit(flight, layout)
      ? [labelWithOptions(flight), ...flight.text.labels]
      : flight.text.labels;
  const label = fitting(flight.copy ? texts.flatMap((text) => [`${text} copy`, text]) : texts, room, glyphs);
  const padded = textWidth(label) + 2 <= room ? ` ${label} ` : label;
  if (toRight) line.put(from, padded, style);
  else line.putBefore(to + 1, padded, style);
}

/** Which packet this is, where more than one of its direction is on the wire. */
function arrivalNote(row: LaidRow, lane: Lane): string {
  const { flight } = lane;
  const others = (row.passing ?? []).some((other) => other.flight.from === flight.from);
  const words = [others || flight.late || flight.copy ? flight.text.name : ''];
  if (flight.copy) words.push('copy');
  if (flight.late) words.push('late');
  return words.filter((word) => word !== '').join(' ');
}

// ------------------------------------------------------------------------------------------------------ head and legend

function drawHead(trace: Trace, scene: Scene, layout: Layout): Line[] {
  const { glyphs, lifeLeft, lifeRight, width } = layout;
  const ascii = glyphs === ASCII;
  const names = new Line(width);
  names.putBefore(layout.timeWidth, 'ms', 'dim');
  const host = (name: string, address: string, room: number): [string, string] => {
    const shown = shorten(printable(name, ascii), room, glyphs.ellipsis);
    return [shown, textWidth(shown) + 1 + textWidth(address) <= room ? address : ''];
  };
  const [left, leftAddress] = host(scene.left.name, scene.addresses.left, lifeLeft - layout.leftStart);
  names.put(layout.leftStart, left, 'bold');
  names.put(layout.leftStart + textWidth(left) + 1, leftAddress);
  const [right, rightAddress] = host(scene.right.name, scene.addresses.right, width - lifeRight - 1);
  names.putBefore(width, right, 'bold');
  names.putBefore(width - textWidth(right) - 1, rightAddress);
  const title = titleOf(trace, scene);
  const shown = shorten(printable(title, ascii), layout.wireWidth, glyphs.ellipsis);
  names.put(lifeLeft + 1 + Math.floor((layout.wireWidth - textWidth(shown)) / 2), shown, 'bold');

  const columns = new Line(width);
  columns.put(layout.leftStart, 'calls', 'dim');
  columns.putBefore(lifeLeft - 1, 'state', 'dim');
  columns.put(lifeRight + 2, 'state', 'dim');
  columns.putBefore(width, 'calls', 'dim');
  columns.put(lifeLeft, ascii ? '+' : '┬', 'dim');
  columns.put(lifeRight, ascii ? '+' : '┬', 'dim');
  columns.put(lifeLeft + 1, glyphs.rule.repeat(layout.wireWidth), 'dim');
  const delay = trace.header.scenario?.knobs.delayMs;
  const texts =
    typeof delay === 'number' ? [` wire, ${delay} ms each way `, ` wire, ${delay} ms `, ' wire '] : [' wire '];
  const wire = texts.find((text) => text.length + 2 <= layout.wireWidth) ?? ' wire ';
  columns.put(lifeLeft + 1 + Math.floor((layout.wireWidth - wire.length) / 2), wire, 'dim');
  return [names, columns];
}

function titleOf(trace: Trace, scene: Scene): string {
  return trace.header.scenario?.id ?? scene.protocol;
}

/** Explains the marks that were used, and no others. */
function drawLegend(scene: Scene, layout: Layout): Line[] {
  const { glyphs } = layout;
  const marks: string[] = [];
  if (scene.sources.has('inferred')) marks.push('~ inferred, not seen');
  if (scene.sources.has('simulated')) marks.push('* simulated');
  if (scene.items.some((item) => item.k === 'vanish' || (item.k === 'leave' && item.flight.lost))) {
    marks.push(`${glyphs.lost} lost on the wire`);
  }
  if (marks.length === 0) return [];
  const line = new Line(layout.width);
  line.put(layout.leftStart, shorten(marks.join('   '), layout.width - layout.leftStart, glyphs.ellipsis), 'dim');
  return [new Line(layout.width), line];
}
