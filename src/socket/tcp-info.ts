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
  /** The delivery rate was measured while the program sent less than it could. */
  readonly deliveryRateAppLimited: boolean;
  /** Why Fast Open failed for the client: 0 it did not, 1 no cookie, 2 data not taken, 3 the SYN was lost. */
  readonly fastopenClientFail: number;
  readonly rtoUs: number;
  readonly atoUs: number;
  readonly sndMss: number;
  readonly rcvMss: number;
  readonly unacked: number;
  readonly sacked: number;
  readonly lost: number;
  readonly retrans: number;
  /** 0 since Linux 4.20. */
  readonly fackets: number;
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
  /** Time with data to send; and of it, time held up by the peer's window or by the send buffer. Linux 4.10. */
  readonly busyTimeUs?: bigint;
  readonly rwndLimitedUs?: bigint;
  readonly sndbufLimitedUs?: bigint;
  /** Data segments that arrived, also out of order; and of them, with a congestion mark. Linux 4.18. */
  readonly delivered?: number;
  readonly deliveredCe?: number;
  /** Bytes of data sent, retransmissions counted; and retransmissions alone. Linux 4.19. */
  readonly bytesSent?: bigint;
  readonly bytesRetrans?: bigint;
  readonly dsackDups?: number;
  readonly reordSeen?: number;
  /** Linux 5.4. */
  readonly rcvOooPackets?: number;
  readonly sndWnd?: number;
  /** Linux 6.2. */
  readonly rcvWnd?: number;
  readonly rehash?: number;
  /** Retransmission timeouts in all, recoveries from them, and time spent in them. Linux 6.7. */
  readonly totalRto?: number;
  readonly totalRtoRecoveries?: number;
  readonly totalRtoTimeMs?: number;
  /** Accurate ECN (RFC 9768): segments and bytes by mark. Linux 6.18. */
  readonly receivedCe?: number;
  readonly deliveredE1Bytes?: number;
  readonly deliveredE0Bytes?: number;
  readonly deliveredCeBytes?: number;
  readonly receivedE1Bytes?: number;
  readonly receivedE0Bytes?: number;
  readonly receivedCeBytes?: number;
  /** Bits: what of accurate ECN failed. */
  readonly accecnFailMode?: number;
  /** Whether the option was seen. */
  readonly accecnOptSeen?: number;
}

/** The fields that kernels added at the end, one after the other: name, offset, bytes. */
const LATER: readonly (readonly [keyof TcpInfo, number, 2 | 4 | 8])[] = [
  ['pacingRate', 104, 8],
  ['maxPacingRate', 112, 8],
  ['bytesAcked', 120, 8],
  ['bytesReceived', 128, 8],
  ['segsOut', 136, 4],
  ['segsIn', 140, 4],
  ['notsentBytes', 144, 4],
  ['minRttUs', 148, 4],
  ['dataSegsIn', 152, 4],
  ['dataSegsOut', 156, 4],
  ['deliveryRate', 160, 8],
  ['busyTimeUs', 168, 8],
  ['rwndLimitedUs', 176, 8],
  ['sndbufLimitedUs', 184, 8],
  ['delivered', 192, 4],
  ['deliveredCe', 196, 4],
  ['bytesSent', 200, 8],
  ['bytesRetrans', 208, 8],
  ['dsackDups', 216, 4],
  ['reordSeen', 220, 4],
  ['rcvOooPackets', 224, 4],
  ['sndWnd', 228, 4],
  ['rcvWnd', 232, 4],
  ['rehash', 236, 4],
  ['totalRto', 240, 2],
  ['totalRtoRecoveries', 242, 2],
  ['totalRtoTimeMs', 244, 4],
  ['receivedCe', 248, 4],
  ['deliveredE1Bytes', 252, 4],
  ['deliveredE0Bytes', 256, 4],
  ['deliveredCeBytes', 260, 4],
  ['receivedE1Bytes', 264, 4],
  ['receivedE0Bytes', 268, 4],
  ['receivedCeBytes', 272, 4],
  ['accecnFailMode', 276, 2],
  ['accecnOptSeen', 278, 2],
];

function laterFields(view: DataView): Partial<TcpInfo> {
  const fields: Record<string, number | bigint> = {};
  for (const [name, offset, size] of LATER) {
    if (offset + size > view.byteLength) break;
    if (size === 8) fields[name] = view.getBigUint64(offset, true);
    else fields[name] = size === 4 ? view.getUint32(offset, true) : view.getUint16(offset, true);
  }
  // The table's sizes are those of the fields' types.
  return fields as Partial<TcpInfo>;
}

/** @param bytes borrowed: as many bytes as getsockopt returned */
export function decodeTcpInfo(bytes: Uint8Array): TcpInfo {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const u8 = (offset: number): number => (offset < bytes.length ? view.getUint8(offset) : 0);
  const u32 = (offset: number): number => (offset + 4 <= bytes.length ? view.getUint32(offset, true) : 0);
  return {
    state: tcpStateName(u8(0)),
    caState: u8(1),
    retransmits: u8(2),
    probes: u8(3),
    backoff: u8(4),
    options: u8(5),
    sndWscale: u8(6) & 0x0f,
    rcvWscale: u8(6) >> 4,
    deliveryRateAppLimited: (u8(7) & 1) !== 0,
    fastopenClientFail: (u8(7) >> 1) & 3,
    rtoUs: u32(8),
    atoUs: u32(12),
    sndMss: u32(16),
    rcvMss: u32(20),
    unacked: u32(24),
    sacked: u32(28),
    lost: u32(32),
    retrans: u32(36),
    fackets: u32(40),
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
    ...laterFields(view),
  };
}
