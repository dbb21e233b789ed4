/** The shapes that a ladder is drawn with: box drawing, or ASCII where the locale is not UTF-8. */

export interface Glyphs {
  readonly ellipsis: string;
  readonly arrow: string;
  readonly minus: string;
  readonly dot: string;
  /** A host's life line, and the same where time was left out. */
  readonly life: string;
  readonly lifeBreak: string;
  /** Where a packet leaves the left or the right host. */
  readonly leaveLeft: string;
  readonly leaveRight: string;
  readonly headRight: string;
  readonly headLeft: string;
  readonly lost: string;
  /** A packet in flight, and the same where time was left out. */
  readonly flight: string;
  readonly flightBreak: string;
  readonly cross: string;
  /** To the right: turns down into flight, turns out of flight; then to the left. */
  readonly downRight: string;
  readonly outRight: string;
  readonly downLeft: string;
  readonly outLeft: string;
  /** The same where the flight line goes on for another packet. */
  readonly joinRight: string;
  readonly splitRight: string;
  readonly joinLeft: string;
  readonly splitLeft: string;
  /** A call: begins, runs, runs where time was left out, returns; and one that returned at once. */
  readonly callLeft: readonly [enter: string, run: string, gap: string, exit: string, instant: string];
  readonly callRight: readonly [enter: string, run: string, gap: string, exit: string, instant: string];
  readonly gap: string;
  readonly rule: string;
  readonly line: Readonly<Record<PacketKind, string>>;
}

/** What a packet is for: colour and line go by it. */
export type PacketKind = 'syn' | 'data' | 'fin' | 'rst' | 'ack' | 'other';

export const UNICODE: Glyphs = {
  ellipsis: '…',
  arrow: '→',
  minus: '−',
  dot: '·',
  life: '│',
  lifeBreak: '┊',
  leaveLeft: '├',
  leaveRight: '┤',
  headRight: '►',
  headLeft: '◄',
  lost: '✕',
  flight: '│',
  flightBreak: '┊',
  cross: '┼',
  downRight: '╮',
  outRight: '╰',
  downLeft: '╭',
  outLeft: '╯',
  joinRight: '┤',
  splitRight: '├',
  joinLeft: '├',
  splitLeft: '┤',
  callLeft: ['┏', '┃', '┋', '┗', '╺'],
  callRight: ['┓', '┃', '┋', '┛', '╸'],
  gap: '───',
  rule: '─',
  line: { syn: '─', data: '┄', fin: '╌', rst: '━', ack: '─', other: '─' },
};

export const ASCII: Glyphs = {
  ellipsis: '...',
  arrow: '->',
  minus: '-',
  dot: '-',
  life: '|',
  lifeBreak: ':',
  leaveLeft: '|',
  leaveRight: '|',
  headRight: '>',
  headLeft: '<',
  lost: 'x',
  flight: '|',
  flightBreak: ':',
  cross: '+',
  downRight: '.',
  outRight: "'",
  downLeft: '.',
  outLeft: "'",
  joinRight: '+',
  splitRight: '+',
  joinLeft: '+',
  splitLeft: '+',
  callLeft: ['/', '|', ':', '\\', '>'],
  callRight: ['\\', '|', ':', '/', '<'],
  gap: '---',
  rule: '-',
  line: { syn: '-', data: '.', fin: '-', rst: '=', ack: '-', other: '-' },
};
