/**
 * The trace: one stream of events that every producer yields (kernel, stack, imported capture) and every view reads.
 *
 * A trace is NDJSON: line 1 is a `TraceHeader`, each further line one `TraceEvent`, in `seq` order. docs/trace-format.md
 * is the same page in prose. Times are integer nanoseconds since the start of the trace (exact in a double for 104
 * days); sequence numbers are absolute (views make them relative); bytes are base64 in the file and `Uint8Array` here.
 */

/** Where a fact comes from. `inferred` facts are never drawn as if they were seen. */
export type Source = 'observed' | 'inferred' | 'simulated';

/** The states of RFC 9293 §3.3.2, printed with a hyphen. "Half-open" means SYN-RECEIVED. */
export type TcpState =
  | 'CLOSED'
  | 'LISTEN'
  | 'SYN-SENT'
  | 'SYN-RECEIVED'
  | 'ESTABLISHED'
  | 'FIN-WAIT-1'
  | 'FIN-WAIT-2'
  | 'CLOSE-WAIT'
  | 'CLOSING'
  | 'LAST-ACK'
  | 'TIME-WAIT';

export interface TraceHost {
  readonly id: string;
  readonly name: string;
  /** Text addresses, without prefix length. */
  readonly ips: readonly string[];
}

export interface TraceLink {
  readonly id: string;
  /** Host ids of both ends. */
  readonly a: string;
  readonly b: string;
  /** Largest packet in bytes. */
  readonly mtu: number;
  /** pcap link type of `bytes` on this link; 101 (raw IP) when absent. */
  readonly linkType?: number;
}

export interface TraceHeader {
  readonly format: 'barewire-trace/1';
  readonly producer: 'kernel' | 'sim' | 'pcap';
  /** `unixNs` is the wall clock at t = 0, as a decimal string: it does not fit a double. */
  readonly clock: { readonly kind: 'mono' | 'virtual'; readonly unixNs: string };
  readonly hosts: readonly TraceHost[];
  readonly links: readonly TraceLink[];
  readonly scenario?: {
    readonly id: string;
    readonly version: number;
    readonly knobs: Readonly<Record<string, string | number | boolean>>;
    readonly seed?: number;
  };
  readonly env?: { readonly kernel?: string; readonly node?: string; readonly tier?: string };
}

interface Common {
  /** Counts up from 0 without a gap. */
  readonly seq: number;
  /** Integer ns since the start of the trace. */
  readonly t: number;
  /** Host id. */
  readonly host: string;
  /** Number of the 5-tuple: both directions and both hosts of one connection share it. */
  readonly flow?: number;
  /** The producer's name for one socket, unique in the trace (not a descriptor number: those are reused). */
  readonly sock?: number;
  /** `seq` of the event that made this one happen, where known. */
  readonly cause?: number | null;
  readonly src: Source;
  /** Uncertainty of `t`, ± ns. */
  readonly err?: number;
}

export type CallArgument = string | number | boolean | null;

export interface CallEnter extends Common {
  readonly k: 'call.enter';
  /** The C name: `connect`, `recvmsg`. */
  readonly name: string;
  readonly fd?: number;
  /** In the order of the C prototype without the descriptor: names to values; addresses as text, data as text or size. */
  readonly args: Readonly<Record<string, CallArgument>>;
  readonly pid?: number;
  readonly loc?: { readonly file: string; readonly line: number };
}

export interface CallExit extends Common {
  readonly k: 'call.exit';
  /** `seq` of the call.enter. */
  readonly enter: number;
  /** What the C call would have returned: the new descriptor, the count, 0 or -1. */
  readonly ret: number;
  /** `ECONNREFUSED` and the like when ret is -1. */
  readonly errno?: string;
  /** Bytes moved. */
  readonly bytes?: number;
  /** What came back besides the result: the peer's address, the data as text. */
  readonly out?: Readonly<Record<string, CallArgument>>;
}

interface PacketCommon extends Common {
  /** Number of the packet in this trace: tx, rx, drop … of one packet share it. A duplicate is a new packet. */
  readonly pkt: number;
  readonly link: string;
}

