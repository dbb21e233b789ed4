/**
 * The kernel's table of TCP and UDP sockets: sock_diag(7), what ss(8) reads.
 *
 * Half-open connections (SYN-RECEIVED) and TIME-WAIT are in it, which have no descriptor in any process. A connection
 * keeps its cookie from SYN-RECEIVED through ESTABLISHED to TIME-WAIT, so the cookie names it for its whole life.
 */
import { formatIpv4Bytes, formatIpv6 } from '../addr/index.ts';
import { type DecodeFault, fault, readHostU32, readU16 } from '../core/index.ts';
import { AF_INET, AF_INET6, type Host, IPPROTO_TCP, IPPROTO_UDP } from '../socket/index.ts';
import { expectDecoded, NetlinkClient } from './client.ts';
import { attributeOf, decodeAttributes, NETLINK_SOCK_DIAG, NetlinkWriter } from './message.ts';

const SOCK_DIAG_BY_FAMILY = 20;
const INET_DIAG_INFO = 2;
const INET_DIAG_SKV6ONLY = 11;
const INET_DIAG_NOCOOKIE = 0xffff_ffff;
/** TCP_BOUND_INACTIVE (Linux 6.8): sockets with a port that neither listen nor connect. */
const BOUND_STATE = 13;
const EVERY_STATE = 0xffff_ffff;
const EVERY_STATE_BUT_BOUND = EVERY_STATE - 2 ** BOUND_STATE;
/** struct inet_diag_msg. */
const MESSAGE_BYTES = 72;

/** RFC 9293 §3.3.2; a UDP socket is CLOSED until connect(2) and then ESTABLISHED. */
export type DiagState =
  | 'ESTABLISHED'
  | 'SYN-SENT'
  | 'SYN-RECEIVED'
  | 'FIN-WAIT-1'
  | 'FIN-WAIT-2'
  | 'TIME-WAIT'
  | 'CLOSED'
  | 'CLOSE-WAIT'
  | 'LAST-ACK'
  | 'LISTEN'
  | 'CLOSING';

/**
 * By Linux's numbers (TCP_ESTABLISHED is 1). 12 is a SYN-RECEIVED that has no full socket yet, 13 a socket that is
 * bound and does not listen.
 */
const STATES: readonly (DiagState | undefined)[] = [
  undefined,
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
  'SYN-RECEIVED',
  'CLOSED',
];

/** `rto` also stands for the delayed timers of loss probes, `persist` for zero window probes. */
export type DiagTimer = 'none' | 'rto' | 'keepalive' | 'timewait' | 'persist';
const TIMERS: readonly DiagTimer[] = ['none', 'rto', 'keepalive', 'timewait', 'persist'];

export interface DiagEndpoint {
  readonly address: string;
  readonly port: number;
}

export interface SocketRow {
  readonly family: 'inet' | 'inet6';
  readonly protocol: 'tcp' | 'udp';
  readonly state: DiagState;
  readonly source: DiagEndpoint;
  readonly target: DiagEndpoint;
  /** Interface that the socket is bound to; 0: any. */
  readonly ifindex: number;
  /** The kernel's name for the socket (SO_COOKIE), never reused. */
  readonly cookie: number;
  /** Inode of the descriptor; 0 when no process holds one (SYN-RECEIVED, TIME-WAIT, orphans). */
  readonly inode: number;
  readonly uid: number;
  /** Bytes received and not yet read; of a listener: connections that wait for accept(2). */
  readonly rqueue: number;
  /** Bytes written and not yet acknowledged; of a listener: the backlog. */
  readonly wqueue: number;
  readonly timer: DiagTimer;
  /** Until the timer fires. */
  readonly expiresMs: number;
  /** Retransmissions of what is outstanding, or probes sent. */
  readonly retransmits: number;
  /** IPV6_V6ONLY of an IPv6 socket that is bound or listens: whether it leaves IPv4's ports alone. */
  readonly v6only?: boolean;
  /** The bytes of struct tcp_info, when asked for: tcp(7), TCP_INFO. */
  readonly tcpInfo?: Uint8Array;
}

export interface DiagQuery {
  readonly protocol?: 'tcp' | 'udp';
  readonly family?: 'inet' | 'inet6';
  /** Take struct tcp_info along. */
  readonly tcpInfo?: boolean;
  /** TCP sockets too that are only bound (Linux 6.8). Off: they stand in a table of their own, slow to walk. */
  readonly bound?: boolean;
}

