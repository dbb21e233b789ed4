/**
 * Watches what passes over lo, with a packet socket (packet(7)): each packet is seen twice, as it leaves and as it
 * arrives, and told as one. Needs CAP_NET_RAW.
 */
import { writeHostU16, writeHostU32 } from '../core/index.ts';
import type { WireListener } from '../link/wire.ts';
import {
  AF_PACKET,
  ETH_P_ALL,
  PACKET_OUTGOING,
  SOCK_DGRAM,
  SOL_SOCKET,
  type Socket,
  SocketError,
} from '../socket/index.ts';
import { decodePacket } from '../wire/index.ts';
import { kernel } from './kernel.ts';

const LOOPBACK_IFINDEX = 1;
const SNAP = 65_536;

/**
 * @returns how to start, which returns how to stop; or why it is refused, in words
 * @param port of the server: packets of other ports are none of ours
 */
export function listenOnLoopback(port: number): ((listener: WireListener) => () => void) | string {
  const socket = (() => {
    try {
      // Protocol 0 hears nothing: with any other, packets of every interface would queue up until bind names lo.
      return kernel.socket(AF_PACKET, SOCK_DGRAM, 0);
    } catch (error) {
      if (error instanceof SocketError && (error.code === 'EPERM' || error.code === 'EACCES')) return error;
      throw error;
    }
  })();
  if (socket instanceof SocketError) return `a packet socket needs CAP_NET_RAW: ${socket.message}`;
  return (listener) => {
    attachPortFilter(socket, port);
    socket.bind({ family: 'packet', ifindex: LOOPBACK_IFINDEX, protocol: ETH_P_ALL });
    const buffer = new Uint8Array(SNAP);
    /** Packets that have left and not yet arrived: lo keeps their order. */
    const underWay: { packet: number; to: string; bytes: Uint8Array }[] = [];
    let packets = 0;
    socket.onReadable(() => {
      for (let got = socket.tryRecvfrom(buffer); got !== null; got = socket.tryRecvfrom(buffer)) {
        const { tcp, udp } = decodePacket(got.data, 'raw');
        const ports = tcp ?? udp;
        if (ports === undefined || (ports.srcPort !== port && ports.dstPort !== port)) continue;
        const isOutgoing = got.address.family === 'packet' && got.address.pkttype === PACKET_OUTGOING;
        if (isOutgoing) {
          const [from, to] = ports.dstPort === port ? ['client', 'server'] : ['server', 'client'];
          const bytes = got.data.slice();
          underWay.push({ packet: ++packets, to, bytes });
          listener.onTx(packets, from, bytes);
          continue;
        }
        const arrived = underWay.shift();
        if (arrived === undefined) continue;
        listener.onRx(arrived.packet, arrived.to, arrived.bytes);
        listener.afterRx?.(arrived.packet, arrived.to);
      }
    });
    return () => socket.close();
  };
}

const SO_ATTACH_FILTER = 26;
/** sizeof(struct sock_filter) and sizeof(struct sock_fprog): the program's address stands at 8. */
const INSTRUCTION_BYTES = 8;
const PROGRAM_BYTES = 16;
const PROGRAM_POINTER = 8;

/**
 * Let the kernel pick the packets (classic BPF): this machine's other traffic over lo would fill the socket's queue, and
 * packets of ours would be lost. The socket is cooked, so offsets count from the IP header.
 */
function attachPortFilter(socket: Socket, port: number): void {
  const [ldb, and, jeq, ldxIhl, ldhX, ldh, ret] = [0x30, 0x54, 0x15, 0xb1, 0x48, 0x28, 0x06] as const;
  const program: readonly (readonly [code: number, jt: number, jf: number, k: number])[] = [
    [ldb, 0, 0, 0],
    [and, 0, 0, 0xf0],
    [jeq, 0, 5, 0x40],
    [ldxIhl, 0, 0, 0], // IPv4: ports follow the header, however long
    [ldhX, 0, 0, 0],
    [jeq, 6, 0, port],
    [ldhX, 0, 0, 2],
    [jeq, 4, 5, port],
    [ldh, 0, 0, 40], // IPv6: on lo nothing comes between its header and ours
    [jeq, 2, 0, port],
    [ldh, 0, 0, 42],
    [jeq, 0, 1, port],
    [ret, 0, 0, 0x40000],
    [ret, 0, 0, 0],
  ];
  const instructions = new Uint8Array(program.length * INSTRUCTION_BYTES);
  for (const [i, [code, jt, jf, k]] of program.entries()) {
    const at = i * INSTRUCTION_BYTES;
    writeHostU16(instructions, at, code);
    instructions[at + 2] = jt;
    instructions[at + 3] = jf;
    writeHostU32(instructions, at + 4, k);
  }
  const value = new Uint8Array(PROGRAM_BYTES);
  writeHostU16(value, 0, program.length);
  const { driver, handle } = socket;
  const set = driver.setsockopt(
    handle,
    SOL_SOCKET,
    SO_ATTACH_FILTER,
    value,
    value.length,
    PROGRAM_POINTER,
    instructions,
  );
  if (set < 0) throw new SocketError(-set, { syscall: 'setsockopt', option: 'SO_ATTACH_FILTER' });
}
