/**
 * `struct tcp_info` (linux/tcp.h, tcp(7)): what the kernel knows about one connection. The struct grows at its end with
 * the years; a field that this kernel does not have is undefined.
 */

/** The numbers of the kernel's `enum tcp_state` as the names of RFC 9293 §3.3.2. */
const STATES = [
  'CLOSED',
  'ESTABLISHED',
  'SYN-SENT',
  'SYN-RECEIVED',
  'FIN-WAIT-1',
  'FIN-WAIT-2',
  'TIME-WAIT',
  'CLOSED',
  'CLOSE-WAIT',
  'LAST-ACK',
  'LISTEN',
  'CLOSING',
  'SYN-RECEIVED', // TCP_NEW_SYN_RECV: a request that has no full socket yet
] as const;

export type TcpStateName = (typeof STATES)[number];

/** `ESTABLISHED` for 1, the kernel's number. */
export function tcpStateName(number: number): TcpStateName {
  return STATES[number] ?? 'CLOSED';
}

/** Times in µs unless the name says ms; windows and sizes in bytes, cwnd and ssthresh in segments. */
export interface TcpInfo {
  readonly state: TcpStateName;
  readonly caState: number;
  readonly retransmits: number;
  readonly probes: number;
  readonly backoff: number;
  /** Bit set TCPI_OPT_*: 1 timestamps, 2 SACK, 4 window scaling, 8 ECN. */
  readonly options: number;
  readonly sndWscale: number;
  readonly rcvWscale: number;
  readonly rtoUs: number;
  readonly atoUs: number;
  readonly sndMss: number;
  readonly rcvMss: number;
  readonly unacked: number;
  readonly sacked: number;
  readonly lost: number;
  readonly retrans: number;
  readonly lastDataSentMs: number;
  readonly lastDataRecvMs: number;
  readonly lastAckRecvMs: number;
  readonly pmtu: number;
  readonly rcvSsthresh: number;
  readonly rttUs: number;
  readonly rttvarUs: number;
  readonly sndSsthresh: number;
  readonly sndCwnd: number;
  readonly advmss: number;
  readonly reordering: number;
  readonly rcvRttUs: number;
  readonly rcvSpace: number;
  readonly totalRetrans: number;
  readonly pacingRate?: bigint;
  readonly maxPacingRate?: bigint;
  readonly bytesAcked?: bigint;
  readonly bytesReceived?: bigint;
  readonly segsOut?: number;
  readonly segsIn?: number;
  readonly notsentBytes?: number;
  readonly minRttUs?: number;
  readonly dataSegsIn?: number;
  readonly dataSegsOut?: number;
  readonly deliveryRate?: bigint;
}

/** @param bytes borrowed: as many bytes as getsockopt returned */
export function decodeTcpInfo(bytes: Uint8Array): TcpInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const u8 = (offset: number): number => (offset < bytes.length ? view.getUint8(offset) : 0);
  const u32 = (offset: number): number => (offset + 4 <= bytes.length ? view.getUint32(offset, true) : 0);
  const late32 = <K extends string>(key: K, offset: number): { [P in K]?: number } =>
    offset + 4 <= bytes.length ? ({ [key]: view.getUint32(offset, true) } as { [P in K]: number }) : {};
  const late64 = <K extends string>(key: K, offset: number): { [P in K]?: bigint } =>
    offset + 8 <= bytes.length ? ({ [key]: view.getBigUint64(offset, true) } as { [P in K]: bigint }) : {};
  return {
    state: tcpStateName(u8(0)),
    caState: u8(1),
    retransmits: u8(2),
    probes: u8(3),
    backoff: u8(4),
    options: u8(5),
    sndWscale: u8(6) & 0x0f,
    rcvWscale: u8(6) >> 4,
    rtoUs: u32(8),
    atoUs: u32(12),
    sndMss: u32(16),
    rcvMss: u32(20),
    unacked: u32(24),
    sacked: u32(28),
    lost: u32(32),
    retrans: u32(36),
    lastDataSentMs: u32(44),
    lastDataRecvMs: u32(52),
    lastAckRecvMs: u32(56),
    pmtu: u32(60),
    rcvSsthresh: u32(64),
    rttUs: u32(68),
    rttvarUs: u32(72),
    sndSsthresh: u32(76),
    sndCwnd: u32(80),
    advmss: u32(84),
    reordering: u32(88),
    rcvRttUs: u32(92),
    rcvSpace: u32(96),
    totalRetrans: u32(100),
    ...late64('pacingRate', 104),
    ...late64('maxPacingRate', 112),
    ...late64('bytesAcked', 120),
    ...late64('bytesReceived', 128),
    ...late32('segsOut', 136),
    ...late32('segsIn', 140),
    ...late32('notsentBytes', 144),
    ...late32('minRttUs', 148),
    ...late32('dataSegsIn', 152),
    ...late32('dataSegsOut', 156),
    ...late64('deliveryRate', 160),
  };
}
