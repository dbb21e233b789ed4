/** Our notes on TCP segments beside those of tshark, and why they may differ. */
import { encodePcap } from '../../src/capture/index.ts';
import { TcpAnalyser, type TcpAnalysis, TcpNote } from '../../src/flow/index.ts';
import { decodePacket, type TcpHeader } from '../../src/wire/index.ts';
import { type Frame, tsharkFields } from './tshark.ts';

/** Ours and theirs. */
const NOTES = [
  [TcpNote.FAST_RETRANSMISSION, 'fast_retransmission'],
  [TcpNote.SPURIOUS_RETRANSMISSION, 'spurious_retransmission'],
  [TcpNote.OUT_OF_ORDER, 'out_of_order'],
  [TcpNote.RETRANSMISSION, 'retransmission'],
  [TcpNote.LOST_SEGMENT, 'lost_segment'],
  [TcpNote.DUPLICATE_ACK, 'duplicate_ack'],
  [TcpNote.KEEP_ALIVE, 'keep_alive'],
  [TcpNote.KEEP_ALIVE_ACK, 'keep_alive_ack'],
  [TcpNote.WINDOW_UPDATE, 'window_update'],
  [TcpNote.WINDOW_FULL, 'window_full'],
  [TcpNote.ZERO_WINDOW, 'zero_window'],
  [TcpNote.ZERO_WINDOW_PROBE, 'zero_window_probe'],
  [TcpNote.ZERO_WINDOW_PROBE_ACK, 'zero_window_probe_ack'],
  [TcpNote.PORTS_REUSED, 'reused_ports'],
] as const;
const UNSEEN = 'ack_lost_segment';
const KEYS = ['acks_frame', 'ack_rtt', 'initial_rtt', 'bytes_in_flight', 'duplicate_ack_num'] as const;
const FIELDS = [
  'tcp.stream',
  ...[...KEYS, UNSEEN, ...NOTES.map(([, name]) => name)].map((name) => `tcp.analysis.${name}`),
];

/** Texts as tshark writes them, '' for what there is not. */
type Row = Record<(typeof KEYS)[number] | 'stream' | 'notes', string>;

export interface Difference {
  readonly frame: number;
  readonly key: keyof Row;
  readonly ours: string;
  readonly theirs: string;
}

interface Circumstances extends Difference {
  /** All bytes of the segment were captured before. */
  readonly wasSeen: boolean;
  /** Something was acknowledged that was not captured, or tshark says so. */
  readonly wasUnseenTold: boolean;
  /** The first segment behind the SYNs is the acknowledgement of a SYN-ACK that was captured. */
  readonly hasHandshake: boolean;
  readonly hasSack: boolean;
  /** A number of the connection was exactly 0, behind the wrap. */
  readonly hasZero: boolean;
  readonly isScaleKnown: boolean;
}

/** Where they differ, and we mean to. */
const RULES: Readonly<Record<string, (one: Circumstances) => boolean>> = {
  'tshark shows the first round trip beside other findings only': ({ key, theirs }) =>
    key === 'initial_rtt' && theirs === '',
  'tshark takes any acknowledgement for the third segment of the handshake': ({ key, hasHandshake }) =>
    key === 'initial_rtt' && !hasHandshake,
  'tshark 4.0 calls bytes that it has seen before out of order when they come again soon': ({
    key,
    ours,
    theirs,
    wasSeen,
  }) => key === 'notes' && wasSeen && ours.replace('retransmission', 'out_of_order') === theirs,
  'tshark takes the number 0 for none': ({ key, hasZero }) => key !== 'stream' && hasZero,
  'tshark takes the scale of windows that one SYN offers for agreed': ({ key, ours, theirs, isScaleKnown }) =>
    key === 'notes' && !isScaleKnown && theirs.replace(/ ?window_full/, '') === ours,
  'and so has another idea of what is soon': ({ key, ours, theirs, hasHandshake }) =>
    key === 'notes' && !hasHandshake && sameKind(ours) === sameKind(theirs),
  'tshark sets the count of duplicates to -1, a large number, when bytes were not captured': ({
    key,
    ours,
    theirs,
    wasUnseenTold,
  }) => wasUnseenTold && (key === 'duplicate_ack_num' || (key === 'notes' && sameKind(ours) === sameKind(theirs))),
  'tshark subtracts every SACK block, also of duplicates and of bytes that are not under way': ({ key, hasSack }) =>
    key === 'bytes_in_flight' && hasSack,
};

const sameKind = (notes: string): string => notes.replace(/fast_retransmission|out_of_order/, 'retransmission');

export interface Comparison {
  readonly frames: number;
  /** Frames of which tshark has something to say. */
  readonly noted: number;
  /** How many differences each rule explains. */
  readonly explained: Readonly<Record<string, number>>;
  readonly unexplained: readonly Difference[];
  /** Acknowledgements of bytes that were not captured: ours, and what a count of every byte gives. */
  readonly unseen: { readonly ours: readonly number[]; readonly counted: readonly number[] };
}

