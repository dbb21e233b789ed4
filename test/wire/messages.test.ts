/**
 * TFTP, syslog, HTTP heads, DNS over TCP, STUN, RADIUS, SNMP, DHCPv6, QUIC: what was encoded is decoded and comes out the
 * same, Wireshark reads the same in it, cut and changed bytes end in a message or a fault.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodePcap } from '../../src/capture/index.ts';
import { utf8 } from '../../src/core/index.ts';
import {
  type ApplicationMessage,
  applicationProtocols,
  buildPacket,
  decodeApplication,
  decodeByPort,
  decodeHttpHead,
  decodePacket,
  describeMessage,
  describePacket,
  formatTree,
  httpField,
  packetTree,
} from '../../src/wire/index.ts';
import { encodeMessage, type MessageVector, messageVectors } from '../vectors/messages.ts';

const ENDS = { src: '192.0.2.1', dst: '192.0.2.2' };

/** @param srcPort Wireshark remembers what a pair of ports has spoken */
function packetOf(
  { transport, port, payload }: Pick<MessageVector, 'transport' | 'port' | 'payload'>,
  srcPort = 40_000,
): Uint8Array {
  const ports = { srcPort, dstPort: port };
  return transport === 'udp'
    ? buildPacket({ ipv4: ENDS, udp: ports, payload })
    : buildPacket({ ipv4: ENDS, tcp: { ...ports, seq: 1, flags: 0x18 }, payload });
}

function messageOf(vector: Pick<MessageVector, 'transport' | 'port' | 'payload'>): ApplicationMessage {
  const message = decodeApplication(decodePacket(packetOf(vector), 'raw'));
  if (message?.ok !== true) throw new Error(`not understood: ${JSON.stringify(message)}`);
  return message;
}

describe.each(messageVectors)('$name', (vector) => {
  test('is decoded, described, and encoded to the same bytes', () => {
    const message = messageOf(vector);
    expect(describeMessage(message)).toBe(vector.line);
    const packet = decodePacket(packetOf(vector), 'raw');
    expect(describePacket(packet)).toContain(vector.line);
    expect(formatTree(packetTree(packet)).join('\n')).toContain(message.kind);
    const again = encodeMessage(message);
    if (again !== undefined) expect(again).toEqual(vector.payload);
    else expect(message.kind).toBe('dns');
  });

  test('cut anywhere: a message, a fault or nothing, never a throw', () => {
    for (let end = 0; end < vector.payload.length; end++) {
      const cut = decodeByPort(vector.transport, 40_000, vector.port, vector.payload, 0, end);
      if (cut?.ok === false) expect(cut.offset).toBeLessThanOrEqual(vector.payload.length);
    }
  });

  test('any change: what is decoded comes out the same, and has a line', () => {
    const edits = fc.array(fc.tuple(fc.nat(vector.payload.length - 1), fc.nat(255)), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(edits, fc.nat(vector.payload.length), (changes, end) => {
        const payload = vector.payload.slice();
        for (const [at, value] of changes) payload[at] = value;
        const message = decodeByPort(vector.transport, 40_000, vector.port, payload, 0, end);
        if (message?.ok !== true) return;
        describeMessage(message);
        const again = encodeMessage(message);
        if (again === undefined) return;
        // BER has many ways to write a length: there the shortest comes out, and it reads the same.
        if (message.kind === 'snmp') {
          expect(decodeByPort('udp', 1, vector.port, again)).toEqual(message);
        } else
          expect(again).toEqual(message.kind === 'http' ? payload.subarray(0, message.size) : payload.subarray(0, end));
      }),
      { numRuns: 300 },
    );
  });
});

test('any bytes to any port: it ends', () => {
  const ports = applicationProtocols.flatMap(({ transport, ports }) => ports.map((port) => ({ transport, port })));
  fc.assert(
    fc.property(fc.constantFrom(...ports), fc.uint8Array({ maxLength: 120 }), ({ transport, port }, payload) => {
      const message = decodeByPort(transport, 40_000, port, payload);
      if (message?.ok === true) describeMessage(message);
    }),
    { numRuns: 5000 },
  );
});

