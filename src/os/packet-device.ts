/**
 * A packet socket on one end of a veth(4) pair as a link device: what the host at the other end sends is received here,
 * what is sent here arrives there (packet(7)).
 *
 * The socket is cooked (SOCK_DGRAM): its bytes are IP packets, and the kernel writes the Ethernet header. Only IPv4 and
 * IPv6 pass. For packets to be whole, the host's end must not leave checksums and segmentation to a card that is not
 * there: `makeLabHosts` turns that off.
 */
import { type EncodedSockAddr, encodeSockAddr } from '../addr/index.ts';
import { readU16 } from '../core/index.ts';
import type { LinkDevice } from '../link/device.ts';
import {
  AF_PACKET,
  DatagramBatch,
  ETH_P_ALL,
  ETH_P_IP,
  ETH_P_IPV6,
  type Host,
  MSG_TRUNC,
  SOCK_DGRAM,
  SOL_PACKET,
  SOL_SOCKET,
  type Socket,
  SocketError,
} from '../socket/index.ts';
import { DevicePump, PACKETS_PER_TURN } from './device-pump.ts';
import { kernelDriver } from './kernel-driver.ts';

/** pkttype of our own packets, where the kernel does not know PACKET_IGNORE_OUTGOING (before 4.20). */
const PACKET_OUTGOING = 4;
const PACKET_IGNORE_OUTGOING = 23;
const SO_RCVBUFFORCE = 33;
/** Room for what arrives between two turns of the event loop. */
const RECEIVE_QUEUE_BYTES = 4 << 20;
const LINKTYPE_RAW = 101;
/** Room for one sockaddr_storage; in step with ADDRESS_ROOM of the batch. */
const ADDRESS_STRIDE = 128;

export interface PacketDeviceOptions {
  /** Where the interface is. */
  readonly host: Host;
  readonly name: string;
  readonly ifindex: number;
  readonly mtu: number;
  /** Hardware address of the other end: a packet to another address is dropped there (PACKET_OTHERHOST). */
  readonly target: string;
}

export class PacketDevice implements LinkDevice, Disposable {
  readonly name: string;
  readonly mtu: number;
  readonly linkType: number = LINKTYPE_RAW;
  readonly #socket: Socket;
  readonly #pump: DevicePump;
  readonly #batch: DatagramBatch;
  readonly #target4: EncodedSockAddr;
  readonly #target6: EncodedSockAddr;
  #receiver: ((bytes: Uint8Array) => void) | undefined;
  #oversized = 0;

  /** @throws SocketError EPERM (no CAP_NET_RAW), ENXIO or ENODEV (no such interface), ENETDOWN */
  constructor(options: PacketDeviceOptions) {
    const { host, ifindex, target } = options;
    this.name = options.name;
    this.mtu = options.mtu;
    const to = { family: 'packet', ifindex, address: target } as const;
    this.#target4 = encodeSockAddr({ ...to, protocol: ETH_P_IP });
    this.#target6 = encodeSockAddr({ ...to, protocol: ETH_P_IPV6 });
    this.#batch = new DatagramBatch(PACKETS_PER_TURN, options.mtu);
    // Protocol 0 receives nothing until bind has named the interface: no packets of others.
    const socket = host.socket(AF_PACKET, SOCK_DGRAM, 0);
    try {
      setOrSkip(socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
      setOrSkip(socket, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_QUEUE_BYTES);
      socket.bind({ family: 'packet', ifindex, protocol: ETH_P_ALL });
    } catch (error) {
      socket.close();
      throw error;
    }
    this.#socket = socket;
    this.#pump = new DevicePump(kernelDriver(), socket.handle, () => this.#readBatch());
  }

  /** Packets longer than the MTU that were not handed over: the host's segmentation offload is on. */
  get oversized(): number {
    return this.#oversized;
  }

  send(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (socket.closed || bytes.length === 0) return false;
    const version = bytes[0]! >>> 4;
    if (version !== 4 && version !== 6) return false;
    const target = version === 4 ? this.#target4 : this.#target6;
    return socket.driver.sendto(socket.handle, bytes, 0, bytes.length, 0, target.bytes, target.length) >= 0;
  }

  onReceive(receiver: (bytes: Uint8Array) => void): void {
    if (this.#socket.closed) throw new SocketError(9, { syscall: 'epoll_ctl' });
    this.#receiver = receiver;
    this.#pump.start();
  }

  /** Closing twice is fine; the interface stays. */
  close(): void {
    this.#pump.stop();
    this.#socket.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #readBatch(): boolean {
    const batch = this.#batch;
    const count = this.#socket.tryRecvBatch(batch, MSG_TRUNC);
    if (count === null) return false;
    for (let i = 0; i < count; i++) {
      // sockaddr_ll: protocol at 2, pkttype at 10.
      const at = i * ADDRESS_STRIDE;
      const protocol = readU16(batch.addresses, at + 2);
      if (protocol !== ETH_P_IP && protocol !== ETH_P_IPV6) continue;
      if (batch.addresses[at + 10] === PACKET_OUTGOING) continue;
      if (batch.truncated(i)) {
        this.#oversized++;
        continue;
      }
      this.#receiver?.(batch.data(i).slice());
      if (this.#socket.closed) return false;
    }
    return count === batch.capacity;
  }
}

/** Options that make things better and are not needed: unknown to an old kernel, or not ours to set. */
function setOrSkip(socket: Socket, level: number, option: number, value: number): void {
  try {
    socket.setsockopt(level, option, value);
  } catch (error) {
    if (!(error instanceof SocketError) || (error.code !== 'ENOPROTOOPT' && error.code !== 'EPERM')) throw error;
  }
}
