/**
 * Watches what passes over lo, with a packet socket (packet(7)): each packet is seen twice, as it leaves and as it
 * arrives, and told as one. Needs CAP_NET_RAW.
 */
import { compileFilter, LINKTYPE_RAW } from '../capture/index.ts';
import type { WireListener } from '../link/wire.ts';
import { AF_PACKET, ETH_P_ALL, PACKET_OUTGOING, SO, SOCK_DGRAM, SocketError } from '../socket/index.ts';
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
    // This machine's other traffic over lo would fill the socket's queue, and packets of ours would be lost. The socket is
    // cooked, so packets begin with the IP header.
    socket.set(SO.ATTACH_FILTER, compileFilter(`port ${port}`, { linkType: LINKTYPE_RAW }).program);
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
