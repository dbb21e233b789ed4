/**
 * AF_INET or AF_PACKET: the same bytes through three sockets, and who adds which header.
 *
 * Shows: an AF_INET raw socket gets an IP header from the kernel; with IP_HDRINCL the program writes it, and the kernel
 * fills in only checksum, total length, and source and id where they are 0; with AF_PACKET nothing is added at all.
 * IPPROTO_RAW means IP_HDRINCL from the start.
 * Root: not needed: the lesson makes a network namespace of its own.
 * Run: npm run example -- 09
 */
import { AF_INET, AF_PACKET, htons, IP, IPPROTO_RAW, SOCK_DGRAM, SOCK_RAW } from 'barewire';
import { NetworkNamespace, reexecInUserNamespace } from 'barewire/os';
import { buildPacket, decodePacket, EtherType, encodeUdp, verifyChecksums } from 'barewire/wire';

/** Reserved for experiments (RFC 3692): nothing answers it. */
const PROTOCOL = 253;
const LOOPBACK = 1;

const code = await reexecInUserNamespace();
if (code !== null) process.exit(code);
const host = NetworkNamespace.create('lesson', { loopback: true });
const sniffer = host.socket(AF_PACKET, SOCK_DGRAM, htons(EtherType.IPV4));
const body = new TextEncoder().encode('bytes of mine');

const plain = host.socket(AF_INET, SOCK_RAW, PROTOCOL);
await plain.sendto(body, '127.0.0.1:0');
await show('AF_INET, SOCK_RAW: 13 bytes sent');

const headerIncluded = host.socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
console.log(`IPPROTO_RAW: IP_HDRINCL is ${headerIncluded.get(IP.HDRINCL)}`);
const mine = buildPacket({
  ipv4: { src: '0.0.0.0', dst: '127.0.0.1', protocol: PROTOCOL, id: 0x1234, ttl: 9, checksum: 0, totalLength: 0 },
  payload: body,
});
await headerIncluded.sendto(mine, '127.0.0.1:0');
await show('IP_HDRINCL: 33 bytes sent, source 0.0.0.0, id 0x1234, ttl 9, length 0, checksum 0');

const link = host.socket(AF_PACKET, SOCK_DGRAM, htons(EtherType.IPV4));
const udp = encodeUdp({ srcPort: 1, dstPort: 2 }, body, { src: '127.0.0.1', dst: '127.0.0.1' });
const whole = buildPacket({
  ipv4: { src: '127.0.0.1', dst: '127.0.0.1', protocol: PROTOCOL, checksum: 0xbad },
  payload: udp,
});
await link.sendto(whole, { family: 'packet', ifindex: LOOPBACK, protocol: EtherType.IPV4 });
await show('AF_PACKET: 41 bytes sent, checksum 0x0bad');

for (const socket of [plain, headerIncluded, link, sniffer, host]) socket.close();

async function show(title: string): Promise<void> {
  for (;;) {
    const { data, address } = await sniffer.recvfrom(2048);
    if (address.family !== 'packet' || address.pkttype === 4) continue; // 4: the copy on its way out
    const packet = decodePacket(data, 'raw');
    const ip = packet.ipv4;
    if (ip === undefined || ip.protocol !== PROTOCOL) continue;
    console.log(title);
    const id = ip.id === 0x1234 ? '0x1234 (as given)' : ip.id === 0 ? '0' : 'chosen by the kernel';
    console.log(
      `  on the wire ${data.length} bytes: ${ip.src} > ${ip.dst}, id ${id}, ttl ${ip.ttl}, length ${ip.totalLength}`,
    );
    console.log(`  header checksum ${verifyChecksums(packet).ip}`);
    return;
  }
}
