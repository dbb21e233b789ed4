/**
 * The TCP header, field by field, made and read back.
 *
 * Shows: 20 bytes and options; the data offset counts words of 4 bytes; flags are single bits; the checksum covers the
 * addresses, too (pseudo header), so that changing one byte anywhere shows.
 * Root: not needed: no packet is sent.
 * Run: npm run example -- 05
 */
import { buildPacket, decodePacket, TcpFlags, verifyChecksums } from 'barewire/wire';

const bytes = buildPacket({
  ipv4: { src: '10.0.0.1', dst: '10.0.0.2' },
  tcp: {
    srcPort: 40000,
    dstPort: 8888,
    seq: 1000,
    flags: TcpFlags.SYN,
    window: 64240,
    options: [{ name: 'mss', mss: 1460 }, { name: 'nop' }, { name: 'windowScale', shift: 7 }],
  },
});

const packet = decodePacket(bytes, 'raw');
const tcp = packet.tcp;
if (tcp === undefined) throw new Error('no TCP header');

const flagNames = Object.entries(TcpFlags).flatMap(([name, bit]) => ((tcp.flags & bit) !== 0 ? [name] : []));
console.log(`source port       16 bits  ${tcp.srcPort}`);
console.log(`destination port  16 bits  ${tcp.dstPort}`);
console.log(`sequence number   32 bits  ${tcp.seq}`);
console.log(`acknowledgement   32 bits  ${tcp.ack}`);
console.log(`data offset        4 bits  ${tcp.dataOffsetWords} words of 4 bytes = ${tcp.dataOffsetWords * 4} bytes`);
console.log(`flags              8 bits  ${tcp.flags.toString(2).padStart(8, '0')} = ${flagNames.join(', ')}`);
console.log(`window            16 bits  ${tcp.window}`);
console.log(`checksum          16 bits  ${verifyChecksums(packet).transport}`);
console.log(`urgent pointer    16 bits  ${tcp.urgent}`);
console.log(`options                    ${tcp.options.map(({ name }) => name).join(', ')}`);

// One byte of the *address* changes, and the TCP checksum no longer fits.
bytes[15] = 9;
console.log(`source address changed: checksum ${verifyChecksums(decodePacket(bytes, 'raw')).transport}`);