test('Wireshark reads the same', (context) => {
  if (spawnSync('tshark', ['--version']).status !== 0) return context.skip('tshark is not installed');
  const folder = mkdtempSync(join(tmpdir(), 'barewire-messages-'));
  try {
    const file = join(folder, 'messages.pcap');
    const packets = messageVectors.map((vector, i) => ({ t: BigInt(i), bytes: packetOf(vector, 40_000 + i) }));
    writeFileSync(file, encodePcap(packets, { linkType: 101 }));
    const names = [...new Set(messageVectors.flatMap(({ tshark }) => Object.keys(tshark)))];
    const out = execFileSync(
      'tshark',
      [
        '-n',
        '-r',
        file,
        '-T',
        'fields',
        '-E',
        'occurrence=a',
        '-o',
        'tcp.analyze_sequence_numbers:FALSE',
        ...names.flatMap((name) => ['-e', name]),
      ],
      { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
    );
    const rows = out.split('\n').map((line) => line.split('\t'));
    const theirs = messageVectors.map(({ name, tshark }, i) => [
      name,
      Object.fromEntries(Object.keys(tshark).map((field) => [field, rows[i]![names.indexOf(field)]])),
    ]);
    expect(theirs).toEqual(messageVectors.map(({ name, tshark }) => [name, tshark]));
  } finally {
    rmSync(folder, { recursive: true });
  }
  return undefined;
});

describe('HTTP heads (RFC 9112)', () => {
  test('fields by name, values without the space around them, folds joined', () => {
    const head = decodeHttpHead(utf8('GET / HTTP/1.1\r\nHost:  a \r\nX: 1\r\n\t2\r\n\r\nbody'));
    if (!head.ok) throw new Error('no head');
    expect([httpField(head, 'HOST'), httpField(head, 'x'), httpField(head, 'y')]).toEqual(['a', '1 2', undefined]);
    expect([head.isWhole, head.size]).toEqual([true, 'GET / HTTP/1.1\r\nHost:  a \r\nX: 1\r\n\t2\r\n\r\n'.length]);
  });

  test('a head that goes on in the next segment says so', () => {
    const head = decodeHttpHead(utf8('GET / HTTP/1.1\r\nHost: a\r\nAcc'));
    expect(head).toMatchObject({ ok: true, isWhole: false, rest: 'Acc', fields: [{ name: 'Host', value: 'a' }] });
  });

  test.each([
    ['GET / HTTP/1.1', 'TRUNCATED'],
    ['GET  / HTTP/1.1\r\n\r\n', 'BAD_VALUE'],
    ['GET / HTTP/1.1\r\nno colon\r\n\r\n', 'BAD_VALUE'],
    ['GET / HTTP/1.1\r\nname : value\r\n\r\n', 'BAD_VALUE'],
    [`GET / HTTP/1.1\r\n${'a:1\r\n'.repeat(1001)}\r\n`, 'TOO_MANY'],
  ])('%j: %s', (text, code) => {
    expect(decodeHttpHead(utf8(text))).toMatchObject({ ok: false, code });
  });

  test('the body of a message is no head', () => {
    expect(decodeByPort('tcp', 80, 40_000, utf8('<html>'))).toBeUndefined();
  });
});

test('STUN is known by its magic number on any port', () => {
  const { payload } = messageVectors.find(({ name }) => name.startsWith('STUN binding request'))!;
  expect(messageOf({ transport: 'udp', port: 50_000, payload })).toMatchObject({ kind: 'stun', type: 1 });
});

test('every protocol has its ports to itself', () => {
  for (const transport of ['udp', 'tcp'] as const) {
    const ports = applicationProtocols.filter((row) => row.transport === transport).flatMap((row) => row.ports);
    expect(new Set(ports).size).toBe(ports.length);
  }
});