/** Compare on a capture of raw IP packets with TCP alone. */
export function compare(frames: readonly Frame[]): Comparison {
  const analyser = new TcpAnalyser();
  const file = encodePcap(frames, { linkType: 101 });
  const rows = tsharkFields(file, FIELDS);
  const explained: Record<string, number> = {};
  const unexplained: Difference[] = [];
  const unseen = { ours: [] as number[], counted: [] as number[] };
  const streams = new Map<string, Stream>();
  let noted = 0;
  for (const [i, { t, bytes }] of frames.entries()) {
    const packet = decodePacket(bytes, 'raw');
    const frame = i + 1;
    const analysis = analyser.add(packet, t, bytes.length, frame)!;
    const ours = ownRow(analysis);
    const theirs = theirRow(rows[i]!);
    const stream = streams.get(theirs.stream) ?? new Stream();
    streams.set(theirs.stream, stream);
    const circumstances = stream.take(packet.tcp!, analysis.isToServer, rows[i]![`tcp.analysis.${UNSEEN}`] !== '');
    const isScaleKnown = analysis.isWindowScaleKnown;
    if (circumstances.isUnseen) unseen.counted.push(frame);
    if ((analysis.notes & TcpNote.ACKED_UNSEEN) !== 0) unseen.ours.push(frame);
    if (theirs.notes !== '') noted++;
    for (const key of Object.keys(ours) as (keyof Row)[]) {
      if (ours[key] === theirs[key]) continue;
      const difference = { frame, key, ours: ours[key], theirs: theirs[key] };
      const rule = Object.entries(RULES).find(([, holds]) => holds({ ...difference, ...circumstances, isScaleKnown }));
      if (rule === undefined) unexplained.push(difference);
      else explained[rule[0]] = (explained[rule[0]] ?? 0) + 1;
    }
  }
  return { frames: frames.length, noted, explained, unexplained, unseen };
}

/** One connection, byte for byte. */
class Stream {
  #wasUnseenTold = false;
  /** Both numbers of the third segment of the handshake. */
  #third = '';
  #hasHandshake: boolean | undefined;
  #hasSack = false;
  #hasZero = false;
  readonly #captured = { true: new Set<number>(), false: new Set<number>() };
  /** Before this nothing is missing, or it was told; -1 before the first segment. */
  readonly #reach = { true: -1, false: -1 };

  take(
    tcp: TcpHeader,
    isToServer: boolean,
    isUnseenTold: boolean,
  ): Omit<Circumstances, keyof Difference | 'isScaleKnown'> & { readonly isUnseen: boolean } {
    if ((tcp.flags & 0x12) === 0x12) this.#third = `${tcp.ack} ${(tcp.seq + 1) >>> 0}`;
    if ((tcp.flags & 0x12) === 0x10) this.#hasHandshake ??= isToServer && `${tcp.seq} ${tcp.ack}` === this.#third;
    this.#hasZero ||= (tcp.flags & 0x10) !== 0 && (tcp.ack === 0 || tcp.seq === 0);
    this.#hasSack ||= tcp.options.some(({ name }) => name === 'sack');
    const wasSeen = this.#capture(tcp, `${isToServer}`);
    const isUnseen = (tcp.flags & 0x10) !== 0 && this.#acknowledge(tcp.ack, `${!isToServer}`);
    this.#wasUnseenTold ||= isUnseenTold || isUnseen;
    return {
      wasSeen,
      isUnseen,
      wasUnseenTold: this.#wasUnseenTold,
      hasHandshake: this.#hasHandshake === true,
      hasSack: this.#hasSack,
      hasZero: this.#hasZero,
    };
  }

  /** @returns whether all bytes were there */
  #capture({ seq, sequenceLength }: TcpHeader, side: 'true' | 'false'): boolean {
    const captured = this.#captured[side];
    const before = captured.size;
    for (let i = 0; i < sequenceLength; i++) captured.add((seq + i) >>> 0);
    if (this.#reach[side] < 0) this.#reach[side] = seq;
    while (captured.has(this.#reach[side])) this.#reach[side] = (this.#reach[side] + 1) >>> 0;
    return captured.size === before;
  }

  #acknowledge(ack: number, side: 'true' | 'false'): boolean {
    const reach = this.#reach[side];
    if (reach < 0 || ((ack - reach) | 0) <= 0) return false;
    this.#reach[side] = ack;
    while (this.#captured[side].has(this.#reach[side])) this.#reach[side] = (this.#reach[side] + 1) >>> 0;
    return true;
  }
}

const text = (value: number | undefined): string => (value === undefined ? '' : String(value));
const seconds = (ns: bigint | undefined): string =>
  ns === undefined ? '' : `${ns / 1_000_000_000n}.${String(ns % 1_000_000_000n).padStart(9, '0')}`;

function ownRow({ flow, notes, acks, initialRttNs, bytesInFlight, duplicate }: TcpAnalysis): Row {
  return {
    stream: String(flow.index),
    notes: NOTES.filter(([mask]) => (notes & mask) !== 0)
      .map(([, name]) => name)
      .join(' '),
    acks_frame: text(acks?.frame),
    ack_rtt: seconds(acks?.rttNs),
    initial_rtt: seconds(initialRttNs),
    bytes_in_flight: text(bytesInFlight),
    duplicate_ack_num: text(duplicate?.count),
  };
}

function theirRow(row: Readonly<Record<string, string>>): Row {
  const has = (name: string): boolean => row[`tcp.analysis.${name}`] !== '';
  // tshark says of the special kinds that they are retransmissions too.
  const isSpecial = has('fast_retransmission') || has('spurious_retransmission');
  return {
    stream: row['tcp.stream']!,
    notes: NOTES.filter(([, name]) => has(name) && !(name === 'retransmission' && isSpecial))
      .map(([, name]) => name)
      .join(' '),
    ...(Object.fromEntries(KEYS.map((key) => [key, row[`tcp.analysis.${key}`]!])) as Record<
      (typeof KEYS)[number],
      string
    >),
  };
}
