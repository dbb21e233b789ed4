// A trace as a capture: each packet where it left and where it arrived, with the reasons in comments; tshark, where it
// is installed, sees the same connection.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CapturedPacket, readCapture, readPackets } from '../capture/index.ts';
import type { PacketTx, Trace, TraceEvent } from './event.ts';
import { callText, causeChain, explainPacket } from './explain.ts';
import { traceToPcapng } from './pcapng.ts';
import { DELAY_NS, datagramTrace, HEADER, handshakeTrace, lostSynTrace } from './testing/handshake.ts';

const EPOCH = BigInt(HEADER.clock.unixNs);

function packetsOf(trace: Trace): CapturedPacket[] {
  const items = [...readCapture(traceToPcapng(trace))];
  expect(items.filter((item) => item.kind === 'fault')).toEqual([]);
  return items.flatMap((item) => (item.kind === 'packet' ? [item] : []));
}

describe('the file', () => {
  const trace = handshakeTrace();

  it('has one interface for each host, names and statistics', () => {
    const items = [...readCapture(traceToPcapng(trace, { os: 'Linux', application: 'test' }))];
    expect(items[0]).toMatchObject({ application: 'test', os: 'Linux', comments: ['scenario handshake'] });
    expect(items.slice(1, 4)).toMatchObject([
      { index: 0, name: 'client', linkType: 101, description: 'client on link wire, mtu 1500: 10.77.0.1' },
      { index: 1, name: 'server', linkType: 101, unitsPerSecond: 1_000_000_000n },
      { kind: 'names', records: [{ names: ['client'] }, { names: ['server'] }] },
    ]);
    expect(items.filter((item) => item.kind === 'statistics')).toMatchObject([{ received: 10n }, { received: 10n }]);
  });

  it('shows each packet where it left and where it arrived, in order of time', () => {
    const packets = packetsOf(trace);
    expect(packets).toHaveLength(20);
    for (let i = 1; i < packets.length; i++) expect(packets[i]!.t! >= packets[i - 1]!.t!).toBe(true);
    const [syn, arrived] = packets;
    expect(syn).toMatchObject({ interface: 0, direction: 'outbound', t: EPOCH + 1_050_000n, packetId: 1n, length: 52 });
    expect(arrived).toMatchObject({ interface: 1, direction: 'inbound', t: syn!.t! + BigInt(DELAY_NS), packetId: 1n });
    expect(arrived!.bytes).toEqual(syn!.bytes);
  });

  it('says what caused each packet and what it led to', () => {
    const at = (packetId: bigint, direction: string): readonly string[] =>
      packetsOf(trace).find((packet) => packet.packetId === packetId && packet.direction === direction)!.comments;
    expect(at(1n, 'outbound')).toEqual(['caused by client connect(10.77.0.2:8888)', 'packet #1']);
    expect(at(1n, 'inbound')).toEqual([
      'caused by client connect(10.77.0.2:8888)',
      'server LISTEN -> SYN-RECEIVED (inferred)',
      'packet #1',
    ]);
    expect(at(2n, 'outbound')[0]).toBe('caused by packet #1 ← client connect(10.77.0.2:8888)');
    expect(at(3n, 'outbound')[0]).toBe('caused by packet #2 ← packet #1 ← client connect(10.77.0.2:8888)');
    expect(at(2n, 'inbound')[1]).toBe('client SYN-SENT -> ESTABLISHED');
    expect(at(4n, 'outbound')).toEqual(['caused by client send("hello")', 'packet #4']);
    const bare = [...readPackets(traceToPcapng(trace, { comments: false }))];
    expect(bare.every((packet) => packet.comments.length === 0)).toBe(true);
  });

  it('shows a dropped packet only at its sender, and why; its retransmission came from a timer', () => {
    const packets = packetsOf(lostSynTrace());
    expect(packets).toHaveLength(21);
    expect(packets.filter((packet) => packet.packetId === 1n)).toMatchObject([
      {
        interface: 0,
        direction: 'outbound',
        comments: ['caused by client connect(10.77.0.2:8888)', 'dropped on the wire: client>server:syn#1', 'packet #1'],
      },
    ]);
    expect(packets[1]!.comments).toEqual(['caused by client rto timer', 'packet #2']);
  });

  it('shows copies, holds and edits at the receiver', () => {
    const wire = { host: 'client', src: 'observed', link: 'wire' } as const;
    const there = { ...wire, host: 'server', k: 'pkt.rx' } as const;
    const events: TraceEvent[] = [
      { seq: 0, t: 0, k: 'pkt.tx', pkt: 1, len: 2, bytes: Uint8Array.of(1, 2), ...wire },
      { seq: 1, t: 1, k: 'pkt.edit', pkt: 1, why: 'flip a bit', bytes: Uint8Array.of(1, 3), ...wire },
      { seq: 2, t: 2, k: 'pkt.dup', pkt: 2, of: 1, why: 'twice', ...wire },
      { seq: 3, t: 3, k: 'pkt.hold', pkt: 1, why: 'reorder', ...wire },
      { seq: 4, t: 4, pkt: 2, len: 2, ...there },
      { seq: 5, t: 5, pkt: 1, len: 2, ...there },
      // An arrival of unknown origin has no bytes to show.
      { seq: 6, t: 6, pkt: 9, len: 2, ...there },
    ];
    expect(packetsOf({ header: HEADER, events })).toMatchObject([
      { bytes: Uint8Array.of(1, 2), direction: 'outbound', comments: ['packet #1'] },
      {
        bytes: Uint8Array.of(1, 3),
        packetId: 2n,
        comments: ['copy of packet #1 made on the wire: twice', 'packet #2'],
      },
      {
        bytes: Uint8Array.of(1, 3),
        packetId: 1n,
        comments: ['held on the wire: reorder', 'edited on the wire: flip a bit', 'packet #1'],
      },
    ]);
  });

  it('a host on two links has an interface on each', () => {
    const header = {
      ...HEADER,
      hosts: [...HEADER.hosts, { id: 'router', name: 'router', ips: ['not an address'] }],
      links: [
        { id: 'left', a: 'client', b: 'router', mtu: 1500, linkType: 1 },
        { id: 'right', a: 'router', b: 'server', mtu: 1400 },
      ],
    };
    const faces = [...readCapture(traceToPcapng({ header, events: [] }))].filter((item) => item.kind === 'interface');
    expect(faces.map(({ name, linkType }) => [name, linkType])).toEqual([
      ['client', 1],
      ['router-left', 1],
      ['router-right', 101],
      ['server', 101],
    ]);
  });
});

