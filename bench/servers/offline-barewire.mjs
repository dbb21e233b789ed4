// Work on packets in memory: `KIND FILE MS` → `packets ns`. KIND: decode, scan, records, filter, build, checksum.
import { readFileSync } from 'node:fs';
import { compileFilter, interpreter, packetFilter, readPackets } from 'barewire/capture';
import { CaptureFileCursor } from 'barewire/os';
import { checksum, decodePacket, PacketScan, PacketTemplate } from 'barewire/wire';

const [kind, path, ms] = process.argv.slice(2);
const file = new Uint8Array(readFileSync(path));
/** What was read is used, so that no engine can leave it out. */
let used = 0;

function decode() {
  const cursor = new CaptureFileCursor(path);
  let count = 0;
  while (cursor.next()) {
    const { ip, tcp } = decodePacket(cursor.bytes, cursor.linkType, cursor);
    if (ip !== undefined) used += ip.headerEnd;
    if (tcp !== undefined) used += tcp.srcPort + tcp.dstPort + tcp.seq + tcp.ack + tcp.flags + tcp.window;
    count++;
  }
  cursor.close();
  return count;
}

const scanned = new PacketScan();
function scan() {
  const cursor = new CaptureFileCursor(path);
  let count = 0;
  while (cursor.next()) {
    if (scanned.scan(cursor.bytes, cursor.linkType, cursor.offset, cursor.end))
      used += scanned.dstPort + scanned.tcpFlags;
    count++;
  }
  cursor.close();
  return count;
}

function records() {
  let count = 0;
  for (const packet of readPackets(file)) {
    used += packet.bytes.length;
    count++;
  }
  return count;
}

const { program } = compileFilter('tcp port 80 and host 10.0.0.5');
const filters = { interpreter: interpreter(program), filter: packetFilter(program) };
/** Cut before the clock runs: what is measured is the filter. */
const packets = kind === 'filter' || kind === 'interpreter' ? Array.from(readPackets(file)) : [];
function filter(keep) {
  for (const { bytes, length } of packets) used += keep(bytes, length);
  return packets.length;
}

const template = new PacketTemplate({
  ethernet: { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' },
  ipv4: { src: '10.0.0.1', dst: '10.0.0.2' },
  tcp: { srcPort: 1000, dstPort: 80, flags: 0x10 },
});
const ten = new Uint8Array(10);
function build() {
  for (let i = 0; i < 10_000; i++) used += template.build({ tcp: { seq: i, srcPort: i }, ipv4: { id: i } }, ten).length;
  return 10_000;
}

const data = file.subarray(1000, 2460);
function sum() {
  for (let i = 0; i < 10_000; i++) used += checksum(data);
  return 10_000;
}

function compile() {
  for (let i = 0; i < 100; i++)
    used += compileFilter('tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not host 10.0.0.1').program.length;
  return 100;
}

const work = {
  decode,
  scan,
  records,
  filter: () => filter(filters.filter),
  interpreter: () => filter(filters.interpreter),
  build,
  checksum: sum,
  compile,
}[kind];

const until = (limit) => {
  const began = process.hrtime.bigint();
  let count = 0;
  let spent = 0n;
  do {
    count += work();
    spent = process.hrtime.bigint() - began;
  } while (spent < BigInt(limit) * 1_000_000n);
  return `${count} ${spent}`;
};
until(300);
const line = until(Number(ms));
console.log(Number.isNaN(used) ? '' : line);
