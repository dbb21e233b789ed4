import { readFileSync } from 'node:fs';
import { CaptureCursor } from 'barewire/capture';
import { decodePacket, PacketScan } from 'barewire/wire';
import { mixedCapture } from './captures.mjs';

const file = new Uint8Array(readFileSync(mixedCapture()));
const scan = new PacketScan();
function inline() {
  let at = 24,
    _n = 0,
    s = 0;
  while (at + 16 <= file.length) {
    const cap = (file[at + 8] | (file[at + 9] << 8) | (file[at + 10] << 16) | (file[at + 11] << 24)) >>> 0;
    const o = at + 16;
    s += file[o + 12];
    at = o + cap;
    _n++;
  }
  return s;
}
const best = {};
for (let r = 0; r < 30; r++) {
  const time = (name, n, f) => {
    const t = performance.now();
    f();
    const ms = performance.now() - t;
    const v = n / ms / 1e3;
    best[name] = Math.max(best[name] ?? 0, v);
  };
  time('inline', 1e5, inline);
  time('cursor', 1e5, () => {
    const c = new CaptureCursor(file);
    let _n = 0;
    while (c.next()) _n += c.end - c.offset;
  });
  time('scan', 1e5, () => {
    const c = new CaptureCursor(file);
    let _s = 0;
    while (c.next()) {
      if (scan.scan(file, c.linkType, c.offset, c.end)) _s += scan.dstPort + scan.tcpFlags;
    }
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
}
console.log(best);
