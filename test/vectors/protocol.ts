/** A packet of one protocol with what Wireshark reads in it. */
import type { PacketVector } from './packets.ts';

export interface ProtocolVector extends PacketVector {
  /** What `describePacket` says. */
  readonly line: string;
  /** Wireshark's field names and all their values, joined by commas as `tshark -T fields -E occurrence=a` does. */
  readonly tshark: Readonly<Record<string, string>>;
}
