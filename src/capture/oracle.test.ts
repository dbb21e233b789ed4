// Others read what we write, and we read what others write: capinfos and tshark where they are installed, and a reader
// in Python that shares nothing with ours but the specification.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { concat, fromHex } from '../core/index.ts';
import { encodePcap, PcapngWriter, readCapture, readPackets } from './index.ts';

const T = 1_700_000_000_123_456_789n;
// A SYN from 10.77.0.1:51234 to 10.77.0.2:8888, without options.
const SYN = fromHex('45000028 0001 4000 40 06 2635 0a4d0001 0a4d0002  c822 22b8 3b9aca00 00000000 5002 faf0 0000 0000');

function has(tool: string): boolean {
  try {
    execFileSync(tool, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'barewire-capture-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function save(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

/** `hasCustom`: with a block of a kind that is not a packet and that Wireshark cannot put into a pcap file. */
function sample(littleEndian: boolean, hasCustom: boolean = true): Uint8Array {
  const parts: Uint8Array[] = [];
  const writer = new PcapngWriter((bytes) => parts.push(bytes), {
    littleEndian,
    hardware: 'two cores',
    os: 'Linux',
    application: 'barewire',
  });
  writer.addInterface({ linkType: 101, name: 'client', description: 'client side', snapLen: 0 });
  writer.addInterface({ linkType: 101, name: 'server', snapLen: 24 });
  writer.writeNames([{ address: Uint8Array.of(10, 77, 0, 1), names: ['client'] }]);
  const comments = ['caused by client connect(10.77.0.2:8888)', 'SYN-SENT'];
  writer.writePacket({ interface: 0, t: T, bytes: SYN, direction: 'outbound', comments, packetId: 1n, dropCount: 2n });
  writer.writePacket({ interface: 1, t: T + 20_000_001n, bytes: SYN, direction: 'inbound', packetId: 1n });
  if (hasCustom) writer.writeBlock(0x0bad, fromHex('00000000 01020304'));
  writer.writeStatistics({ interface: 0, t: T + 1n, start: T, end: T + 1n, received: 1n, dropped: 0n });
  return concat(parts);
}

/** Prints one JSON line for each block, packets with stamp, lengths, flags and comments. */
const PYTHON = `
import json, struct, sys
data = open(sys.argv[1], 'rb').read()
at, e = 0, '<'
def options(b):
    out = []
    while len(b) >= 4:
        code, n = struct.unpack(e + 'HH', b[:4])
        if code == 0: break
        out.append([code, b[4:4 + n].hex()])
        b = b[4 + (n + 3) // 4 * 4:]
    return out
while at < len(data):
    if data[at:at + 4] == bytes.fromhex('0a0d0d0a'):
        e = '<' if data[at + 8:at + 12] == bytes.fromhex('4d3c2b1a') else '>'
    kind, total = struct.unpack(e + 'II', data[at:at + 8])
    assert struct.unpack(e + 'I', data[at + total - 4:at + total])[0] == total and total % 4 == 0
    body = data[at + 8:at + total - 4]
    row = {'type': kind}
    if kind == 6:
        face, high, low, cap, wire = struct.unpack(e + 'IIIII', body[:20])
        row.update(face=face, t=str(high << 32 | low), wire=wire, bytes=body[20:20 + cap].hex())
        row['options'] = options(body[20 + (cap + 3) // 4 * 4:])
    elif kind == 1:
        link, _, snap = struct.unpack(e + 'HHI', body[:8])
        row.update(link=link, snap=snap, options=options(body[8:]))
    print(json.dumps(row))
    at += total
`;

const PYTHON_PCAP = `
import json, struct, sys
data = open(sys.argv[1], 'rb').read()
e = '<' if data[:4] in (bytes.fromhex('d4c3b2a1'), bytes.fromhex('4d3cb2a1')) else '>'
magic, major, minor, _, _, snap, link = struct.unpack(e + 'IHHIIII', data[:24])
unit = 1 if magic == 0xa1b23c4d else 1000
at, rows = 24, []
while at < len(data):
    s, f, cap, wire = struct.unpack(e + 'IIII', data[at:at + 16])
    rows.append([str(s * 10**9 + f * unit), wire, data[at + 16:at + 16 + cap].hex()])
    at += 16 + cap
print(json.dumps({'version': [major, minor], 'snap': snap, 'link': link, 'rows': rows}))
`;

/** Written by Python's struct alone, in the order of its argument: what our reader must make of a stranger's file. */
const PYTHON_WRITE = `
import struct, sys
e = sys.argv[2]
def opt(code, value): return struct.pack(e + 'HH', code, len(value)) + value + bytes(-len(value) % 4)
def block(kind, body):
    n = len(body) + 12
    return struct.pack(e + 'II', kind, n) + body + struct.pack(e + 'I', n)
out = block(0x0a0d0d0a, struct.pack(e + 'IHHq', 0x1a2b3c4d, 1, 0, -1) + opt(4, b'python') + opt(0, b''))
out += block(1, struct.pack(e + 'HHI', 1, 0, 96) + opt(2, b'eth7') + opt(9, b'\\x06') + opt(14, struct.pack(e + 'q', 5)))
out += block(6, struct.pack(e + 'IIIII', 0, 0, 1000001, 3, 60) + b'abc\\0' + opt(1, b'one') + opt(1, b'two') + opt(2, struct.pack(e + 'I', 1)))
open(sys.argv[1], 'wb').write(out)
`;

function python(program: string, ...args: string[]): string {
  return execFileSync('python3', ['-c', program, ...args], { encoding: 'utf8' });
}

describe('Python', () => {
  const isThere = has('python3');

  for (const littleEndian of [true, false]) {
    it(`reads our pcapng, ${littleEndian ? 'little' : 'big'}-endian`, (ctx) => {
      if (!isThere) ctx.skip('python3 is not installed');
      const rows = python(PYTHON, save('ours.pcapng', sample(littleEndian)))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      expect(rows.map((row) => row.type)).toEqual([0x0a0d0d0a, 1, 1, 4, 6, 6, 0x0bad, 5]);
      const hex = (text: string): string => Buffer.from(text).toString('hex');
      expect(rows[1]).toEqual({
        type: 1,
        link: 101,
        snap: 0,
        options: [
          [2, hex('client')],
          [3, hex('client side')],
          [9, '09'],
        ],
      });
      expect(rows[4]).toEqual({
        type: 6,
        face: 0,
        t: String(T),
        wire: 40,
        bytes: Buffer.from(SYN).toString('hex'),
        options: [
          [1, hex('caused by client connect(10.77.0.2:8888)')],
          [1, hex('SYN-SENT')],
          [2, littleEndian ? '02000000' : '00000002'],
          [4, littleEndian ? '0200000000000000' : '0000000000000002'],
          [5, littleEndian ? '0100000000000000' : '0000000000000001'],
        ],
      });
      expect(rows[5]).toMatchObject({ face: 1, wire: 40, bytes: Buffer.from(SYN.subarray(0, 24)).toString('hex') });
    });

    it(`writes pcapng that we read, ${littleEndian ? 'little' : 'big'}-endian`, (ctx) => {
      if (!isThere) ctx.skip('python3 is not installed');
      const path = join(folder, 'theirs.pcapng');
      python(PYTHON_WRITE, path, littleEndian ? '<' : '>');
      expect([...readCapture(new Uint8Array(readFileSync(path)))]).toMatchObject([
        { kind: 'section', littleEndian, application: 'python' },
        { kind: 'interface', linkType: 1, snapLen: 96, name: 'eth7', offsetSeconds: 5n },
        {
          kind: 'packet',
          t: 6_000_001_000n,
          bytes: fromHex('616263'),
          length: 60,
          truncated: true,
          comments: ['one', 'two'],
          direction: 'inbound',
        },
      ]);
    });

    for (const resolution of ['us', 'ns'] as const) {
      it(`reads our pcap, ${littleEndian ? 'little' : 'big'}-endian, ${resolution}`, (ctx) => {
        if (!isThere) ctx.skip('python3 is not installed');
        const file = encodePcap(
          [
            { t: T, bytes: SYN },
            { t: T + 1n, bytes: SYN.subarray(0, 3), length: 99 },
          ],
          { linkType: 101, littleEndian, resolution },
        );
        const hex = Buffer.from(SYN).toString('hex');
        const t = (ns: bigint): string => String(resolution === 'ns' ? ns : (ns / 1000n) * 1000n);
        expect(JSON.parse(python(PYTHON_PCAP, save('ours.pcap', file)))).toEqual({
          version: [2, 4],
          snap: 262_144,
          link: 101,
          rows: [
            [t(T), 40, hex],
            [t(T + 1n), 99, hex.slice(0, 6)],
          ],
        });
      });
    }
  }
});

describe('Wireshark', () => {
  const hasTshark = has('tshark');
  const hasCapinfos = has('capinfos');
  const hasEditcap = has('editcap');

  for (const littleEndian of [true, false]) {
    it(`tshark reads stamps, interfaces, directions and comments, ${littleEndian ? 'little' : 'big'}-endian`, (ctx) => {
      if (!hasTshark) ctx.skip('tshark is not installed');
      const fields = [
        'frame.time_epoch',
        'frame.interface_name',
        'frame.cap_len',
        'frame.len',
        'frame.packet_flags_direction',
        'frame.comment',
        'tcp.dstport',
      ];
      const out = execFileSync(
        'tshark',
        ['-n', '-r', save('tshark.pcapng', sample(littleEndian)), '-T', 'fields', ...fields.flatMap((f) => ['-e', f])],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
      );
      const rows = out
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t'));
      expect(rows[0]).toEqual([
        '1700000000.123456789',
        'client',
        '40',
        '40',
        expect.stringMatching(/^(2|0x0*2)$/),
        'caused by client connect(10.77.0.2:8888),SYN-SENT',
        '8888',
      ]);
      expect(rows[1]?.slice(0, 4)).toEqual(['1700000000.143456790', 'server', '24', '40']);
    });
  }

  it('capinfos finds nothing wrong', (ctx) => {
    if (!hasCapinfos) ctx.skip('capinfos is not installed');
    const out = execFileSync('capinfos', ['-M', save('capinfos.pcapng', sample(true))], { encoding: 'utf8' });
    expect(out).toMatch(/Number of packets:\s+2\b/);
    expect(out).toMatch(/Number of interfaces in file:\s+2\b/);
    expect(out).toMatch(/Capture application:\s+barewire/);
    expect(out).toMatch(/nanoseconds \(9\)/);
    const pcap = encodePcap([{ t: T, bytes: SYN }], { linkType: 101 });
    expect(execFileSync('capinfos', ['-M', save('capinfos.pcap', pcap)], { encoding: 'utf8' })).toMatch(
      /nsecpcap|nanosecond/i,
    );
  });

  it('what editcap makes of our file, in either format, we read as ours', (ctx) => {
    if (!hasEditcap) ctx.skip('editcap is not installed');
    const source = save('source.pcapng', sample(true, false));
    for (const format of ['pcapng', 'nsecpcap', 'pcap']) {
      const path = join(folder, `edited.${format}`);
      // A pcap file has room for one link type only, which ours have.
      execFileSync('editcap', ['-F', format, source, path], { stdio: 'ignore' });
      const packets = [...readPackets(new Uint8Array(readFileSync(path)))];
      const step = format === 'pcap' ? 1000n : 1n;
      expect(packets).toMatchObject([
        { t: (T / step) * step, bytes: SYN, length: 40 },
        { t: ((T + 20_000_001n) / step) * step, bytes: SYN.subarray(0, 24), length: 40, truncated: true },
      ]);
      if (format === 'pcapng') {
        expect(packets[0]).toMatchObject({
          direction: 'outbound',
          packetId: 1n,
          dropCount: 2n,
          comments: ['caused by client connect(10.77.0.2:8888)', 'SYN-SENT'],
        });
      }
    }
  });
});
