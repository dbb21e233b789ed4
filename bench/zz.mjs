import { readFileSync } from 'node:fs';
import { CaptureCursor, compileFilter, interpreter } from 'barewire/capture';
import { buildPacket, checksum, decodePacket, PacketScan } from 'barewire/wire';
import { mixedCapture } from './captures.mjs';

const file = new Uint8Array(readFileSync(mixedCapture()));
const scan = new PacketScan();
const run = interpreter(compileFilter('tcp port 80 and host 10.0.0.5').program);
const data = new Uint8Array(1460).fill(7);
for (let r = 0; r < 6; r++) {
  const out = [];
  const time = (name, n, f) => {
    const t = performance.now();
    f();
    const ms = performance.now() - t;
    out.push(`${name} ${(n / ms / 1e3).toFixed(2)}M/s`);
  };
  time('cursor', 1e5, () => {
    const c = new CaptureCursor(file);
    let _n = 0;
    while (c.next()) _n += c.end - c.offset;
  });
  time('decode', 1e5, () => {
    const c = new CaptureCursor(file);
    let _s = 0;
    while (c.next()) {
      const d = decodePacket(file, c.linkType, { offset: c.offset, end: c.end, wireLength: c.length });
      const { tcp, ip } = d;
      if (tcp !== undefined) _s += tcp.srcPort + tcp.dstPort + tcp.seq + tcp.ack + tcp.flags + tcp.window;
      if (ip) _s += ip.headerEnd;
    }
  });
  time('scan', 1e5, () => {
    const c = new CaptureCursor(file);
    let _s = 0;
    while (c.next()) {
      if (scan.scan(file, c.linkType, c.offset, c.end)) _s += scan.dstPort + scan.tcpFlags;
    }
  });
  time('bpf', 1e5, () => {
    const c = new CaptureCursor(file);
    let _s = 0;
    while (c.next()) _s += run(file.subarray(c.offset, c.end), c.length);
  });
  time('build', 1e5, () => {
    for (let i = 0; i < 1e5; i++)
      buildPacket({
        ethernet: { src: '02:00:00:00:00:01', dst: '02:00:00:00:00:02' },
        ipv4: { src: '10.0.0.1', dst: '10.0.0.2' },
        tcp: { srcPort: 1000, dstPort: i & 0xffff, seq: i, flags: 2 },
      });
  });
  {
    const t = performance.now();
    let _s = 0;
    for (let i = 0; i < 1e5; i++) _s += checksum(data);
    out.push(`checksum ${((1e5 * 1460) / (performance.now() - t) / 1e6).toFixed(2)} GB/s`);
  }
  {
    const t = performance.now();
    for (let i = 0; i < 1e3; i++) compileFilter('tcp[tcpflags] & (tcp-syn|tcp-fin) != 0 and not host 10.0.0.1');
    out.push(`compile ${(performance.now() - t).toFixed(0)} us`);
  }
  console.log(out.join('  '));
}
