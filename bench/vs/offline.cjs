// The rivals on npm: `cap|pcap FILE MS` → `packets ns`. Run with the folder of their packages as working directory.
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');

const [who, path, ms] = process.argv.slice(2);
const load = createRequire(`${process.cwd()}/`);
let used = 0;

const began = process.hrtime.bigint();
const spent = () => process.hrtime.bigint() - began;
const limit = BigInt(ms) * 1_000_000n;

if (who === 'cap') {
  // Its reader needs a device; its decoders take a buffer.
  const { decoders } = load('cap');
  const { PROTOCOL } = decoders;
  const file = readFileSync(path);
  let count = 0;
  do {
    for (let at = 24; at + 16 <= file.length; count++) {
      const captured = file.readUInt32LE(at + 8);
      const packet = file.subarray(at + 16, at + 16 + captured);
      const ethernet = decoders.Ethernet(packet);
      const isSix = ethernet.info.type === PROTOCOL.ETHERNET.IPV6;
      if (isSix || ethernet.info.type === PROTOCOL.ETHERNET.IPV4) {
        const ip = (isSix ? decoders.IPV6 : decoders.IPV4)(packet, ethernet.offset);
        if (ip.info.protocol === PROTOCOL.IP.TCP) {
          const { info } = decoders.TCP(packet, ip.offset);
          used += info.srcport + info.dstport + info.seqno + info.ackno + info.flags + info.window;
        }
      }
      at += 16 + captured;
    }
  } while (spent() < limit);
  console.log(used === 1 ? '' : `${count} ${spent()}`);
} else {
  const pcap = load('pcap');
  let count = 0;
  const pass = () => {
    const session = pcap.createOfflineSession(path, '');
    session.on('packet', (raw) => {
      count++;
      try {
        const ip = pcap.decode.packet(raw).payload?.payload;
        const tcp = ip?.payload;
        if (tcp?.windowSize !== undefined) used += tcp.sport + tcp.dport + tcp.seqno + tcp.ackno + tcp.windowSize;
      } catch {
        // It throws for TCP options that it does not know.
      }
    });
    session.on('complete', () => {
      if (spent() < limit) pass();
      else console.log(used === 1 ? '' : `${count} ${spent()}`);
    });
  };
  pass();
}