describe('explain', () => {
  it('shows calls as one would write them', () => {
    const call = (name: string, args: Record<string, string | number>): string =>
      callText({ seq: 0, t: 0, host: 'a', k: 'call.enter', src: 'observed', name, args });
    expect(call('sendto', { buf: 'a"b', flags: 0, addr: '10.0.0.1:9' })).toBe('sendto("a\\"b", 10.0.0.1:9)');
    expect(call('recv', { len: 4096, flags: 'MSG_PEEK' })).toBe('recv(4096, MSG_PEEK)');
    expect(call('close', {})).toBe('close()');
  });

  it('never goes round in circles, and does not tell an endless echo from its first day', () => {
    const tx = (seq: number, cause: number): PacketTx => ({
      seq,
      t: seq,
      host: 'client',
      k: 'pkt.tx',
      src: 'observed',
      pkt: seq,
      link: 'wire',
      len: 0,
      bytes: new Uint8Array(0),
      cause,
    });
    const loop: Trace = { header: HEADER, events: [tx(0, 1), tx(1, 0)] };
    expect(causeChain(loop, loop.events[0]!)).toEqual([]);
    const echo: Trace = { header: HEADER, events: Array.from({ length: 100 }, (_, i) => tx(i, i - 1)) };
    expect(causeChain(echo, echo.events[99]!)).toHaveLength(16);
    expect(explainPacket(echo, 0)).toBeUndefined();
    expect(explainPacket(echo, 2)).toBe('caused by packet #1 ← packet #0');
    expect(explainPacket(echo, 4711)).toBeUndefined();
  });
});

describe('tshark', () => {
  it('sees a whole connection with right checksums at each side', (ctx) => {
    try {
      execFileSync('tshark', ['--version'], { stdio: 'ignore' });
    } catch {
      ctx.skip('tshark is not installed');
    }
    const folder = mkdtempSync(join(tmpdir(), 'barewire-trace-'));
    try {
      const path = join(folder, 'trace.pcapng');
      writeFileSync(path, traceToPcapng(handshakeTrace()));
      const read = (filter: string, ...fields: string[]): string[][] =>
        execFileSync(
          'tshark',
          [
            ...['-n', '-r', path, '-Y', filter, '-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE'],
            ...['-T', 'fields', ...fields.flatMap((field) => ['-e', field])],
          ],
          { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
        )
          .trimEnd()
          .split('\n')
          .map((line) => line.split('\t'));
      const rows = read('frame.interface_name == "client"', 'tcp.flags.str', 'tcp.checksum.status', 'tcp.len');
      expect(rows.map(([flags]) => flags!.replace(/[^A-Z]/g, ''))).toEqual([
        'S',
        'AS',
        'A',
        'AP',
        'A',
        'AP',
        'A',
        'AF',
        'AF',
        'A',
      ]);
      expect(new Set(rows.map(([, status]) => status))).toEqual(new Set(['1']));
      const udp = join(folder, 'udp.pcapng');
      writeFileSync(udp, traceToPcapng(datagramTrace()));
      const bad = execFileSync(
        'tshark',
        ['-n', '-r', udp, '-o', 'udp.check_checksum:TRUE', '-Y', 'udp.checksum.status == 1'],
        {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        },
      );
      expect(bad.trimEnd().split('\n')).toHaveLength(9);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
