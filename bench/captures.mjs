/** Capture files for benches, made once: the same packets on every machine. */
import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodePcap, PcapngWriter } from 'barewire/capture';
import { buildPacket } from 'barewire/wire';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', 'build', 'bench');

/** Changed with what the file holds. */
const VERSION = 1;

/** A sequence of numbers that looks random: the same in every run. */
function numbers(seed) {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % limit;
  };
}

const MAC = { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' };

/** 80 % TCP over IPv4, 10 % over IPv6, 8 % UDP, the rest ICMP and ARP; some 500 bytes in the mean, options on most TCP. */
function mixedPackets(count) {
  const next = numbers(1);
  const data = new Uint8Array(1460).map((_, i) => i * 31);
  const templates = [];
  // A few hundred different packets, then repeated: addresses and sizes vary, and making them costs seconds, not minutes.
  for (let i = 0; i < 1000; i++) {
    const kind = next(100);
    const ends4 = { src: `10.0.${next(4)}.${1 + next(200)}`, dst: `10.1.${next(4)}.${1 + next(200)}` };
    const ends6 = { src: `2001:db8::${1 + next(200)}`, dst: `2001:db8:1::${1 + next(200)}` };
    const ports = { srcPort: 1024 + next(60_000), dstPort: [80, 443, 8080, 22][next(4)] };
    const payload = data.subarray(0, next(3) === 0 ? 0 : next(3) === 0 ? 1448 : next(900));
    const options = next(10) < 8 ? [{ name: 'nop' }, { name: 'nop' }, { name: 'timestamps', value: i, echo: i }] : [];
    const tcp = { ...ports, seq: next(2 ** 31), ack: next(2 ** 31), flags: payload.length > 0 ? 0x18 : 0x10, options };
    if (kind < 80) templates.push(buildPacket({ ethernet: MAC, ipv4: ends4, tcp, payload }));
    else if (kind < 90) templates.push(buildPacket({ ethernet: MAC, ipv6: ends6, tcp, payload }));
    else if (kind < 98) templates.push(buildPacket({ ethernet: MAC, ipv4: ends4, udp: ports, payload }));
    else if (kind < 99)
      templates.push(buildPacket({ ethernet: MAC, ipv4: ends4, icmpv4: { type: 8, id: 1, seq: i }, payload }));
    else {
      const arp = { operation: 1, senderMac: MAC.src, senderAddress: ends4.src, targetAddress: ends4.dst };
      templates.push(buildPacket({ ethernet: MAC, arp }));
    }
  }
  const t0 = 1_700_000_000_000_000_000n;
  return Array.from({ length: count }, (_, i) => ({ t: t0 + BigInt(i) * 1000n, bytes: templates[(i * 7) % 1000] }));
}

/** @returns the path of a pcap file of `count` packets */
export function mixedCapture(count = 100_000) {
  const path = join(folder, `mixed-${count}-v${VERSION}.pcap`);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, encodePcap(mixedPackets(count), { linkType: 1, resolution: 'us' }));
  }
  return path;
}

/** @returns the path of a file of 1 GiB, pcap or pcapng; it is gone when this process ends */
export function largeCapture(format) {
  const path = join(folder, `large-${process.pid}.${format}`);
  if (existsSync(path)) return path;
  const packets = mixedPackets(20_000);
  const parts = [];
  if (format === 'pcap') parts.push(encodePcap(packets, { linkType: 1, resolution: 'us' }));
  else {
    const writer = new PcapngWriter((bytes) => parts.push(bytes));
    writer.addInterface({ linkType: 1 });
    for (const packet of packets) writer.writePacket({ interface: 0, ...packet });
  }
  const bytes = Buffer.concat(parts);
  // A pcapng file may go on with another section; a pcap file has one header.
  const again = format === 'pcap' ? bytes.subarray(24) : bytes;
  mkdirSync(folder, { recursive: true });
  const file = openSync(path, 'w');
  process.once('exit', () => rmSync(path));
  for (let length = writeSync(file, bytes); length < 2 ** 30; ) length += writeSync(file, again);
  closeSync(file);
  return path;
}
