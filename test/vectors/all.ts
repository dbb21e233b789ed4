/** Every packet vector, for suites that hold of any packet. */
import { applicationVectors } from './applications.ts';
import { dnsVectors } from './dns.ts';
import { membershipVectors } from './membership.ts';
import { type PacketVector, packetVectors } from './packets.ts';
import type { ProtocolVector } from './protocol.ts';
import { transportVectors } from './transports.ts';
import { tunnelVectors } from './tunnels.ts';

export const protocolVectors: readonly ProtocolVector[] = [...membershipVectors, ...tunnelVectors, ...transportVectors, ...applicationVectors, ...dnsVectors];

export const allVectors: readonly PacketVector[] = [...packetVectors, ...protocolVectors];