/** The packet left `host`: the instant before the wire took it. */
export interface PacketTx extends PacketCommon {
  readonly k: 'pkt.tx';
  /** Length in bytes on the wire. */
  readonly len: number;
  /** ns between the first and the last bit; 0 when the link has no rate. */
  readonly dur?: number;
  readonly bytes: Uint8Array;
}

/** The packet reaches `host`: the instant before its kernel gets it. */
export interface PacketRx extends PacketCommon {
  readonly k: 'pkt.rx';
  readonly len: number;
}

/** What the wire did to a packet; `host` is the host that sent it. */
export interface PacketFate extends PacketCommon {
  readonly k: 'pkt.drop' | 'pkt.hold' | 'pkt.edit';
  /** The rule (`server>client:syn-ack#1`) or the kernel's reason. */
  readonly why: string;
  readonly bytes?: Uint8Array;
}

/** A copy was made: `pkt` is the copy, `of` the packet it was made from. */
export interface PacketDup extends PacketCommon {
  readonly k: 'pkt.dup';
  readonly of: number;
  readonly why: string;
}

export interface StateChange extends Common {
  readonly k: 'tcp.state';
  readonly old: TcpState;
  readonly new: TcpState;
  /** How it was seen: `sock_diag`, `TCP_INFO`, `call`, `packet`. */
  readonly by?: string;
}

export interface TcpVars extends Common {
  readonly k: 'tcp.vars';
  /** Absolute sequence numbers and bytes; times in µs. */
  readonly vars: Readonly<
    Partial<
      Record<
        | 'sndUna'
        | 'sndNxt'
        | 'sndWnd'
        | 'rcvNxt'
        | 'rcvWnd'
        | 'cwnd'
        | 'ssthresh'
        | 'mss'
        | 'srtt'
        | 'rttvar'
        | 'rto'
        | 'retransmits',
        number
      >
    >
  >;
}

export interface QueueEvent extends Common {
  readonly k: 'queue';
  readonly listener: string;
  readonly syn?: { readonly n: number; readonly max?: number };
  readonly accept?: { readonly n: number; readonly max?: number };
}

export interface TimerEvent extends Common {
  readonly k: 'timer';
  readonly name: 'rto' | 'delack' | 'persist' | 'keepalive' | 'timewait';
  readonly what: 'set' | 'fire' | 'cancel';
  /** When it fires: ns since the start of the trace. */
  readonly at?: number;
}

/** Output of a program, a counter, an option, a knob, a remark. */
export interface OptionEvent extends Common {
  readonly k: 'opt';
  readonly level: string;
  readonly name: string;
  readonly value: CallArgument;
}
export interface CounterEvent extends Common {
  readonly k: 'counter';
  readonly name: string;
  readonly delta: number;
}
export interface OutEvent extends Common {
  readonly k: 'out';
  readonly stream: 'stdout' | 'stderr';
  readonly text: string;
}
export interface KnobEvent extends Common {
  readonly k: 'knob';
  readonly path: string;
  readonly old: CallArgument;
  readonly new: CallArgument;
}
export interface NoteEvent extends Common {
  readonly k: 'note';
  readonly text: string;
}

export type KnownEvent =
  | CallEnter
  | CallExit
  | PacketTx
  | PacketRx
  | PacketFate
  | PacketDup
  | StateChange
  | TcpVars
  | QueueEvent
  | TimerEvent
  | OptionEvent
  | CounterEvent
  | OutEvent
  | KnobEvent
  | NoteEvent;

/** An event of a kind that this version does not know: kept and listed, never fatal. */
export interface UnknownEvent extends Common {
  readonly k: string;
  readonly [field: string]: unknown;
}

export type TraceEvent = KnownEvent;

/** An event before the recorder has numbered and stamped it. */
export type EventDraft = TraceEvent extends infer E
  ? E extends TraceEvent
    ? Omit<E, 'seq' | 't'> & { readonly t?: number }
    : never
  : never;

export interface Trace {
  readonly header: TraceHeader;
  readonly events: readonly TraceEvent[];
}
