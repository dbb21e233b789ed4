/** Every packet vector, for suites that hold of any packet. */
import { membershipVectors } from './membership.ts';
import { type PacketVector, packetVectors } from './packets.ts';
import type { ProtocolVector } from './protocol.ts';
import { tunnelVectors } from './tunnels.ts';

export const protocolVectors: readonly ProtocolVector[] = [...membershipVectors, ...tunnelVectors];

export const allVectors: readonly PacketVector[] = [...packetVectors, ...protocolVectors];