/** The body of a request: struct inet_diag_req_v2. */
export function encodeDiagRequest(
  family: 'inet' | 'inet6',
  protocol: 'tcp' | 'udp',
  { tcpInfo = false, bound = false }: DiagQuery = {},
): Uint8Array {
  return (
    new NetlinkWriter()
      .u8(family === 'inet' ? AF_INET : AF_INET6)
      .u8(protocol === 'tcp' ? IPPROTO_TCP : IPPROTO_UDP)
      .u8(tcpInfo && protocol === 'tcp' ? 1 << (INET_DIAG_INFO - 1) : 0)
      .u8(0)
      .u32(bound ? EVERY_STATE : EVERY_STATE_BUT_BOUND)
      // struct inet_diag_sockid: ports, two addresses, interface, cookie.
      .zeros(4 + 16 + 16 + 4)
      .u32(INET_DIAG_NOCOOKIE)
      .u32(INET_DIAG_NOCOOKIE)
      .finish()
  );
}

/**
 * One struct inet_diag_msg and its attributes.
 * Faults: TRUNCATED; BAD_VALUE (family, state)
 */
export function decodeDiagMessage(
  body: Uint8Array,
  protocol: 'tcp' | 'udp',
): { readonly ok: true; readonly row: SocketRow } | DecodeFault {
  if (body.length < MESSAGE_BYTES) {
    return fault('TRUNCATED', 'sock_diag', 'inet_diag_msg', 0, MESSAGE_BYTES, body.length);
  }
  const number = body[0]!;
  if (number !== AF_INET && number !== AF_INET6) return fault('BAD_VALUE', 'sock_diag', 'family', 0, AF_INET, number);
  const state = STATES[body[1]!];
  if (state === undefined) return fault('BAD_VALUE', 'sock_diag', 'state', 1, STATES.length - 1, body[1]!);
  let tcpInfo: Uint8Array | undefined;
  let v6only: boolean | undefined;
  if (body.length > MESSAGE_BYTES) {
    const decoded = decodeAttributes(body, MESSAGE_BYTES);
    if (!decoded.ok) return decoded;
    tcpInfo = attributeOf(decoded.attributes, INET_DIAG_INFO)?.slice();
    const only = attributeOf(decoded.attributes, INET_DIAG_SKV6ONLY)?.[0];
    if (only !== undefined) v6only = only !== 0;
  }
  const text = number === AF_INET ? formatIpv4Bytes : formatIpv6;
  const row: SocketRow = {
    family: number === AF_INET ? 'inet' : 'inet6',
    protocol,
    state,
    source: { address: text(body, 8), port: readU16(body, 4) },
    target: { address: text(body, 24), port: readU16(body, 6) },
    ifindex: readHostU32(body, 40),
    // Two 32-bit words, the low one first, whatever the byte order: sock_diag_save_cookie.
    cookie: readHostU32(body, 48) * 2 ** 32 + readHostU32(body, 44),
    inode: readHostU32(body, 68),
    uid: readHostU32(body, 64),
    rqueue: readHostU32(body, 56),
    wqueue: readHostU32(body, 60),
    timer: TIMERS[body[2]!] ?? 'none',
    expiresMs: readHostU32(body, 52),
    retransmits: body[3]!,
    ...(v6only === undefined ? {} : { v6only }),
    ...(tcpInfo === undefined ? {} : { tcpInfo }),
  };
  return { ok: true, row };
}

/** The socket table of the namespace of `host`, asked as often as you like over one netlink socket. */
export class SockDiag implements Disposable {
  readonly #client: NetlinkClient;

  constructor(host: Host) {
    this.#client = new NetlinkClient(host, NETLINK_SOCK_DIAG);
  }

  /**
   * Every socket that fits the query. A snapshot of a moving thing: a connection that changes while the table is read
   * can be in it twice or not at all. The kernel walks its whole hash table, whose size follows the machine's memory:
   * some 0.3 ms for 262,144 entries, however few sockets there are (tcp_child_ehash_entries in ip-sysctl makes it less).
   * @throws NetlinkError ENOENT when the kernel was built without this table
   */
  sockets(query: DiagQuery = {}): SocketRow[] {
    const rows: SocketRow[] = [];
    for (const protocol of query.protocol === undefined ? (['tcp', 'udp'] as const) : [query.protocol]) {
      for (const family of query.family === undefined ? (['inet', 'inet6'] as const) : [query.family]) {
        this.#dump(family, protocol, query, rows);
      }
    }
    return rows;
  }

  #dump(family: 'inet' | 'inet6', protocol: 'tcp' | 'udp', query: DiagQuery, rows: SocketRow[]): void {
    const before = rows.length;
    const name = 'sock_diag SOCK_DIAG_BY_FAMILY';
    const body = encodeDiagRequest(family, protocol, query);
    this.#client.dump(
      { name, type: SOCK_DIAG_BY_FAMILY, body },
      (message) => {
        if (message.type !== SOCK_DIAG_BY_FAMILY) return;
        rows.push(expectDecoded(decodeDiagMessage(message.body, protocol), name).row);
      },
      () => {
        rows.length = before;
      },
    );
  }

  close(): void {
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
